-- One session as its gateway describes it: the last word of its own merchant.
-- grain: session_id
-- incremental: affected.sessions on session_id
-- within: created_at

with creations as (
    select creations.*
    from intermediate.session_descriptions as creations
    semi join affected.sessions as sessions on creations.session_id = sessions.session_id
    where creations.occurred_at between getvariable('earliest') and getvariable('latest')
),

-- the earliest creation says whose session it is: later ones of another merchant, mode, network, currency do not count
identities as (
    select session_id, mode, merchant_id, network, currency
    from creations
    qualify row_number() over (partition by session_id order by occurred_at, event_id) = 1
),

last_words as (
    select creations.*
    from creations
    inner join identities
        on
            creations.session_id = identities.session_id
            and creations.mode = identities.mode
            and creations.merchant_id = identities.merchant_id
            and creations.network = identities.network
            and creations.currency = identities.currency
    qualify row_number() over (
        partition by creations.session_id order by creations.occurred_at desc, creations.event_id desc
    ) = 1
),

failures as (
    select failures.session_id, max(failures.failed_at) as failed_at
    from staging.session_failures as failures
    inner join identities
        on
            failures.session_id = identities.session_id
            and failures.mode = identities.mode
            and failures.merchant_id = identities.merchant_id
    group by failures.session_id
),

priced as (
    select
        last_words.*,
        tokens.decimals,
        split_part(amount_text, '.', 1) as whole_digits,
        split_part(amount_text, '.', 2) as fraction_digits,
    from last_words
    left join registry.tokens as tokens
        on
            last_words.mode = tokens.mode
            and last_words.network = tokens.network
            and last_words.currency = tokens.currency
)

select
    priced.mode,
    priced.merchant_id,
    priced.session_id,
    priced.network,
    priced.currency,
    priced.reference,
    priced.amount_text::decimal(38, 18) as amount,
    priced.decimals,
    -- what cannot be paid in whole base units is rounded up to what can
    (
        -- by way of hugeint, which holds all 38 digits: text to decimal takes 80 times as long
        (whole_digits || rpad(left(fraction_digits, decimals), decimals::integer, '0'))::hugeint::decimal(38, 0)
        + if(rtrim(substr(fraction_digits, decimals + 1), '0') = '', 0, 1)
    )::decimal(38, 0) as amount_base_units,
    priced.customer_email,
    priced.customer_name,
    priced.description,
    priced.callback_url,
    priced.metadata,
    priced.payment_url,
    priced.occurred_at as created_at,
    priced.expires_at,
    failures.failed_at,
from priced
left join failures on priced.session_id = failures.session_id
