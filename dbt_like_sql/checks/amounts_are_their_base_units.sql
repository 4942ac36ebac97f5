-- A transfer's amount in tokens is its base units, digit by digit.
-- invariant: 6
-- about: marts.transactions
-- hint: A token's decimals are wrong in the settings, or were when the row was computed: `paylake rebuild`.

select
    transactions.mode,
    transactions.merchant_id,
    transactions.id,
    transactions.tx_hash,
    transactions.amount_base_units || ' base units of ' || tokens.decimals || ' decimals' as expected,
    transactions.amount || ' of ' || transactions.decimals || ' decimals' as actual,
from marts.transactions as transactions
inner join registry.tokens as tokens
    on
        transactions.mode = tokens.mode
        and transactions.network = tokens.network
        and transactions.currency = tokens.currency
where
    transactions.decimals <> tokens.decimals
    or transactions.amount
    <> (transactions.amount_base_units * tokens.scale_to_18)::decimal(38, 0) * 0.000000000000000001::decimal(19, 18)
