"""Contract of `marts.sweeps`."""

from __future__ import annotations

from warehouse.contracts.table import Table, base_units, flag, integer, text, timestamp, tokens

TABLE = Table(
    name="marts.sweeps",
    sentence="One sweep: a transfer from a deposit address to a hot wallet, with what the gateway reported of it.",
    grain=("mode", "merchant_id", "id"),
    partition_month="block_time",
    sort=("merchant_id", "block_time DESC"),
    published="range",
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "id": integer("Of the transfer in marts.transactions."),
        "tx_hash": text("Transaction hash, canonical."),
        "log_index": integer("Place of the log in its block."),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "decimals": integer("Digits of the token."),
        "amount": tokens("Swept amount, as the chain has it."),
        "amount_base_units": base_units("The same, as the chain counts it."),
        "deposit_address": text("The address that was swept, canonical."),
        "address_id": integer("The gateway's id of it in this currency; null where it has no row in it.", null=True),
        "hot_wallet": text("Where it went, canonical."),
        "block_number": integer("Height of the block."),
        "block_time": timestamp("Its time."),
        "is_final": flag("At or below the finalised block."),
        "reported_amount": tokens("Amount by the gateway's last report of this address and transaction.", null=True),
        "reported_hot_wallet": text("Hot wallet by the same report, EVM in lower case, else as written.", null=True),
        "reported_at": timestamp("When the gateway says it happened; null where it reported nothing.", null=True),
    },
)
