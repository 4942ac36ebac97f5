-- All money is in a token of an active network of its mode: test money on test networks, live on live.
-- invariant: 22
-- about: marts.balances
-- hint: A network or token left the settings, or the row is of another mode: `paylake rebuild` leaves out what does not count.

with places as (
    select distinct 'marts.transactions' as held_by, mode, merchant_id, network, currency from marts.transactions
    union
    select distinct 'marts.ledger', mode, merchant_id, network, currency from marts.ledger
    union
    select distinct 'marts.daily_credits', mode, merchant_id, network, currency from marts.daily_credits
    union
    select distinct 'marts.balances', mode, merchant_id, network, currency from marts.balances
)

select
    places.*,
    'a token of a ' || places.mode || ' network' as expected,
    'none' as actual,
from places
anti join registry.tokens as tokens
    on places.mode = tokens.mode and places.network = tokens.network and places.currency = tokens.currency
