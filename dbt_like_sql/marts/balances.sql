-- What one merchant ever received in one currency of one network.
-- grain: mode, merchant_id, network, currency
-- check: received_final >= platform_fees_final
-- incremental: affected.books on mode, merchant_id, network, currency

select
    daily.mode,
    daily.merchant_id,
    daily.network,
    daily.currency,
    sum(daily.received_final)::decimal(38, 18) as received_final,
    sum(daily.platform_fees_final)::decimal(38, 8) as platform_fees_final,
    sum(daily.received_pending)::decimal(38, 18) as received_pending,
from marts.daily_credits as daily
semi join affected.books as books
    on
        daily.mode = books.mode
        and daily.merchant_id = books.merchant_id
        and daily.network = books.network
        and daily.currency = books.currency
group by all
