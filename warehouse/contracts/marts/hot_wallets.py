"""Contract of `marts.hot_wallets`."""

from __future__ import annotations

from warehouse.contracts.table import Table, text, timestamp

TABLE = Table(
    name="marts.hot_wallets",
    sentence="The hot wallet of one mode and network that was registered last: where sweeps go now.",
    grain=("mode", "network"),
    sort=("mode", "network"),
    published="shared",
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "address": text("Canonical address."),
        "registered_at": timestamp("When the gateway registered it."),
    },
)
