-- No event is dropped in silence: what one introduces or hands out is in the tables, refused by name, or waits for its object.
-- invariant: 23
-- about: raw.gateway_events
-- hint: `paylake rebuild` reads every event again; `paylake quarantine list` names those that are refused.

with unheard as (
    select creations.event_id, 'session ' || creations.session_id as expected
    from staging.session_creations as creations
    anti join intermediate.session_terms as terms on creations.session_id = terms.session_id
    union all
    select claims.event_id, 'address ' || claims.address_id || ' of ' || claims.merchant_id
    from staging.address_creations as claims
    anti join intermediate.deposit_addresses as addresses
        on
            claims.address_id = addresses.address_id
            and claims.mode = addresses.mode
            and claims.merchant_id = addresses.merchant_id
            and claims.network = addresses.network
            and claims.currency = addresses.currency
    union all
    select hand_outs.event_id, 'hand-out of ' || hand_outs.address_id || ' to ' || hand_outs.session_id
    from staging.session_assignments as hand_outs
    -- a hand-out waits until both are known
    semi join intermediate.session_terms as terms on hand_outs.session_id = terms.session_id
    semi join intermediate.deposit_addresses as addresses on hand_outs.address_id = addresses.address_id
    anti join intermediate.assignments as assignments on hand_outs.event_id = assignments.event_id
    union all
    select updates.event_id, 'merchant ' || updates.merchant_id
    from staging.merchant_updates as updates
    anti join marts.merchants as merchants
        on updates.mode = merchants.mode and updates.merchant_id = merchants.merchant_id
    union all
    select registrations.event_id, 'a hot wallet of ' || registrations.network
    from staging.hot_wallet_registrations as registrations
    anti join marts.hot_wallets as wallets
        on registrations.mode = wallets.mode and registrations.network = wallets.network
)

select
    unheard.event_id,
    unheard.expected,
    'neither in the tables nor refused' as actual,
from unheard
anti join intermediate.refused_events as refused on unheard.event_id = refused.event_id
