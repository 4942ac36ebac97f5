-- One stored event without effect because what it refers to belongs to another merchant, mode, network or currency.
-- grain: event_id
-- materialize: view

with claims_of_foreign_addresses as (
    select
        claims.event_id,
        'the address belongs to ' || owners.merchant_id || ', whose claim is earlier' as reason,
    from staging.address_creations as claims
    inner join intermediate.deposit_addresses as owners
        on
            claims.mode = owners.mode
            and claims.network = owners.network
            and claims.deposit_address = owners.deposit_address
            and claims.merchant_id <> owners.merchant_id
),

claims_of_foreign_rows as (
    select
        claims.event_id,
        'address_id ' || claims.address_id || ' names a row of another merchant, mode, network or currency' as reason,
    from staging.address_creations as claims
    inner join intermediate.deposit_addresses as named on claims.address_id = named.address_id
    where
        (claims.mode, claims.merchant_id, claims.network, claims.currency)
        <> (named.mode, named.merchant_id, named.network, named.currency)
),

claims_of_held_rows as (
    select
        claims.event_id,
        'the address already has the row ' || held.address_id || ' in this currency' as reason,
    from staging.address_creations as claims
    inner join intermediate.deposit_addresses as held
        on
            claims.mode = held.mode
            and claims.network = held.network
            and claims.deposit_address = held.deposit_address
            and claims.currency = held.currency
            and claims.merchant_id = held.merchant_id
            and claims.address_id <> held.address_id
    anti join intermediate.deposit_addresses as own on claims.address_id = own.address_id
),

-- what holds the address or the id may itself have lost its row to a third claim
claims_of_nothing as (
    select claims.event_id, 'what it claims is held by an earlier claim' as reason
    from staging.address_creations as claims
    anti join intermediate.deposit_addresses as own
        on
            claims.address_id = own.address_id
            and claims.mode = own.mode
            and claims.merchant_id = own.merchant_id
            and claims.network = own.network
            and claims.currency = own.currency
),

words_on_addresses as (
    select event_id, mode, merchant_id, address_id from staging.address_activations
    union all
    select event_id, mode, merchant_id, address_id from staging.gas_funding_reports
    union all
    select event_id, mode, merchant_id, address_id from staging.sweep_reports
),

words_on_foreign_addresses as (
    select
        words.event_id,
        'address_id ' || words.address_id || ' belongs to another merchant or mode' as reason,
    from words_on_addresses as words
    inner join intermediate.deposit_addresses as addresses on words.address_id = addresses.address_id
    where (words.mode, words.merchant_id) <> (addresses.mode, addresses.merchant_id)
),

other_sessions as (
    select
        creations.event_id,
        'the session is of another merchant, mode, network or currency' as reason,
    from staging.session_creations as creations
    inner join intermediate.session_terms as terms on creations.session_id = terms.session_id
    where
        (creations.mode, creations.merchant_id, creations.network, creations.currency)
        <> (terms.mode, terms.merchant_id, terms.network, terms.currency)
),

words_on_sessions as (
    select event_id, mode, merchant_id, session_id from staging.session_assignments
    union all
    select event_id, mode, merchant_id, session_id from staging.session_failures
    union all
    select event_id, mode, merchant_id, session_id from staging.session_reports
),

words_on_foreign_sessions as (
    select words.event_id, 'the session belongs to another merchant or mode' as reason
    from words_on_sessions as words
    inner join intermediate.session_terms as terms on words.session_id = terms.session_id
    where (words.mode, words.merchant_id) <> (terms.mode, terms.merchant_id)
),

mismatched_assignments as (
    select
        assignments.event_id,
        'address_id ' || assignments.address_id || ' is of another merchant, mode, network or currency than the session'
            as reason,
    from staging.session_assignments as assignments
    inner join intermediate.session_terms as terms on assignments.session_id = terms.session_id
    inner join intermediate.deposit_addresses as addresses on assignments.address_id = addresses.address_id
    where
        (terms.mode, terms.merchant_id, terms.network, terms.currency)
        <> (addresses.mode, addresses.merchant_id, addresses.network, addresses.currency)
),

refused as (
    select * from claims_of_foreign_addresses
    union all
    select * from claims_of_foreign_rows
    union all
    select * from claims_of_held_rows
    union all
    select * from claims_of_nothing
    union all
    select * from words_on_foreign_addresses
    union all
    select * from other_sessions
    union all
    select * from words_on_foreign_sessions
    union all
    select * from mismatched_assignments
)

select
    lines.event_id,
    lines.type,
    lines.source,
    lines.position,
    lines.event,
    min(refused.reason) as reason,
    lines.received_at,
from refused
inner join staging.gateway_lines as lines on refused.event_id = lines.event_id
group by all
