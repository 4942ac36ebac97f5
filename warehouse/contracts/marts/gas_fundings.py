"""Contract of `marts.gas_fundings`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp, tokens

TABLE = Table(
    name="marts.gas_fundings",
    sentence="One funding of a deposit address with native coin, as the gateway reported it.",
    grain=("event_id",),
    partition_month="funded_at",
    sort=("merchant_id", "funded_at DESC"),
    published="range",
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "event_id": text("The gateway event that reported it."),
        "address_id": integer("The gateway's id of the address."),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "deposit_address": text("The address, canonical."),
        "tx_hash": text("Transaction hash, canonical."),
        "amount": tokens("Amount of the network's native coin."),
        "funded_at": timestamp("When the gateway says it happened."),
    },
)
