-- Transfers of registered tokens that touch an address matched anew, on the chain or not, with the ids of their rows.
-- grain: mode, network, block_hash, log_index

-- where they lie first, of all transfers: what else they hold is then read from the few files of those times
with places as (
    select mode, network, block_number, block_time, log_index
    from staging.transfer_ends
    where
        to_address in (select deposit_address from affected.matched_addresses)
        or from_address in (select deposit_address from affected.matched_addresses)
)

select
    transfers.*,
    ((networks.network_rank * 1073741824 + transfers.block_number) * 131072 + transfers.log_index) * 2 as incoming_id,
    incoming_id + 1 as leaving_id,
    orphaned.block_hash is not null as is_orphaned,
from staging.observed_transfers as transfers
semi join places
    on
        transfers.block_time = places.block_time
        and transfers.block_number = places.block_number
        and transfers.log_index = places.log_index
        and transfers.mode = places.mode
        and transfers.network = places.network
inner join registry.networks as networks
    on transfers.mode = networks.mode and transfers.network = networks.network
left join staging.orphaned_blocks as orphaned
    on
        transfers.mode = orphaned.mode
        and transfers.network = orphaned.network
        and transfers.block_hash = orphaned.block_hash
