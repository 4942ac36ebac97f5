-- Each day of a book is the sum of what came on it, final and pending, with the fees on what is final.
-- invariant: 3, 26
-- about: marts.daily_credits
-- hint: `paylake rebuild` computes the days again from raw; keep a copy of data_dir first, the difference is evidence.

with received as (
    select
        mode,
        merchant_id,
        network,
        currency,
        block_time::date as day,
        sum(if(is_final, amount, 0)) as received_final,
        sum(if(is_final, platform_fee, 0)) as platform_fees_final,
        sum(if(is_final, 0, amount)) as received_pending,
        count(*) as transfer_count,
    from marts.transactions
    where type = 'incoming'
    group by all
)

select
    coalesce(received.mode, days.mode) as mode,
    coalesce(received.merchant_id, days.merchant_id) as merchant_id,
    coalesce(received.network, days.network) as network,
    coalesce(received.currency, days.currency) as currency,
    coalesce(received.day, days.day) as day,
    received.received_final || ', fees ' || received.platform_fees_final || ', pending ' || received.received_pending
    || ', transfers ' || received.transfer_count as expected,
    days.received_final || ', fees ' || days.platform_fees_final || ', pending ' || days.received_pending
    || ', transfers ' || days.transfer_count as actual,
from received
full join marts.daily_credits as days
    on
        received.mode = days.mode
        and received.merchant_id = days.merchant_id
        and received.network = days.network
        and received.currency = days.currency
        and received.day = days.day
where
    (received.received_final, received.platform_fees_final, received.received_pending, received.transfer_count)
    is distinct from (days.received_final, days.platform_fees_final, days.received_pending, days.transfer_count)
