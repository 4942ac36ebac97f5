-- One block that was ingested and is not on its chain.
-- grain: mode, network, block_hash

select mode, network, block_number, block_hash, batch_id
from staging.last_block_marks
where is_orphaned
