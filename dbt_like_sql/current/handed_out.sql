-- Hand-outs of addresses that are matched anew, whether they hold or not.
-- grain: event_id

select hand_outs.*
from intermediate.hand_outs as hand_outs
semi join (
    select claims.address_id
    from intermediate.address_claims as claims
    semi join affected.matched_addresses as addresses
        on
            claims.mode = addresses.mode
            and claims.network = addresses.network
            and claims.deposit_address = addresses.deposit_address
) as claimed
    on hand_outs.address_id = claimed.address_id
