"""Contract of `state.address_coverage`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text

TABLE = Table(
    name="state.address_coverage",
    sentence="From which block on the transfers of one address in one token are in the lake.",
    grain=("mode", "network", "address", "token_address"),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "address": text("Watched address, canonical."),
        "token_address": text("Token contract, canonical."),
        "from_block": integer("First covered block; covered up to the network's head."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
