-- One funding of a deposit address with native coin, as the gateway reports it.
-- grain: event_id

select
    event_id,
    mode,
    merchant_id,
    object_id::bigint as address_id,
    -- hexadecimal hashes have no case and may come without 0x; Solana's are longer, and as they are
    if(
        regexp_full_match(event ->> '$.data.tx_hash', '(0[xX])?[0-9a-fA-F]{64}'),
        '0x' || lower(right(event ->> '$.data.tx_hash', 64)),
        event ->> '$.data.tx_hash'
    ) as tx_hash,
    (event ->> '$.data.amount')::decimal(38, 18) as amount,
    occurred_at,
    batch_id,
from raw.gateway_events
where type = 'address.gas_funded'
