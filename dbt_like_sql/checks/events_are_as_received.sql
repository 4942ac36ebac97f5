-- A stored event is what was received: its digest recomputes, and its columns are its own words.
-- invariant: 22, 23
-- about: raw.gateway_events
-- hint: Raw is never changed by Paylake: compare with a backup, and see who else writes into data_dir.

select
    event_id,
    source,
    position,
    content_sha256 as expected,
    sha256(event) || ' of ' || (event ->> '$.event_id') || ', ' || (event ->> '$.type') || ', '
    || coalesce(event ->> '$.merchant_id', 'no merchant') || ', ' || (event ->> '$.mode') as actual,
from raw.gateway_events
where
    content_sha256 <> sha256(event)
    or (event_id, type, mode) <> ((event ->> '$.event_id'), (event ->> '$.type'), (event ->> '$.mode'))
    or merchant_id is distinct from (event ->> '$.merchant_id')
