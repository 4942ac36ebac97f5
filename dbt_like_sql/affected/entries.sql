-- Entries of merchants' books whose transfer changed in this pass.
-- grain: mode, merchant_id, id

-- a block replaced by one of its height keeps the id: the bounds find the old entry and the new one
select
    mode,
    merchant_id,
    id,
    min(block_time) as earliest,
    max(block_time) as latest,
from changes.transactions
where type = 'incoming'
group by mode, merchant_id, id
