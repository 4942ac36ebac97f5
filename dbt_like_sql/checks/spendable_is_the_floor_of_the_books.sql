-- What the operational store lets a merchant spend is the floor, to 1e-8, of what came for good less the fees.
-- invariant: 6
-- about: operations.balance_credits
-- hint: A restart of `paylake sync` hands every balance over again; one that does not fit is a problem it names.

with books as (
    select
        balances.mode,
        balances.merchant_id,
        balances.network,
        balances.currency,
        (balances.received_final - balances.platform_fees_final)::decimal(38, 18) as exact,
        exact - exact % 0.00000001::decimal(19, 18) as spendable,
    from marts.balances as balances
    inner join state.chain_heads as heads on balances.mode = heads.mode and balances.network = heads.network
),

compared as (
    select
        coalesce(books.mode, credits.mode) as mode,
        coalesce(books.merchant_id, credits.merchant_id) as merchant_id,
        coalesce(books.network, credits.network) as network,
        coalesce(books.currency, credits.currency) as currency,
        coalesce(books.spendable, 0) as spendable,
        coalesce(credits.credited_total_e8 * 0.00000001::decimal(9, 8), 0) as credited,
        coalesce(credits.version, (select max(version) from operations.balance_credits), -1) as version,
    from books
    full join operations.balance_credits as credits
        on
            books.mode = credits.mode
            and books.merchant_id = credits.merchant_id
            and books.network = credits.network
            and books.currency = credits.currency
)

select
    compared.mode,
    compared.merchant_id,
    compared.network,
    compared.currency,
    compared.spendable::varchar as expected,
    compared.credited::varchar as actual,
from compared
-- what changed after the last hand-over is handed over by the pass that is under way, or by the next
anti join state.touched_merchants as touched
    on
        compared.mode = touched.mode
        and compared.merchant_id = touched.merchant_id
        and compared.version < touched.batch_id
where
    compared.spendable <> compared.credited
    -- a total that the store cannot hold is refused by name
    and compared.spendable <= 90000000000
