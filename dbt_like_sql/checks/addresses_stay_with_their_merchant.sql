-- The sessions an address was given to are of its own merchant, mode, network and currency.
-- invariant: 21
-- about: marts.addresses
-- hint: Stop serving until it is clear whose address it is: another merchant would see it. Then `paylake rebuild`.

with given as (
    select
        mode,
        merchant_id,
        network,
        currency,
        id,
        unnest(if(assigned_session_id is null, session_ids, list_append(session_ids, assigned_session_id)))
            as session_id,
    from marts.addresses
)

select distinct
    given.mode,
    given.merchant_id,
    given.id,
    'session ' || given.session_id as refers_to,
    given.mode || ' ' || given.merchant_id || ' ' || given.network || ' ' || given.currency as expected,
    coalesce(
        sessions.mode || ' ' || sessions.merchant_id || ' ' || sessions.network || ' ' || sessions.currency, 'nobody'
    ) as actual,
from given
left join marts.sessions as sessions on given.session_id = sessions.session_id
where
    (given.mode, given.merchant_id, given.network, given.currency)
    is distinct from (sessions.mode, sessions.merchant_id, sessions.network, sessions.currency)
