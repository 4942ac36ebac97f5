-- A fee is amount times rate, rounded half-up to 1e-8, at most the whole 1e-8 of what came.
-- invariant: 35
-- about: marts.transactions
-- hint: `paylake rebuild` computes the fees again; keep a copy of data_dir first, the difference is money.

with charged as (
    select
        *,
        amount * platform_fee_rate - platform_fee as rest,
    from marts.transactions
    where type = 'incoming'
)

select
    mode,
    merchant_id,
    id,
    tx_hash,
    (amount * platform_fee_rate) || ' rounded, at most ' || amount as expected,
    platform_fee::varchar as actual,
from charged
where
    platform_fee < 0
    or platform_fee > amount
    or rest < -0.000000005
    -- more may be left only where the fee is all that came
    or (rest >= 0.000000005 and amount - platform_fee >= 0.00000001)
