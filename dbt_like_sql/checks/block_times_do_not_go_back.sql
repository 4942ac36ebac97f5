-- Along a chain, no block is older than one below it.
-- invariant: 36
-- about: staging.evm_blocks
-- hint: A block that left the chain was not marked, or the node tells wrong times: `paylake backfill` asks it again.

select
    mode,
    network,
    block_number,
    block_hash,
    'not before ' || lag(block_time) over heights as expected,
    block_time::varchar as actual,
from staging.evm_blocks
window heights as (partition by mode, network order by block_number)
qualify block_time < lag(block_time) over heights
