"""Contract of `marts.balances`."""

from __future__ import annotations

from warehouse.contracts.table import Table, fee, text, tokens

TABLE = Table(
    name="marts.balances",
    sentence="What one merchant ever received in one currency of one network.",
    grain=("mode", "merchant_id", "network", "currency"),
    sort=("merchant_id",),
    published="bucket",
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "received_final": tokens("Incoming and final."),
        "platform_fees_final": fee("Platform fees of the same."),
        "received_pending": tokens("Incoming, not yet final."),
    },
)
