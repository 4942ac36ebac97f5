-- One block of an EVM chain whose time some transfer needs.
-- grain: mode, network, block_hash

select
    blocks.mode,
    blocks.network,
    blocks.block_number,
    blocks.block_hash,
    blocks.block_time,
    greatest(blocks.batch_id, marks.batch_id) as batch_id,
from raw.evm_blocks as blocks
left join staging.last_block_marks as marks
    on
        blocks.mode = marks.mode
        and blocks.network = marks.network
        and blocks.block_hash = marks.block_hash
where marks.is_orphaned is distinct from true
