"""Contract of `intermediate.address_claims`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp

TABLE = Table(
    name="intermediate.address_claims",
    sentence="One claim that an address row exists, whether it holds or not, read from its event once.",
    grain=("event_id",),
    partition_month="occurred_at",
    sort=("address_id",),
    columns={
        "event_id": text("The event that says so."),
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who says so."),
        "address_id": integer("The gateway's id of the address row."),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "deposit_address": text("Canonical address."),
        "occurred_at": timestamp("When the gateway says it happened."),
        "batch_id": integer("The lake transaction that appended the event; rises with time."),
    },
)
