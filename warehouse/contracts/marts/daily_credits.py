"""Contract of `marts.daily_credits`."""

from __future__ import annotations

from warehouse.contracts.table import Table, day, fee, integer, text, tokens

TABLE = Table(
    name="marts.daily_credits",
    sentence="What one merchant received in one currency of one network on one UTC day.",
    grain=("mode", "merchant_id", "network", "currency", "day"),
    sort=("merchant_id", "day DESC"),
    published="bucket",
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "day": day("Day of the block times."),
        "received_final": tokens("Incoming and final."),
        "platform_fees_final": fee("Platform fees of the same."),
        "received_pending": tokens("Incoming, not yet final."),
        "transfer_count": integer("Incoming transfers."),
    },
)
