-- One platform fee rate of a merchant and the time from which it holds; the first known one also holds before.
-- grain: mode, merchant_id, effective_from
-- materialize: view

with last_words as (
    select mode, merchant_id, occurred_at, platform_fee_rate
    from staging.merchant_updates
    qualify row_number() over (partition by mode, merchant_id, occurred_at order by event_id desc) = 1
)

select
    mode,
    merchant_id,
    if(
        row_number() over (partition by mode, merchant_id order by occurred_at) = 1,
        timestamptz '0001-01-01 00:00:00+00',
        occurred_at
    ) as effective_from,
    platform_fee_rate,
from last_words
