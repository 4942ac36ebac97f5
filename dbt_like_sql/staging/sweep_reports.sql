-- One sweep, done or failed, as the gateway reports it; the chain decides the books.
-- grain: event_id

select
    event_id,
    mode,
    merchant_id,
    object_id::bigint as address_id,
    type = 'address.sweep_failed' as is_failed,
    event ->> '$.data.tx_hash' as tx_hash,
    event ->> '$.data.reason' as reason,
    occurred_at,
    batch_id,
from raw.gateway_events
where type in ('address.swept', 'address.sweep_failed')
