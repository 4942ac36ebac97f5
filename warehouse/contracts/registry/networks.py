"""Contract of `registry.networks`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text

TABLE = Table(
    name="registry.networks",
    sentence="One active network as the settings describe it.",
    grain=("mode", "network"),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "family": text("Chain family: evm, tron or solana."),
        "network_rank": integer(
            "Place in the order of networks: BSC, ETH, POL, TRX, SOL, then others by name; part of ids."
        ),
        "required_confirmations": integer("Confirmations that make a transfer count for its session.", unit="blocks"),
    },
)
