-- One merchant in one mode, as last described.
-- grain: mode, merchant_id

with known as (
    select mode, merchant_id from staging.merchant_updates
    union
    select mode, merchant_id from intermediate.deposit_addresses
    union
    select mode, merchant_id from intermediate.session_terms
),

last_words as (
    select *
    from staging.merchant_updates
    qualify row_number() over (partition by mode, merchant_id order by occurred_at desc, event_id desc) = 1
)

-- terms that nobody named are the deployment's defaults
select
    known.mode,
    known.merchant_id,
    last_words.name,
    last_words.email,
    coalesce(last_words.default_currency, defaults.default_currency) as default_currency,
    coalesce(last_words.platform_fee_rate, defaults.platform_fee_rate) as platform_fee_rate,
    coalesce(last_words.withdrawal_fee_rate, defaults.withdrawal_fee_rate) as withdrawal_fee_rate,
    coalesce(last_words.status, 'active') as status,
    last_words.timezone,
from known
cross join registry.merchant_defaults as defaults
left join last_words on known.mode = last_words.mode and known.merchant_id = last_words.merchant_id
