-- Rows of transactions that may differ, with the times of the blocks they were ever in.
-- grain: mode, id, deposit_address

-- an id names a place in the chain: after a reorganisation another address's transfer may stand there
with ids as (
    select transfers.mode, transfers.incoming_id as id, transfers.to_address as deposit_address, transfers.block_time
    from current.own_transfers as transfers
    semi join affected.matched_addresses as addresses
        on
            transfers.mode = addresses.mode
            and transfers.network = addresses.network
            and transfers.to_address = addresses.deposit_address
    union all
    select transfers.mode, transfers.leaving_id, transfers.from_address, transfers.block_time
    from current.own_transfers as transfers
    semi join affected.matched_addresses as addresses
        on
            transfers.mode = addresses.mode
            and transfers.network = addresses.network
            and transfers.from_address = addresses.deposit_address
)

select mode, id, deposit_address, min(block_time) as earliest, max(block_time) as latest
from ids
group by mode, id, deposit_address
