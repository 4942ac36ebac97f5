"""Contract of `state.chain_heads`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, texts, timestamp

TABLE = Table(
    name="state.chain_heads",
    sentence="The last block of one network whose transfers are all in the lake, and how far finality reached.",
    grain=("mode", "network"),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "head_block": integer("The ingested head: confirmations count from here."),
        "head_hash": text("Its hash."),
        "head_time": timestamp("Its time."),
        "finalized_block": integer("Highest block seen as final; never goes back."),
        "window_hashes": texts("Hashes of the blocks from the finalised one to the head: they may still be replaced."),
        "observed_at": timestamp("When a node said so."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
