-- An incoming transfer belongs to the session that was given its address last, in its currency, when its block was made.
-- invariant: 19
-- about: marts.transactions
-- hint: `paylake rebuild` matches every transfer again; the hand-outs are in intermediate.assignments.

with holders as (
    select
        transactions.mode,
        transactions.merchant_id,
        transactions.id,
        arg_max(assignments.session_id, (assignments.assigned_at, assignments.event_id)) as session_id,
    from marts.transactions as transactions
    inner join intermediate.assignments as assignments
        on
            transactions.mode = assignments.mode
            and transactions.network = assignments.network
            and transactions.deposit_address = assignments.deposit_address
            and transactions.currency = assignments.currency
            and transactions.block_time >= assignments.assigned_at
    where transactions.type = 'incoming'
    group by transactions.mode, transactions.merchant_id, transactions.id
)

select
    transactions.mode,
    transactions.merchant_id,
    transactions.id,
    transactions.tx_hash,
    coalesce(holders.session_id, 'no session') as expected,
    coalesce(transactions.session_id, 'no session') as actual,
from marts.transactions as transactions
left join holders
    on
        transactions.mode = holders.mode
        and transactions.merchant_id = holders.merchant_id
        and transactions.id = holders.id
where transactions.session_id is distinct from holders.session_id
