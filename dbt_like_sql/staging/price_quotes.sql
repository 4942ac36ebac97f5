-- One price of a currency from a moment on; of several for one moment, the one stored last.
-- grain: currency, quoted_at

select currency, quoted_at, price_usd, price_source, batch_id
from raw.prices
qualify row_number() over (partition by currency, quoted_at order by batch_id desc) = 1
