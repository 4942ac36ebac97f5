-- Deposit addresses whose row may differ: money may have moved, or a session they are given to changed state.
-- grain: mode, network, deposit_address

select mode, network, deposit_address from affected.matched_addresses
union
select claims.mode, claims.network, claims.deposit_address
from affected.sessions as sessions
inner join staging.session_assignments as assignments on sessions.session_id = assignments.session_id
inner join staging.address_creations as claims on assignments.address_id = claims.address_id
