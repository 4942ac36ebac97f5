-- An event of a timeline is of its session's merchant and mode.
-- invariant: 21
-- about: marts.session_timeline
-- hint: Stop serving until it is clear whose session it is: another merchant would see it. Then `paylake rebuild`.

select
    timeline.mode,
    timeline.merchant_id,
    timeline.session_id,
    timeline.sequence,
    timeline.mode || ' ' || timeline.merchant_id || ' ' || timeline.session_created_at as expected,
    coalesce(sessions.mode || ' ' || sessions.merchant_id || ' ' || sessions.created_at, 'nobody') as actual,
from marts.session_timeline as timeline
left join marts.sessions as sessions on timeline.session_id = sessions.session_id
where
    (timeline.mode, timeline.merchant_id, timeline.session_created_at)
    is distinct from (sessions.mode, sessions.merchant_id, sessions.created_at)
