"""Contract of `marts.merchants`."""

from __future__ import annotations

from warehouse.contracts.table import Table, rate, text

TABLE = Table(
    name="marts.merchants",
    sentence="One merchant in one mode, as last described.",
    grain=("mode", "merchant_id"),
    sort=("merchant_id",),
    published="bucket",
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "name": text("Display name.", null=True),
        "email": text("Contact.", null=True),
        "default_currency": text("Currency used where none is named."),
        "platform_fee_rate": rate("Rate in force now."),
        "withdrawal_fee_rate": rate("Rate in force now."),
        "status": text("May the merchant use the API?", one_of=("active", "suspended")),
        "timezone": text("IANA name.", null=True),
    },
)
