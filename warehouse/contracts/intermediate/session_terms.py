"""Contract of `intermediate.session_terms`."""

from __future__ import annotations

from warehouse.contracts.table import Table, base_units, integer, text, timestamp, tokens

TABLE = Table(
    name="intermediate.session_terms",
    sentence="One session as its gateway describes it: the last word of its own merchant.",
    grain=("session_id",),
    partition_month="created_at",
    sort=("merchant_id", "created_at DESC"),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "session_id": text("UUID, lower case."),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "reference": text("The merchant's own name for it."),
        "amount": tokens("Asked amount."),
        "decimals": integer("Digits of the token asked for; null where the token is not registered.", null=True),
        "amount_base_units": base_units(
            "Asked amount, rounded up to a payable one; null where the token is not registered.", null=True
        ),
        "customer_email": text("Customer.", null=True),
        "customer_name": text("Customer.", null=True),
        "description": text("Free text.", null=True),
        "callback_url": text("Where the merchant wants calls.", null=True),
        "metadata": text("JSON object of the merchant."),
        "payment_url": text("Checkout page.", null=True),
        "created_at": timestamp("When the winning description was made."),
        "expires_at": timestamp("On-time money ends here, inclusive."),
        "failed_at": timestamp("When the gateway declared it failed.", null=True),
    },
)
