-- One word of the gateway on whether an address may be handed out.
-- grain: event_id

select
    event_id,
    mode,
    merchant_id,
    object_id::bigint as address_id,
    type = 'address.activated' as is_active,
    occurred_at,
    batch_id,
from raw.gateway_events
where type in ('address.activated', 'address.deactivated')
