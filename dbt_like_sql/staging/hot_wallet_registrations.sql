-- One registration of a hot wallet of a mode and network.
-- grain: event_id

select
    event_id,
    mode,
    event ->> '$.data.network' as network,
    address as hot_wallet_address,
    occurred_at as registered_at,
    batch_id,
from raw.gateway_events
where type = 'hot_wallet.registered'
