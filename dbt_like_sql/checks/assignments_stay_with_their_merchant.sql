-- A hand-out's session and address are of its own merchant, mode, network and currency.
-- invariant: 21
-- about: intermediate.assignments
-- hint: `paylake rebuild` judges the hand-outs again; the gateway's contradiction is in intermediate.refused_events.

select
    assignments.mode,
    assignments.merchant_id,
    assignments.event_id,
    'session ' || assignments.session_id as refers_to,
    assignments.mode || ' ' || assignments.merchant_id || ' ' || assignments.network || ' ' || assignments.currency
        as expected,
    coalesce(terms.mode || ' ' || terms.merchant_id || ' ' || terms.network || ' ' || terms.currency, 'nobody') as actual,
from intermediate.assignments as assignments
left join intermediate.session_terms as terms on assignments.session_id = terms.session_id
where
    (assignments.mode, assignments.merchant_id, assignments.network, assignments.currency)
    is distinct from (terms.mode, terms.merchant_id, terms.network, terms.currency)
union all
select
    assignments.mode,
    assignments.merchant_id,
    assignments.event_id,
    'address ' || assignments.address_id,
    assignments.mode || ' ' || assignments.merchant_id || ' ' || assignments.network || ' ' || assignments.currency,
    coalesce(
        addresses.mode || ' ' || addresses.merchant_id || ' ' || addresses.network || ' ' || addresses.currency, 'nobody'
    ),
from intermediate.assignments as assignments
left join intermediate.deposit_addresses as addresses on assignments.address_id = addresses.address_id
where
    (assignments.mode, assignments.merchant_id, assignments.network, assignments.currency)
    is distinct from (addresses.mode, addresses.merchant_id, addresses.network, addresses.currency)
