"""Contract of `raw.evm_blocks`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp

TABLE = Table(
    name="raw.evm_blocks",
    sentence="One block header that some transfer needs for its time or its confirmation.",
    grain=("mode", "network", "block_hash"),
    partition_month="block_time",
    sort=("network", "block_number"),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "block_number": integer("Height of the block."),
        "block_hash": text("Its hash."),
        "parent_hash": text("Hash of the block before it."),
        "block_time": timestamp("Its time."),
        "received_at": timestamp("When the row was stored."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
