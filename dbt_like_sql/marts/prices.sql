-- What one token of a currency is worth in US dollars, from a moment to the next price.
-- grain: currency, priced_from

select
    currency,
    quoted_at as priced_from,
    lead(quoted_at) over (partition by currency order by quoted_at) as priced_until,
    price_usd,
    price_source,
from staging.price_quotes
