-- One hand-out of a deposit address to a session, whether it holds or not, read from its event once.
-- grain: event_id
-- materialize: appended

select
    event_id,
    mode,
    merchant_id,
    session_id,
    address_id,
    assigned_at,
    batch_id,
from staging.session_assignments
where batch_id > getvariable('since_batch')
