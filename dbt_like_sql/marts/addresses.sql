-- One deposit address of a merchant in one currency.
-- grain: id
-- check: total_swept <= total_received - balance
-- incremental: affected.addresses on mode, network, address = deposit_address

with addresses as (
    select * from current.deposit_addresses
    union all by name
    select deposit_addresses.*
    from intermediate.deposit_addresses as deposit_addresses
    semi join affected.other_addresses as others
        on
            deposit_addresses.mode = others.mode
            and deposit_addresses.network = others.network
            and deposit_addresses.deposit_address = others.deposit_address
),

own_transactions as (
    select * from current.transactions
    union all by name
    select * from current.other_transactions
),

own_assignments as (
    select * from current.assignments
    union all by name
    select * from current.other_assignments
),

own_fundings as (
    select * from current.gas_fundings
    union all by name
    select fundings.*
    from marts.gas_fundings as fundings
    semi join affected.other_addresses as others
        on
            fundings.mode = others.mode
            and fundings.network = others.network
            and fundings.deposit_address = others.deposit_address
),

money as (
    select
        addresses.address_id,
        coalesce(sum(moves.amount) filter (where moves.type = 'incoming'), 0)::decimal(38, 18) as total_received,
        coalesce(sum(moves.amount) filter (where moves.type = 'sweep'), 0)::decimal(38, 18) as total_swept,
        sum(if(moves.type = 'incoming', moves.amount, -moves.amount))::decimal(38, 18) as balance,
        coalesce(sum(if(moves.type = 'incoming', moves.amount, -moves.amount)) filter (where moves.is_final), 0)
            ::decimal(38, 18) as final_balance,
        bool_or(moves.type = 'incoming' and moves.is_final) as is_funded,
        min(moves.block_time) as first_transfer_at,
        max(moves.block_time) as last_transfer_at,
        max(moves.block_time) filter (where moves.is_final) as last_final_move_at,
    from addresses
    inner join own_transactions as moves
        on
            addresses.mode = moves.mode
            and addresses.network = moves.network
            and addresses.deposit_address = moves.deposit_address
            and addresses.currency = moves.currency
    group by addresses.address_id
),

last_sweeps as (
    select addresses.address_id, moves.block_time, moves.tx_hash
    from addresses
    inner join own_transactions as moves
        on
            addresses.mode = moves.mode
            and addresses.network = moves.network
            and addresses.deposit_address = moves.deposit_address
            and addresses.currency = moves.currency
            and moves.type = 'sweep'
    qualify row_number() over (
        partition by addresses.address_id order by moves.block_number desc, moves.log_index desc
    ) = 1
),

-- another address may have been given to sessions that this pass leaves as they are
their_sessions as (
    select outcomes.session_id, outcomes.status, terms.reference, terms.created_at
    from current.session_outcomes as outcomes
    inner join current.session_terms as terms on outcomes.session_id = terms.session_id
    union all
    select outcomes.session_id, outcomes.status, terms.reference, terms.created_at
    from intermediate.session_outcomes as outcomes
    semi join current.other_assignments as assignments on outcomes.session_id = assignments.session_id
    anti join affected.sessions as sessions on outcomes.session_id = sessions.session_id
    inner join intermediate.session_terms as terms on outcomes.session_id = terms.session_id
),

uses as (
    select
        addresses.address_id,
        count(*) as times_reused,
        min(assignments.assigned_at) as first_used_at,
        max(assignments.assigned_at) as last_used_at,
        list(distinct assignments.session_id order by assignments.session_id) as session_ids,
        min(their_sessions.created_at) as first_session_at,
        max(their_sessions.created_at) as last_session_at,
    from addresses
    inner join own_assignments as assignments on addresses.address_id = assignments.address_id
    inner join their_sessions on assignments.session_id = their_sessions.session_id
    group by addresses.address_id
),

holding as (
    select addresses.address_id, assignments.session_id, holders.reference
    from addresses
    inner join own_assignments as assignments
        on addresses.address_id = assignments.address_id and assignments.held_until is null
    inner join their_sessions as holders on assignments.session_id = holders.session_id and holders.status = 'pending'
),

-- only what the row's own merchant and mode say about it counts
activations as (
    select addresses.address_id, events.is_active, events.occurred_at
    from addresses
    inner join staging.address_activations as events
        on
            addresses.address_id = events.address_id
            and addresses.mode = events.mode
            and addresses.merchant_id = events.merchant_id
    qualify row_number() over (
        partition by addresses.address_id order by events.occurred_at desc, events.event_id desc
    ) = 1
),

fundings as (
    select addresses.address_id, fundings.funded_at, fundings.tx_hash, fundings.amount
    from addresses
    inner join own_fundings as fundings on addresses.address_id = fundings.address_id
    qualify row_number() over (
        partition by addresses.address_id order by fundings.funded_at desc, fundings.event_id desc
    ) = 1
),

reports as (
    select
        addresses.address_id,
        max(events.occurred_at) as last_reported_at,
        max(events.occurred_at) filter (where events.is_failed) as last_failed_at,
    from addresses
    inner join staging.sweep_reports as events
        on
            addresses.address_id = events.address_id
            and addresses.mode = events.mode
            and addresses.merchant_id = events.merchant_id
    group by addresses.address_id
)

select
    addresses.mode,
    addresses.merchant_id,
    addresses.address_id as id,
    addresses.deposit_address as address,
    addresses.network,
    addresses.currency,
    coalesce(activations.is_active, true) as is_active,
    holding.session_id is not null as is_assigned,
    holding.session_id as assigned_session_id,
    holding.reference as assigned_reference,
    coalesce(money.balance, 0)::decimal(38, 18) as balance,
    coalesce(money.total_received, 0)::decimal(38, 18) as total_received,
    coalesce(money.total_swept, 0)::decimal(38, 18) as total_swept,
    coalesce(money.final_balance, 0)::decimal(38, 18) as final_balance,
    case
        when not coalesce(money.is_funded, false) then null
        when reports.last_failed_at > money.last_final_move_at then 'failed'
        when money.final_balance > 0 then 'pending'
        else 'swept'
    end as sweep_status,
    last_sweeps.block_time as last_swept_at,
    last_sweeps.tx_hash as sweep_tx_hash,
    coalesce(uses.times_reused, 0) as times_reused,
    uses.first_used_at,
    uses.last_used_at,
    coalesce(uses.session_ids, []) as session_ids,
    uses.first_session_at,
    uses.last_session_at,
    money.first_transfer_at,
    money.last_transfer_at,
    fundings.funded_at as gas_funded_at,
    fundings.tx_hash as gas_tx_hash,
    fundings.amount as gas_amount,
    addresses.created_at,
    greatest(
        addresses.created_at,
        activations.occurred_at,
        fundings.funded_at,
        reports.last_reported_at,
        uses.last_used_at,
        money.last_transfer_at
    ) as updated_at,
from addresses
left join money on addresses.address_id = money.address_id
left join last_sweeps on addresses.address_id = last_sweeps.address_id
left join uses on addresses.address_id = uses.address_id
left join holding on addresses.address_id = holding.address_id
left join activations on addresses.address_id = activations.address_id
left join fundings on addresses.address_id = fundings.address_id
left join reports on addresses.address_id = reports.address_id
