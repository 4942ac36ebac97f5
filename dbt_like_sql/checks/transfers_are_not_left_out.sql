-- Every transfer to or from a deposit address that is on its chain is a transaction of the address's owner.
-- invariant: 23
-- about: marts.transactions
-- hint: `paylake rebuild` reads every ingested transfer again; what the node has and the lake lacks, `paylake backfill` adds.

with owners as (
    select distinct mode, network, deposit_address from intermediate.deposit_addresses
),

moves as (
    select transfers.*, owners.deposit_address, 'incoming' as side
    from staging.evm_transfers as transfers
    inner join owners
        on
            transfers.mode = owners.mode
            and transfers.network = owners.network
            and transfers.to_address = owners.deposit_address
    union all
    select transfers.*, owners.deposit_address, 'outgoing' as side
    from staging.evm_transfers as transfers
    inner join owners
        on
            transfers.mode = owners.mode
            and transfers.network = owners.network
            and transfers.from_address = owners.deposit_address
)

select
    moves.mode,
    moves.network,
    moves.deposit_address,
    moves.tx_hash,
    moves.log_index,
    moves.side || ' ' || moves.amount || ' ' || moves.currency as expected,
    'no transaction' as actual,
from moves
-- without a head nothing of a network is looked at yet
semi join staging.chain_heads as heads on moves.mode = heads.mode and moves.network = heads.network
anti join marts.transactions as transactions
    on
        moves.mode = transactions.mode
        and moves.network = transactions.network
        and moves.block_hash = transactions.block_hash
        and moves.log_index = transactions.log_index
        and moves.deposit_address = transactions.deposit_address
        and (moves.side = 'incoming') = (transactions.type = 'incoming')
