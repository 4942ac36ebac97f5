-- One stored gateway event with the place it came from and its text.
-- grain: event_id

select
    event_id,
    type,
    source,
    position,
    event,
    received_at,
    batch_id,
from raw.gateway_events
