-- A session ends by its expiry only once the ingested head is later, and none stays open beyond that for want of money.
-- invariant: 20
-- about: marts.sessions
-- hint: `paylake rebuild` judges every session again by the ingested head.

with awaiting as (
    select distinct terms.session_id
    from intermediate.session_terms as terms
    inner join staging.chain_heads as heads on terms.mode = heads.mode and terms.network = heads.network
    inner join marts.transactions as transactions
        on
            terms.session_id = transactions.session_id
            and transactions.type = 'incoming'
            and transactions.block_time <= terms.expires_at
            and heads.head_block - transactions.block_number + 1 < heads.required_confirmations
)

select
    sessions.mode,
    sessions.merchant_id,
    sessions.session_id,
    if(sessions.status = 'pending', 'no longer pending', 'still pending') as expected,
    sessions.status as actual,
from marts.sessions as sessions
inner join intermediate.session_terms as terms on sessions.session_id = terms.session_id
left join staging.chain_heads as heads on sessions.mode = heads.mode and sessions.network = heads.network
left join awaiting on sessions.session_id = awaiting.session_id
where
    -- the gateway's word ends a session at any time
    terms.failed_at is null
    and sessions.status <> 'paid'
    and (sessions.status = 'pending')
    = (coalesce(heads.head_time > sessions.expires_at, false) and awaiting.session_id is null)
