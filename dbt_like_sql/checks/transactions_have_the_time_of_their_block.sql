-- A transaction has the time of its block, and was confirmed at the time of the block that confirmed it.
-- invariant: 36
-- about: marts.transactions
-- hint: `paylake rebuild` dates every transaction again; the headers are in staging.evm_blocks.

with dated as (
    select
        transactions.*,
        blocks.block_time as time_of_block,
        confirming.block_time as time_of_confirmation,
    from marts.transactions as transactions
    inner join staging.chain_heads as heads
        on transactions.mode = heads.mode and transactions.network = heads.network
    left join staging.evm_blocks as blocks
        on
            transactions.mode = blocks.mode
            and transactions.network = blocks.network
            and transactions.block_hash = blocks.block_hash
    left join staging.evm_blocks as confirming
        on
            transactions.mode = confirming.mode
            and transactions.network = confirming.network
            and transactions.block_number + heads.required_confirmations - 1 = confirming.block_number
            and confirming.block_number <= heads.head_block
)

select
    mode,
    merchant_id,
    id,
    tx_hash,
    time_of_block || ', confirmed ' || coalesce(time_of_confirmation::varchar, 'never') as expected,
    block_time || ', confirmed ' || coalesce(confirmed_at::varchar, 'never') as actual,
from dated
where
    block_time <> time_of_block
    or confirmed_at is distinct from time_of_confirmation
