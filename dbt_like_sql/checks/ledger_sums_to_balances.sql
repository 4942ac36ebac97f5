-- The entries of a book sum to its balance: what came for good, and the fees on it.
-- invariant: 3
-- about: marts.balances
-- hint: `paylake rebuild` computes both again from raw; keep a copy of data_dir first, the difference is evidence.

with books as (
    select
        mode,
        merchant_id,
        network,
        currency,
        sum(amount) as received,
        sum(fee) as fees,
    from marts.ledger
    group by mode, merchant_id, network, currency
)

select
    coalesce(balances.mode, books.mode) as mode,
    coalesce(balances.merchant_id, books.merchant_id) as merchant_id,
    coalesce(balances.network, books.network) as network,
    coalesce(balances.currency, books.currency) as currency,
    balances.received_final || ', fees ' || balances.platform_fees_final as expected,
    books.received || ', fees ' || books.fees as actual,
from marts.balances as balances
full join books
    on
        balances.mode = books.mode
        and balances.merchant_id = books.merchant_id
        and balances.network = books.network
        and balances.currency = books.currency
-- a book of which nothing is final yet has no entries
where
    coalesce(balances.received_final, 0) <> coalesce(books.received, 0)
    or coalesce(balances.platform_fees_final, 0) <> coalesce(books.fees, 0)
    or (balances.mode is null and books.mode is not null)
