-- One block that was ingested and is not on its chain: it left, and has not come back since.
-- grain: mode, network, block_hash

select mode, network, block_number, block_hash
from staging.block_marks
group by mode, network, block_number, block_hash
having arg_max(is_orphaned, batch_id)
