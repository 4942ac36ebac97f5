-- A session's address is of its own merchant, mode, network and currency.
-- invariant: 21
-- about: marts.sessions
-- hint: Stop serving until it is clear whose session it is: another merchant would see it. Then `paylake rebuild`.

select
    sessions.mode,
    sessions.merchant_id,
    sessions.session_id,
    'address ' || sessions.deposit_address_id as refers_to,
    sessions.mode || ' ' || sessions.merchant_id || ' ' || sessions.network || ' ' || sessions.currency || ' '
    || sessions.deposit_address as expected,
    coalesce(
        addresses.mode || ' ' || addresses.merchant_id || ' ' || addresses.network || ' ' || addresses.currency || ' '
        || addresses.address,
        'nobody'
    ) as actual,
from marts.sessions as sessions
left join marts.addresses as addresses on sessions.deposit_address_id = addresses.id
where
    sessions.deposit_address_id is not null
    and (sessions.mode, sessions.merchant_id, sessions.network, sessions.currency, sessions.deposit_address)
    is distinct from (
        addresses.mode, addresses.merchant_id, addresses.network, addresses.currency, addresses.address
    )
