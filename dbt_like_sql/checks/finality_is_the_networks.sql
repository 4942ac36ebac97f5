-- A transaction is final when its block is at or below the finalised one, and only then.
-- invariant: 8
-- about: marts.transactions
-- hint: `paylake rebuild` judges every transaction again by the finalised block in state.chain_heads.

select
    transactions.mode,
    transactions.merchant_id,
    transactions.id,
    transactions.tx_hash,
    'final up to block ' || heads.finalized_block as expected,
    if(transactions.is_final, 'final', 'not final') || ' in block ' || transactions.block_number as actual,
from marts.transactions as transactions
left join state.chain_heads as heads on transactions.mode = heads.mode and transactions.network = heads.network
where transactions.is_final is distinct from (transactions.block_number <= heads.finalized_block)
