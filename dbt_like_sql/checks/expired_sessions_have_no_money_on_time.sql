-- A session that expired has no money on time, and one that the clock failed has some, but not enough.
-- invariant: 20
-- about: marts.sessions
-- hint: `paylake rebuild` judges every session again by its transfers and the ingested head.

with money as (
    select
        terms.session_id,
        coalesce(sum(transactions.amount_base_units), 0) as on_time,
    from intermediate.session_terms as terms
    left join marts.transactions as transactions
        on
            terms.session_id = transactions.session_id
            and transactions.type = 'incoming'
            and transactions.block_time <= terms.expires_at
    group by terms.session_id
)

select
    sessions.mode,
    sessions.merchant_id,
    sessions.session_id,
    if(sessions.status = 'expired', 'nothing on time', 'something on time, below ' || terms.amount_base_units)
        as expected,
    money.on_time::varchar as actual,
from marts.sessions as sessions
inner join intermediate.session_terms as terms on sessions.session_id = terms.session_id
inner join money on sessions.session_id = money.session_id
where
    (sessions.status = 'expired' and money.on_time > 0)
    or (
        sessions.status = 'failed'
        and terms.failed_at is null
        and (money.on_time = 0 or money.on_time >= terms.amount_base_units)
    )
