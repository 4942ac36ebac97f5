-- One description of a checkout session, whether it holds or not, read from its event once.
-- grain: event_id
-- materialize: appended

select
    event_id,
    mode,
    merchant_id,
    session_id,
    network,
    currency,
    reference,
    amount_text,
    customer_email,
    customer_name,
    description,
    callback_url,
    metadata,
    payment_url,
    expires_at,
    occurred_at,
    batch_id,
from staging.session_creations
where batch_id > getvariable('since_batch')
