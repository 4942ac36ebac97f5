-- No event happened more than five minutes after it was received.
-- invariant: 36
-- about: raw.gateway_events
-- hint: A clock was wrong: the gateway's, or this machine's when the event was stored. Times are kept as they came.

select
    event_id,
    source,
    position,
    'at most five minutes after ' || received_at as expected,
    occurred_at::varchar as actual,
from raw.gateway_events
where occurred_at > received_at + interval 5 minutes
