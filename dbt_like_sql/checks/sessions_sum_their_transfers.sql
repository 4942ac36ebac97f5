-- A session's paid amount, fees and transfers are those of the transfers matched to it.
-- invariant: 3, 19
-- about: marts.sessions
-- hint: `paylake rebuild` sums them again; the transfers are those of marts.transactions with its session_id.

with matched as (
    select
        session_id,
        sum(amount) as amount,
        sum(platform_fee) as fees,
        count(*) as transfer_count,
    from marts.transactions
    where session_id is not null
    group by session_id
)

select
    sessions.mode,
    sessions.merchant_id,
    coalesce(sessions.session_id, matched.session_id) as session_id,
    coalesce(matched.amount || ', fees ' || matched.fees || ', transfers ' || matched.transfer_count, 'nothing')
        as expected,
    coalesce(
        sessions.paid_amount || ', fees ' || sessions.platform_fees || ', transfers ' || sessions.transfer_count,
        'nothing'
    ) as actual,
from marts.sessions as sessions
full join matched on sessions.session_id = matched.session_id
where
    (matched.amount, matched.fees, coalesce(matched.transfer_count, 0))
    is distinct from (sessions.paid_amount, sessions.platform_fees, sessions.transfer_count)
