-- One valid hand-out of a deposit address to a session, with the time it holds.
-- grain: event_id
-- incremental: affected.matched_addresses on mode, network, deposit_address

with addresses as (
    select deposit_addresses.*
    from intermediate.deposit_addresses as deposit_addresses
    semi join affected.matched_addresses as affected_addresses
        on
            deposit_addresses.mode = affected_addresses.mode
            and deposit_addresses.network = affected_addresses.network
            and deposit_addresses.deposit_address = affected_addresses.deposit_address
)

select
    addresses.mode,
    addresses.network,
    addresses.deposit_address,
    addresses.currency,
    addresses.merchant_id,
    assignments.session_id,
    addresses.address_id,
    assignments.event_id,
    assignments.assigned_at,
    lead(assignments.assigned_at) over (
        partition by addresses.mode, addresses.network, addresses.deposit_address, addresses.currency
        order by assignments.assigned_at, assignments.event_id
    ) as held_until,
from staging.session_assignments as assignments
inner join addresses
    on
        assignments.address_id = addresses.address_id
        and assignments.mode = addresses.mode
        and assignments.merchant_id = addresses.merchant_id
inner join intermediate.session_terms as terms
    on
        assignments.session_id = terms.session_id
        and addresses.mode = terms.mode
        and addresses.merchant_id = terms.merchant_id
        and addresses.network = terms.network
        and addresses.currency = terms.currency
