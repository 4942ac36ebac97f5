-- At one height of a chain stands one block, and it names the block below as its parent.
-- invariant: 7
-- about: staging.evm_blocks
-- hint: A block that left the chain was not marked: `paylake backfill` over its height asks the node again.

with chain as (
    select blocks.mode, blocks.network, blocks.block_number, blocks.block_hash, blocks.parent_hash
    from raw.evm_blocks as blocks
    anti join staging.orphaned_blocks as orphaned
        on
            blocks.mode = orphaned.mode
            and blocks.network = orphaned.network
            and blocks.block_hash = orphaned.block_hash
)

select
    blocks.mode,
    blocks.network,
    blocks.block_number,
    blocks.block_hash,
    'no other block' as expected,
    others.block_hash as actual,
from chain as blocks
inner join chain as others
    on
        blocks.mode = others.mode
        and blocks.network = others.network
        and blocks.block_number = others.block_number
        and blocks.block_hash < others.block_hash
union all
select
    blocks.mode,
    blocks.network,
    blocks.block_number,
    blocks.block_hash,
    'parent ' || parents.block_hash,
    'parent ' || blocks.parent_hash,
from chain as blocks
inner join chain as parents
    on
        blocks.mode = parents.mode
        and blocks.network = parents.network
        and blocks.block_number = parents.block_number + 1
where blocks.parent_hash <> parents.block_hash
