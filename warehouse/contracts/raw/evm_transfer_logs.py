"""Contract of `raw.evm_transfer_logs`."""

from __future__ import annotations

from warehouse.contracts.table import Table, base_units, integer, text, timestamp

TABLE = Table(
    name="raw.evm_transfer_logs",
    sentence="One Transfer log of a registered token that touches a watched address, in one block version.",
    grain=("mode", "network", "block_hash", "log_index"),
    partition_month="block_time",
    sort=("network", "block_number"),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "block_number": integer("Height of the block."),
        "block_hash": text("Hash of the block: a re-mined transfer is another row."),
        "block_time": timestamp("Time of the block."),
        "tx_hash": text("Transaction hash, lower case."),
        "log_index": integer("Place of the log in its block."),
        "token_address": text("Contract that wrote the log, canonical."),
        "from_address": text("Sender, canonical."),
        "to_address": text("Receiver, canonical."),
        "topic_count": integer("Topics of the log: 3 for a token transfer; 4 is an NFT and never counts."),
        "amount_text": text("The uint256 as decimal text; null where the log carries none.", null=True),
        "amount_base_units": base_units("The amount; null where 38 digits do not hold it.", null=True),
        "received_at": timestamp("When the row was stored."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
