-- One funding of a deposit address with native coin, as the gateway reported it.
-- grain: event_id
-- incremental: affected.matched_addresses on mode, network, deposit_address

-- only what the address's own merchant and mode say of it counts
select
    addresses.mode,
    addresses.merchant_id,
    events.event_id,
    addresses.address_id,
    addresses.network,
    addresses.deposit_address,
    events.tx_hash,
    events.amount,
    events.occurred_at as funded_at,
from current.deposit_addresses as addresses
inner join staging.gas_funding_reports as events
    on
        addresses.address_id = events.address_id
        and addresses.mode = events.mode
        and addresses.merchant_id = events.merchant_id
