-- What one merchant received in one currency of one network on one UTC day.
-- grain: mode, merchant_id, network, currency, day
-- incremental: affected.days on mode, merchant_id, network, currency, day
-- within: day

select
    transactions.mode,
    transactions.merchant_id,
    transactions.network,
    transactions.currency,
    days.day,
    coalesce(sum(transactions.amount) filter (where transactions.is_final), 0)::decimal(38, 18) as received_final,
    coalesce(sum(transactions.platform_fee) filter (where transactions.is_final), 0)::decimal(38, 8)
        as platform_fees_final,
    coalesce(sum(transactions.amount) filter (where not transactions.is_final), 0)::decimal(38, 18)
        as received_pending,
    count(*) as transfer_count,
from marts.transactions as transactions
inner join affected.days as days
    on
        transactions.mode = days.mode
        and transactions.merchant_id = days.merchant_id
        and transactions.network = days.network
        and transactions.currency = days.currency
        and transactions.block_time >= days.day::timestamptz
        and transactions.block_time < (days.day + 1)::timestamptz
where
    transactions.type = 'incoming'
    and transactions.block_time >= getvariable('earliest')
    and transactions.block_time < getvariable('latest') + interval 1 day
group by all
