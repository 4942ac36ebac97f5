"""Contract of `raw.prices`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp, usd_price

TABLE = Table(
    name="raw.prices",
    sentence="What one token of a currency was worth in US dollars from a moment on, as a source quoted it.",
    grain=("currency", "quoted_at", "batch_id"),
    columns={
        "currency": text("USDT or USDC, or another currency of the settings."),
        "quoted_at": timestamp("From when on it holds; the beginning of time for par."),
        "price_usd": usd_price("Price of one token."),
        "price_source": text("par: one token counts as one dollar; market: quoted.", one_of=("par", "market")),
        "received_at": timestamp("When the row was stored."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
