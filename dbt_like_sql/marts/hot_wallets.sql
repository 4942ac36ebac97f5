-- The hot wallet of one mode and network that was registered last: where sweeps go now.
-- grain: mode, network

select mode, network, hot_wallet_address as address, registered_at
from staging.hot_wallet_registrations
qualify row_number() over (partition by mode, network order by registered_at desc, event_id desc) = 1
