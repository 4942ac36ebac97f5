-- The tables were computed with the heads that the lake holds.
-- invariant: 8
-- about: staging.chain_heads
-- hint: Head and tables are one transaction: something else wrote into the lake. `paylake rebuild`.

select
    coalesce(heads.mode, computed.mode) as mode,
    coalesce(heads.network, computed.network) as network,
    'head ' || heads.head_block || ' at ' || heads.head_time || ', final ' || heads.finalized_block as expected,
    'head ' || computed.head_block || ' at ' || computed.head_time || ', final ' || computed.finalized_block as actual,
from state.chain_heads as heads
full join state.transformed_heads as computed on heads.mode = computed.mode and heads.network = computed.network
where
    (heads.head_block, heads.head_time, heads.finalized_block)
    is distinct from (computed.head_block, computed.head_time, computed.finalized_block)
