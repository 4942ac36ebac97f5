-- One hand-out of a deposit address to a session, as the gateway reports it, whether it holds or not.
-- grain: event_id

select
    event_id,
    mode,
    merchant_id,
    object_id as session_id,
    (event ->> '$.data.address_id')::bigint as address_id,
    occurred_at as assigned_at,
    batch_id,
from raw.gateway_events
where type = 'session.address_assigned'
