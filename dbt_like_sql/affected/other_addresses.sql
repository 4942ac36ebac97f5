-- Deposit addresses that are not matched anew, but were given to an affected session as well as one that is.
-- grain: mode, network, deposit_address

select distinct claims.mode, claims.network, claims.deposit_address
from intermediate.hand_outs as hand_outs
semi join affected.sessions as sessions on hand_outs.session_id = sessions.session_id
inner join intermediate.address_claims as claims on hand_outs.address_id = claims.address_id
anti join affected.matched_addresses as addresses
    on
        claims.mode = addresses.mode
        and claims.network = addresses.network
        and claims.deposit_address = addresses.deposit_address
