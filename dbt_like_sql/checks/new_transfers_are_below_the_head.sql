-- Every transaction above the finalised block is in a block that links it to the head.
-- invariant: 7
-- about: marts.transactions
-- hint: The block was replaced and the transfer stayed: `paylake doctor` says how the network is; then `paylake rebuild`.

select
    transactions.mode,
    transactions.merchant_id,
    transactions.id,
    transactions.tx_hash,
    coalesce(
        -- the hashes end with the head's
        heads.window_hashes[transactions.block_number - heads.head_block + len(heads.window_hashes)],
        'no block above the head ' || heads.head_block
    ) as expected,
    transactions.block_hash as actual,
from marts.transactions as transactions
inner join state.chain_heads as heads on transactions.mode = heads.mode and transactions.network = heads.network
where
    transactions.block_number > heads.finalized_block
    and transactions.block_hash
    is distinct from heads.window_hashes[transactions.block_number - heads.head_block + len(heads.window_hashes)]
