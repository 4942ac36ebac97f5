"""Contract of `intermediate.session_descriptions`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp

TABLE = Table(
    name="intermediate.session_descriptions",
    sentence="One description of a checkout session, whether it holds or not, read from its event once.",
    grain=("event_id",),
    partition_month="occurred_at",
    sort=("occurred_at",),
    columns={
        "event_id": text("The event that says so."),
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who says so."),
        "session_id": text("UUID, lower case."),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "reference": text("The merchant's own name for it."),
        "amount_text": text("Asked amount, as the event spells it."),
        "customer_email": text("Customer.", null=True),
        "customer_name": text("Customer.", null=True),
        "description": text("Free text.", null=True),
        "callback_url": text("Where the merchant wants calls.", null=True),
        "metadata": text("JSON object of the merchant."),
        "payment_url": text("Checkout page.", null=True),
        "expires_at": timestamp("On-time money ends here, inclusive."),
        "occurred_at": timestamp("When the gateway says it happened."),
        "batch_id": integer("The lake transaction that appended the event; rises with time."),
    },
)
