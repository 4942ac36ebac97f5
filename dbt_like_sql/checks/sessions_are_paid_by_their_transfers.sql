-- A session is paid when what came on time and is confirmed reaches the asked amount, and at the time of what reached it.
-- invariant: 19, 20
-- about: marts.sessions
-- hint: `paylake rebuild` judges every session again; the transfers are those of marts.transactions with its session_id.

with matched as (
    select
        transactions.session_id,
        transactions.block_time,
        transactions.block_number,
        transactions.log_index,
        transactions.amount_base_units,
        terms.amount_base_units as asked_base_units,
        heads.head_block - transactions.block_number + 1 >= heads.required_confirmations as is_confirmed,
        sum(transactions.amount_base_units) over (
            partition by transactions.session_id order by transactions.block_number, transactions.log_index
        ) as running_base_units,
    from marts.transactions as transactions
    inner join intermediate.session_terms as terms on transactions.session_id = terms.session_id
    inner join staging.chain_heads as heads on terms.mode = heads.mode and terms.network = heads.network
    where transactions.type = 'incoming' and transactions.block_time <= terms.expires_at
),

judged as (
    select
        session_id,
        sum(if(is_confirmed, amount_base_units, 0)) >= any_value(asked_base_units) as is_paid,
        -- blocks of one chain rise with time: the first that reached the amount is the earliest
        arg_min(block_time, (block_number, log_index)) filter (where running_base_units >= asked_base_units)
            as reached_at,
    from matched
    group by session_id
)

select
    sessions.mode,
    sessions.merchant_id,
    sessions.session_id,
    if(coalesce(judged.is_paid, false), 'paid at ' || judged.reached_at, 'not paid') as expected,
    sessions.status || coalesce(' at ' || sessions.paid_at, '') as actual,
from marts.sessions as sessions
left join judged on sessions.session_id = judged.session_id
where
    (sessions.status = 'paid') <> coalesce(judged.is_paid, false)
    or sessions.paid_at is distinct from if(judged.is_paid, judged.reached_at, null)
