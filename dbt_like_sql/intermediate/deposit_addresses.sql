-- One deposit address row that holds: the earliest claim owns the address.
-- grain: address_id
-- incremental: affected.matched_addresses on mode, network, deposit_address

with claims as (
    select claims.*
    from intermediate.address_claims as claims
    semi join affected.matched_addresses as addresses
        on
            claims.mode = addresses.mode
            and claims.network = addresses.network
            and claims.deposit_address = addresses.deposit_address
),

owners as (
    select mode, network, deposit_address, merchant_id
    from claims
    qualify row_number() over (partition by mode, network, deposit_address order by occurred_at, event_id) = 1
),

owned as (
    select claims.*
    from claims
    semi join owners
        on
            claims.mode = owners.mode
            and claims.network = owners.network
            and claims.deposit_address = owners.deposit_address
            and claims.merchant_id = owners.merchant_id
),

-- the earliest claim on an id says what the id names: later ones of another merchant, mode, network, currency do not count
identities as (
    select address_id, mode, merchant_id, network, currency
    from owned
    qualify row_number() over (partition by address_id order by occurred_at, event_id) = 1
),

last_words as (
    select owned.*
    from owned
    semi join identities
        on
            owned.address_id = identities.address_id
            and owned.mode = identities.mode
            and owned.merchant_id = identities.merchant_id
            and owned.network = identities.network
            and owned.currency = identities.currency
    qualify row_number() over (
        partition by owned.address_id order by owned.occurred_at desc, owned.event_id desc
    ) = 1
),

-- one row an address and currency: the id that was claimed first
holders as (
    select address_id
    from last_words
    qualify row_number() over (
        partition by mode, network, deposit_address, currency
        order by (
            select min((owned.occurred_at, owned.event_id))
            from owned
            where owned.address_id = last_words.address_id
        )
    ) = 1
)

select
    last_words.mode,
    last_words.network,
    last_words.deposit_address,
    last_words.currency,
    last_words.merchant_id,
    last_words.address_id,
    last_words.occurred_at as created_at,
from last_words
semi join holders on last_words.address_id = holders.address_id
