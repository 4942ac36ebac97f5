-- One session.failed event of the gateway.
-- grain: event_id

select
    event_id,
    mode,
    merchant_id,
    object_id as session_id,
    event ->> '$.data.reason' as reason,
    occurred_at as failed_at,
    batch_id,
from raw.gateway_events
where type = 'session.failed'
