-- The days of a book sum to its balance, final and pending.
-- invariant: 3, 26
-- about: marts.balances
-- hint: `paylake rebuild` computes both again from raw; keep a copy of data_dir first, the difference is evidence.

with books as (
    select
        mode,
        merchant_id,
        network,
        currency,
        sum(received_final) as received_final,
        sum(platform_fees_final) as platform_fees_final,
        sum(received_pending) as received_pending,
    from marts.daily_credits
    group by mode, merchant_id, network, currency
)

select
    coalesce(books.mode, balances.mode) as mode,
    coalesce(books.merchant_id, balances.merchant_id) as merchant_id,
    coalesce(books.network, balances.network) as network,
    coalesce(books.currency, balances.currency) as currency,
    books.received_final || ', fees ' || books.platform_fees_final || ', pending ' || books.received_pending as expected,
    balances.received_final || ', fees ' || balances.platform_fees_final || ', pending ' || balances.received_pending
        as actual,
from books
full join marts.balances as balances
    on
        books.mode = balances.mode
        and books.merchant_id = balances.merchant_id
        and books.network = balances.network
        and books.currency = balances.currency
where
    (books.received_final, books.platform_fees_final, books.received_pending)
    is distinct from (balances.received_final, balances.platform_fees_final, balances.received_pending)
