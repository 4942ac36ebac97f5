-- What the gateway reports of a session's end or payments; the chain and the clock decide, reconciliation compares.
-- grain: event_id

select
    event_id,
    type,
    mode,
    merchant_id,
    object_id as session_id,
    event ->> '$.data.tx_hash' as tx_hash,
    (event ->> '$.data.amount')::decimal(38, 18) as amount,
    occurred_at,
    batch_id,
from raw.gateway_events
where type in ('session.payment_received', 'session.payment_confirmed', 'session.expired')
