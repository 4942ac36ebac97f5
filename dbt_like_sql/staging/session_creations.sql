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
    coalesce(event -> '$.data.metadata', '{}')::varchar as metadata,
    event ->> '$.data.payment_url' as payment_url,
    (event ->> '$.data.expires_at')::timestamptz as expires_at,
    occurred_at,
    batch_id,
from raw.gateway_events
where type = 'session.created'
