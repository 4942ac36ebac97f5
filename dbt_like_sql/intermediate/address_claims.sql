-- One claim that an address row exists, whether it holds or not, read from its event once.
-- grain: event_id
-- materialize: appended

select
    event_id,
    mode,
    merchant_id,
    address_id,
    network,
    currency,
    deposit_address,
    occurred_at,
    batch_id,
from staging.address_creations
where batch_id > getvariable('since_batch')
