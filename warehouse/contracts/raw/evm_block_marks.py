"""Contract of `raw.evm_block_marks`."""

from __future__ import annotations

from warehouse.contracts.table import Table, flag, integer, text, timestamp

TABLE = Table(
    name="raw.evm_block_marks",
    sentence="One change of a chain's mind: a block that was ingested left the chain, or came back to it.",
    grain=("mode", "network", "block_hash", "batch_id"),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "block_number": integer("Height of the block."),
        "block_hash": text("Its hash."),
        "is_orphaned": flag("It left the chain; false: it came back."),
        "received_at": timestamp("When the row was stored."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
