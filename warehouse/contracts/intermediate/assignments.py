"""Contract of `intermediate.assignments`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp

TABLE = Table(
    name="intermediate.assignments",
    sentence="One valid hand-out of a deposit address to a session, with the time it holds.",
    grain=("event_id",),
    partition_month="assigned_at",
    sort=("assigned_at",),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "deposit_address": text("Canonical address."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "merchant_id": text("The merchant who owns the row."),
        "session_id": text("The session it was given to."),
        "address_id": integer("The gateway's id of the address row."),
        "event_id": text("The assigning event."),
        "assigned_at": timestamp("From here on transfers belong to the session."),
        "held_until": timestamp("Next assignment of the address, exclusive; null while it is the last.", null=True),
    },
)
