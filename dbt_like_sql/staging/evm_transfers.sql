-- One transfer of a registered token that moves money on an EVM chain as it is now.
-- grain: mode, network, block_hash, log_index

select
    transfers.* exclude (batch_id),
    -- a block that came back is news again
    greatest(transfers.batch_id, marks.batch_id) as batch_id,
from staging.observed_transfers as transfers
left join staging.last_block_marks as marks
    on
        transfers.mode = marks.mode
        and transfers.network = marks.network
        and transfers.block_hash = marks.block_hash
where marks.is_orphaned is distinct from true
