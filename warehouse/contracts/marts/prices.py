"""Contract of `marts.prices`."""

from __future__ import annotations

from warehouse.contracts.table import Table, text, timestamp, usd_price

TABLE = Table(
    name="marts.prices",
    sentence="What one token of a currency is worth in US dollars, from a moment to the next price.",
    grain=("currency", "priced_from"),
    sort=("currency", "priced_from"),
    published="shared",
    columns={
        "currency": text("USDT or USDC, or another currency of the settings."),
        "priced_from": timestamp("From when on it holds."),
        "priced_until": timestamp("Until when, exclusive; null for the price in force.", null=True),
        "price_usd": usd_price("Price of one token."),
        "price_source": text("par: one token counts as one dollar; market: quoted.", one_of=("par", "market")),
    },
)
