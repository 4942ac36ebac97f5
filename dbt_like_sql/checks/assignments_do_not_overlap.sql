-- An address is held in a currency by one session at a time, from each hand-out to the next.
-- invariant: 19
-- about: intermediate.assignments
-- hint: `paylake rebuild` computes the hand-outs again from the gateway's events.

with ordered as (
    select
        *,
        lead(assigned_at) over (
            partition by mode, network, deposit_address, currency order by assigned_at, event_id
        ) as next_assigned_at,
    from intermediate.assignments
)

select
    mode,
    merchant_id,
    network,
    deposit_address,
    currency,
    event_id,
    coalesce('held until ' || next_assigned_at, 'held to this day') as expected,
    coalesce('held until ' || held_until, 'held to this day') as actual,
from ordered
where held_until is distinct from next_assigned_at
