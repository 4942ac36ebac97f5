-- Whoever has a book, a session or an address is a merchant of that mode.
-- invariant: 21
-- about: marts.merchants
-- hint: `paylake rebuild` lists the merchants again from the gateway's events.

with named as (
    select 'marts.balances' as named_by, mode, merchant_id from marts.balances
    union
    select 'marts.daily_credits', mode, merchant_id from marts.daily_credits
    union
    select 'marts.ledger', mode, merchant_id from marts.ledger
    union
    select 'marts.sessions', mode, merchant_id from marts.sessions
    union
    select 'marts.addresses', mode, merchant_id from marts.addresses
)

select
    named.named_by,
    named.mode,
    named.merchant_id,
    'a row of marts.merchants' as expected,
    'none' as actual,
from named
anti join marts.merchants as merchants on named.mode = merchants.mode and named.merchant_id = merchants.merchant_id
