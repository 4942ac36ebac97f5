-- A session's timeline tells when it was created, how it ended and of each transfer, as its row does.
-- invariant: 20, 26
-- about: marts.session_timeline
-- hint: `paylake rebuild` writes the timelines again.

with told as (
    select
        session_id,
        list(event_at) filter (where event = 'session_created') as created_at,
        count(*) filter (where event = 'session_expired') as expired_count,
        count(*) filter (where event = 'session_failed') as failed_count,
        count(*) filter (where event in ('payment_received', 'payment_late')) as transfer_count,
        max(event_at) filter (where event <> 'funds_swept') as updated_at,
    from marts.session_timeline
    group by session_id
)

select
    sessions.mode,
    sessions.merchant_id,
    coalesce(sessions.session_id, told.session_id) as session_id,
    sessions.status || ', created ' || sessions.created_at || ', updated ' || sessions.updated_at || ', transfers '
    || sessions.transfer_count as expected,
    case when told.expired_count > 0 then 'expired' when told.failed_count > 0 then 'failed' else 'not ended' end
    || ', created ' || told.created_at::varchar || ', updated ' || told.updated_at || ', transfers ' || told.transfer_count
        as actual,
from marts.sessions as sessions
full join told on sessions.session_id = told.session_id
where
    sessions.session_id is null
    or told.created_at is distinct from [sessions.created_at]
    or told.expired_count <> if(sessions.status = 'expired', 1, 0)
    or told.failed_count <> if(sessions.status = 'failed', 1, 0)
    or told.transfer_count <> sessions.transfer_count
    or told.updated_at <> sessions.updated_at
