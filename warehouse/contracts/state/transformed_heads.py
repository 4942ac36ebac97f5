"""Contract of `state.transformed_heads`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp

TABLE = Table(
    name="state.transformed_heads",
    sentence="The heads the derived tables were last computed with: what lies beyond is due.",
    grain=("mode", "network"),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "head_block": integer("Ingested head then."),
        "head_time": timestamp("Its time."),
        "finalized_block": integer("Finalised block then."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
