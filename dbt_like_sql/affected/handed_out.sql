-- Hand-outs of which it may differ whether they hold, and until when.
-- grain: event_id

select event_id, session_id, assigned_at as earliest, assigned_at as latest
from current.handed_out
