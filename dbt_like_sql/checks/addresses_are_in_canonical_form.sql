-- Deposit addresses, hot wallets and tokens are in the one form they are compared in, which is what the gateway wrote.
-- invariant: 34
-- about: intermediate.deposit_addresses
-- hint: Money to an address written otherwise is not found: the reader of the feed or of the settings let it through.

with written as (
    select 'address ' || address_id as named_by, mode, network, deposit_address as address
    from intermediate.deposit_addresses
    union all
    select 'hot wallet of ' || event_id, mode, network, hot_wallet_address
    from staging.hot_wallet_registrations
    union all
    select 'token ' || currency, mode, network, token_address
    from registry.tokens
)

select
    written.named_by,
    written.mode,
    written.network,
    'an address of family ' || coalesce(networks.family, 'unknown') as expected,
    written.address as actual,
from written
left join registry.networks as networks
    on written.mode = networks.mode and written.network = networks.network
where
    -- an address of a network that is not active may be of any family
    not (
        (
            coalesce(networks.family, 'evm') in ('evm', 'tron')
            and regexp_full_match(written.address, '0x[0-9a-f]{40}')
        )
        or (
            coalesce(networks.family, 'solana') = 'solana'
            and regexp_full_match(written.address, '[1-9A-HJ-NP-Za-km-z]{32,44}')
        )
    )
union all
select
    'event ' || events.event_id,
    events.mode,
    networks.network,
    lower(events.event ->> '$.data.address'),
    events.address,
from raw.gateway_events as events
inner join registry.networks as networks
    on events.mode = networks.mode and (events.event ->> '$.data.network') = networks.network
where
    events.type in ('address.created', 'hot_wallet.registered')
    and networks.family = 'evm'
    and events.address is distinct from lower(events.event ->> '$.data.address')
