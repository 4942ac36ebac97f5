-- Days of a merchant's books on which a transaction changed in this pass.
-- grain: mode, merchant_id, network, currency, day

select distinct
    mode,
    merchant_id,
    network,
    currency,
    block_time::date as day,
    day::timestamptz as earliest,
    day::timestamptz as latest,
from changes.transactions
