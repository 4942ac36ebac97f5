-- One valid hand-out of a deposit address to a session, with the time it holds.
-- grain: event_id
-- incremental: affected.handed_out on event_id
-- within: assigned_at

-- the addresses matched anew, and sessions to which any of them was given: nothing else concerns these hand-outs
select
    addresses.mode,
    addresses.network,
    addresses.deposit_address,
    addresses.currency,
    addresses.merchant_id,
    hand_outs.session_id,
    addresses.address_id,
    hand_outs.event_id,
    hand_outs.assigned_at,
    lead(hand_outs.assigned_at) over (
        partition by addresses.mode, addresses.network, addresses.deposit_address, addresses.currency
        order by hand_outs.assigned_at, hand_outs.event_id
    ) as held_until,
from current.handed_out as hand_outs
inner join current.deposit_addresses as addresses
    on
        hand_outs.address_id = addresses.address_id
        and hand_outs.mode = addresses.mode
        and hand_outs.merchant_id = addresses.merchant_id
inner join current.session_terms as terms
    on
        hand_outs.session_id = terms.session_id
        and addresses.mode = terms.mode
        and addresses.merchant_id = terms.merchant_id
        and addresses.network = terms.network
        and addresses.currency = terms.currency
