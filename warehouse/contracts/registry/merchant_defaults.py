"""Contract of `registry.merchant_defaults`."""

from __future__ import annotations

from warehouse.contracts.table import Table, rate, text

TABLE = Table(
    name="registry.merchant_defaults",
    sentence="Terms in force until merchant.updated says otherwise (one row).",
    grain=("default_currency",),
    columns={
        "platform_fee_rate": rate("Platform fee of each credited payment."),
        "withdrawal_fee_rate": rate("Fee inside each withdrawal."),
        "default_currency": text("Currency of a merchant who named none."),
    },
)
