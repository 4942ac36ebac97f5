"""Contract of `intermediate.deposit_addresses`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp

TABLE = Table(
    name="intermediate.deposit_addresses",
    sentence="One deposit address row that holds: the earliest claim owns the address.",
    grain=("address_id",),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "deposit_address": text("Canonical address."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "merchant_id": text("The merchant who owns the row."),
        "address_id": integer("The gateway's id of the row."),
        "created_at": timestamp("When the winning description was made."),
    },
)
