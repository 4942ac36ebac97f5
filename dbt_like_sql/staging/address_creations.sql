-- One claim that an address row exists: an address.created event, whether it holds or not.
-- grain: event_id

select
    event_id,
    mode,
    merchant_id,
    object_id::bigint as address_id,
    event ->> '$.data.network' as network,
    event ->> '$.data.currency' as currency,
    address as deposit_address,
    occurred_at,
    batch_id,
from raw.gateway_events
where type = 'address.created'
