-- A session's timeline is numbered from one, without a gap, in the order of time.
-- invariant: 20
-- about: marts.session_timeline
-- hint: `paylake rebuild` writes the timelines again.

with ordered as (
    select
        *,
        row_number() over (partition by session_id order by event_at, event_rank, details, sequence) as place,
    from marts.session_timeline
)

select
    mode,
    merchant_id,
    session_id,
    event,
    place::varchar as expected,
    sequence::varchar as actual,
from ordered
where sequence <> place
