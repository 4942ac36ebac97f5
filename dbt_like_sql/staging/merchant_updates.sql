-- What one merchant.updated event says about a merchant.
-- grain: event_id

select
    event_id,
    mode,
    merchant_id,
    event ->> '$.data.name' as name,
    event ->> '$.data.email' as email,
    event ->> '$.data.default_currency' as default_currency,
    event ->> '$.data.status' as status,
    event ->> '$.data.timezone' as timezone,
    (event ->> '$.data.platform_fee_rate')::decimal(9, 8) as platform_fee_rate,
    (event ->> '$.data.withdrawal_fee_rate')::decimal(9, 8) as withdrawal_fee_rate,
    occurred_at,
    batch_id,
from raw.gateway_events
where type = 'merchant.updated'
