-- One funding of a deposit address with native coin, as the gateway reports it.
-- grain: event_id

select
    event_id,
    mode,
    merchant_id,
    object_id::bigint as address_id,
    event ->> '$.data.tx_hash' as tx_hash,
    (event ->> '$.data.amount')::decimal(38, 18) as amount,
    occurred_at,
    batch_id,
from raw.gateway_events
where type = 'address.gas_funded'
