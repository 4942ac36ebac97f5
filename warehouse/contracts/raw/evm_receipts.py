"""Contract of `raw.evm_receipts`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp, wei

TABLE = Table(
    name="raw.evm_receipts",
    sentence="The receipt of one transaction that holds a stored transfer, in one block version.",
    grain=("mode", "network", "tx_hash", "block_hash"),
    partition_month="block_time",
    sort=("network", "block_number"),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "tx_hash": text("Transaction hash, lower case."),
        "block_hash": text("Hash of the block: a re-mined transaction has another receipt."),
        "block_number": integer("Height of the block."),
        "block_time": timestamp("Time of the block."),
        "from_address": text("Who sent the transaction and paid for it, canonical."),
        "status": integer("1 if it succeeded, 0 if it was reverted; null where the node does not say.", null=True),
        "gas_used": integer("Gas it used.", unit="gas"),
        "effective_gas_price_wei": wei("What was paid for each; null where the node does not say.", null=True),
        "fee_wei": wei("Gas used times its price; null without a price, or where more than gas was paid.", null=True),
        "received_at": timestamp("When the row was stored."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
