-- One description of a checkout session: a session.created event, whether it holds or not.
-- grain: event_id

select
    event_id,
    mode,
    merchant_id,
    object_id as session_id,
    event ->> '$.data.network' as network,
    event ->> '$.data.currency' as currency,
    event ->> '$.data.reference' as reference,
    event ->> '$.data.amount' as amount_text,
    event ->> '$.data.customer.email' as customer_email,
    event ->> '$.data.customer.name' as customer_name,
    event ->> '$.data.description' as description,
    event ->> '$.data.callback_url' as callback_url,
    -- not from the event: DuckDB's JSON would turn long numbers into doubles
    coalesce(metadata, '{}') as metadata,
    event ->> '$.data.payment_url' as payment_url,
    -- ISO 8601 allows hours and minutes alone; the cast wants seconds
    regexp_replace(event ->> '$.data.expires_at', '(T\d{2}:\d{2})(Z|[+-])', '\1:00\2')::timestamptz as expires_at,
    occurred_at,
    batch_id,
from raw.gateway_events
where type = 'session.created'
