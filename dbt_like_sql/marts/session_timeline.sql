-- One event in the life of one session.
-- grain: session_id, sequence
-- incremental: affected.sessions on session_id
-- within: session_created_at

with terms as (
    select terms.*, outcomes.status, outcomes.is_failed_by_gateway, outcomes.on_time_base_units, outcomes.confirmed_at
    from current.session_terms as terms
    inner join current.session_outcomes as outcomes on terms.session_id = outcomes.session_id
),

own_assignments as (
    select * from current.assignments
    union all by name
    select * from current.other_assignments
),

own_transactions as (
    select * from current.transactions
    union all by name
    select * from current.other_transactions
),

matched as (
    select
        transactions.*,
        terms.expires_at,
        -- plain digits as people write them: 100, 99.5
        rtrim(rtrim(transactions.amount::varchar, '0'), '.') || ' ' || transactions.currency as shown_amount,
    from own_transactions as transactions
    inner join terms on transactions.session_id = terms.session_id
),

sweeps as (
    select distinct matched.session_id, sweeps.id, sweeps.block_time
    from matched
    inner join own_transactions as sweeps
        on
            matched.mode = sweeps.mode
            and matched.network = sweeps.network
            and matched.deposit_address = sweeps.deposit_address
            and matched.currency = sweeps.currency
            and sweeps.type = 'sweep'
            and (sweeps.block_number, sweeps.log_index) > (matched.block_number, matched.log_index)
    qualify row_number() over (
        partition by matched.session_id, matched.id order by sweeps.block_number, sweeps.log_index
    ) = 1
),

-- what this deployment saw and the chain took back: the same tokens may have come again in another block
own_transfers as (
    select * from current.own_transfers
    union all by name
    select transfers.*
    from staging.observed_transfers as transfers
    semi join affected.other_addresses as addresses
        on
            transfers.mode = addresses.mode
            and transfers.network = addresses.network
            and transfers.to_address = addresses.deposit_address
),

orphaned as (
    select
        assignments.session_id,
        marks.marked_at,
        rtrim(rtrim(transfers.amount::varchar, '0'), '.') || ' ' || transfers.currency as shown_amount,
    from own_assignments as assignments
    semi join terms on assignments.session_id = terms.session_id
    inner join own_transfers as transfers
        on
            assignments.mode = transfers.mode
            and assignments.network = transfers.network
            and assignments.deposit_address = transfers.to_address
            and assignments.currency = transfers.currency
            and assignments.assigned_at <= transfers.block_time
            and transfers.block_time < coalesce(assignments.held_until, timestamptz 'infinity')
    inner join staging.block_marks as marks
        on
            transfers.mode = marks.mode
            and transfers.network = marks.network
            and transfers.block_hash = marks.block_hash
    where marks.is_orphaned
),

events as (
    select session_id, 'session_created' as event, created_at as event_at, 1 as event_rank, 'Checkout session created' as details
    from terms
    union all
    select assignments.session_id, 'address_assigned', assignments.assigned_at, 2, 'Deposit address assigned'
    from own_assignments as assignments
    semi join terms on assignments.session_id = terms.session_id
    union all
    select session_id, 'payment_received', block_time, 3, 'Payment received (' || shown_amount || ')'
    from matched
    where block_time <= expires_at
    union all
    select session_id, 'payment_confirmed', confirmed_at, 4, 'Payment confirmed on blockchain'
    from terms
    where confirmed_at is not null
    union all
    select session_id, 'funds_swept', block_time, 6, 'Funds swept to hot wallet'
    from sweeps
    union all
    select session_id, 'payment_underpaid', expires_at, 7, 'Payment below the asked amount when the session expired'
    from terms
    where status = 'failed' and not is_failed_by_gateway
    union all
    select session_id, 'payment_late', block_time, 8, 'Payment received after expiry (' || shown_amount || ')'
    from matched
    where block_time > expires_at
    union all
    select session_id, 'payment_orphaned', marked_at, 9, 'Payment removed from the blockchain (' || shown_amount || ')'
    from orphaned
    union all
    select session_id, 'session_expired', expires_at, 10, 'Checkout session expired'
    from terms
    where status = 'expired'
    union all
    select session_id, 'session_failed', if(is_failed_by_gateway, failed_at, expires_at), 11, 'Checkout session failed'
    from terms
    where status = 'failed'
)

select
    terms.mode,
    terms.merchant_id,
    terms.session_id,
    terms.created_at as session_created_at,
    events.event,
    events.event_at,
    events.event_rank,
    events.details,
    row_number() over (
        partition by terms.session_id order by events.event_at, events.event_rank, events.details
    ) as sequence,
from events
inner join terms on events.session_id = terms.session_id
