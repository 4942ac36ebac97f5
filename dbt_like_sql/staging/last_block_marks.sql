-- One block that ever left its chain, as it was marked last.
-- grain: mode, network, block_hash

select *
from staging.block_marks
qualify row_number() over (partition by mode, network, block_hash order by batch_id desc) = 1
