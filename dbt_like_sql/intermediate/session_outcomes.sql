-- What the chain made of one session: status, money, the transfer that reached it.
-- grain: session_id
-- incremental: affected.sessions on session_id
-- within: created_at

with terms as (
    select terms.*, heads.head_block, heads.head_time, heads.required_confirmations
    from current.session_terms as terms
    left join staging.chain_heads as heads on terms.mode = heads.mode and terms.network = heads.network
),

own_transactions as (
    select * from current.transactions
    union all by name
    select * from current.other_transactions
),

matched as (
    select
        transactions.*,
        terms.amount_base_units as asked_base_units,
        transactions.block_time <= terms.expires_at as is_on_time,
        terms.head_block - transactions.block_number + 1 >= terms.required_confirmations as is_confirmed,
        sum(if(is_on_time, transactions.amount_base_units, 0)) over (
            partition by transactions.session_id
            order by transactions.block_number, transactions.log_index
        ) as running_base_units,
    from own_transactions as transactions
    inner join terms on transactions.session_id = terms.session_id
    where transactions.type = 'incoming'
),

money as (
    select
        session_id,
        sum(amount_base_units)::decimal(38, 0) as paid_base_units,
        coalesce(sum(amount_base_units) filter (where is_on_time), 0)::decimal(38, 0) as on_time_base_units,
        coalesce(sum(amount_base_units) filter (where is_on_time and is_confirmed), 0)::decimal(38, 0)
            as confirmed_base_units,
        bool_or(is_on_time and not is_confirmed) as is_awaiting,
        bool_or(not is_on_time) as is_late,
        sum(platform_fee)::decimal(38, 8) as platform_fees,
        count(*) as transfer_count,
        min(block_time) as first_transfer_at,
        max(block_time) as last_transfer_at,
        list(tx_hash order by block_number, log_index) as tx_hashes,
    from matched
    group by session_id
),

reaching as (
    select session_id, tx_hash, block_number, block_time, confirmed_at
    from matched
    where is_on_time and running_base_units >= asked_base_units
    qualify row_number() over (partition by session_id order by block_number, log_index) = 1
),

latest as (
    select session_id, tx_hash, block_number
    from matched
    qualify row_number() over (partition by session_id order by block_number desc, log_index desc) = 1
),

judged as (
    select
        terms.*,
        money.*,
        case
            when money.confirmed_base_units >= terms.amount_base_units then 'paid'
            when money.is_awaiting then 'pending'
            when terms.failed_at is not null then 'failed'
            when terms.head_time > terms.expires_at and money.on_time_base_units > 0 then 'failed'
            when terms.head_time > terms.expires_at then 'expired'
            else 'pending'
        end as status,
    from terms
    left join money on terms.session_id = money.session_id
)

select
    judged.mode,
    judged.merchant_id,
    judged.session_id,
    judged.network,
    judged.created_at,
    judged.expires_at,
    judged.status,
    case
        when judged.is_late then 'late'
        when
            judged.status = 'failed'
            and judged.on_time_base_units > 0
            and judged.on_time_base_units < judged.amount_base_units
            then 'underpaid'
        when judged.status = 'paid' and judged.on_time_base_units > judged.amount_base_units then 'overpaid'
        when judged.transfer_count > 1 then 'multiple'
    end as exception,
    judged.status = 'failed' and judged.failed_at is not null as is_failed_by_gateway,
    judged.paid_base_units,
    coalesce(judged.on_time_base_units, 0)::decimal(38, 0) as on_time_base_units,
    coalesce(reaching.tx_hash, latest.tx_hash) as tx_hash,
    coalesce(reaching.block_number, latest.block_number) as tx_block_number,
    reaching.block_time as reached_at,
    reaching.confirmed_at,
    judged.platform_fees,
    coalesce(judged.transfer_count, 0) as transfer_count,
    judged.first_transfer_at,
    judged.last_transfer_at,
    coalesce(judged.tx_hashes, []) as tx_hashes,
from judged
left join reaching on judged.session_id = reaching.session_id
left join latest on judged.session_id = latest.session_id
