-- One valid hand-out of a deposit address to a session, with the time it holds.
-- grain: event_id
-- incremental: affected.handed_out on event_id
-- within: assigned_at

-- the addresses matched anew, and sessions to which any of them was given: nothing else concerns these hand-outs;
-- materialized, or DuckDB would first try every address of a merchant with every session
with given as materialized (
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
    from current.handed_out as hand_outs
    inner join current.deposit_addresses as addresses
        on
            hand_outs.address_id = addresses.address_id
            and hand_outs.mode = addresses.mode
            and hand_outs.merchant_id = addresses.merchant_id
)

select
    given.*,
    lead(given.assigned_at) over (
        partition by given.mode, given.network, given.deposit_address, given.currency
        order by given.assigned_at, given.event_id
    ) as held_until,
from given
inner join current.session_terms as terms
    on
        given.session_id = terms.session_id
        and given.mode = terms.mode
        and given.merchant_id = terms.merchant_id
        and given.network = terms.network
        and given.currency = terms.currency
