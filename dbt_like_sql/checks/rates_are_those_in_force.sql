-- A transfer is charged at the rate that was in force for its merchant when its block was made.
-- invariant: 35
-- about: marts.transactions
-- hint: `paylake rebuild` charges every transfer again; the rates are in intermediate.merchant_rates.

with rated as (
    select
        transactions.mode,
        transactions.merchant_id,
        transactions.id,
        transactions.tx_hash,
        transactions.platform_fee_rate,
        coalesce(rates.platform_fee_rate, defaults.platform_fee_rate) as rate_in_force,
    from marts.transactions as transactions
    cross join registry.merchant_defaults as defaults
    asof left join intermediate.merchant_rates as rates
        on
            transactions.mode = rates.mode
            and transactions.merchant_id = rates.merchant_id
            and transactions.block_time >= rates.effective_from
    where transactions.type = 'incoming'
)

select
    mode,
    merchant_id,
    id,
    tx_hash,
    rate_in_force::varchar as expected,
    platform_fee_rate::varchar as actual,
from rated
where platform_fee_rate is distinct from rate_in_force
