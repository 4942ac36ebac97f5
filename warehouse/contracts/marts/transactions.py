"""Contract of `marts.transactions`."""

from __future__ import annotations

from warehouse.contracts.table import Table, base_units, fee, flag, integer, rate, text, timestamp, tokens, wei

TABLE = Table(
    name="marts.transactions",
    sentence="One token transfer that moved a merchant's money.",
    grain=("mode", "merchant_id", "id"),
    partition_month="block_time",
    sort=("merchant_id", "block_time DESC"),
    published="range",
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "id": integer("Derived from network, block, log index and direction: the same everywhere."),
        "type": text("Direction.", one_of=("incoming", "outgoing", "sweep")),
        "tx_hash": text("Transaction hash, canonical."),
        "log_index": integer("Place of the log in its block."),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "decimals": integer("Digits of the token."),
        "amount": tokens("Moved amount."),
        "amount_base_units": base_units("The same, as the chain counts it."),
        "from_address": text("Sender, canonical."),
        "to_address": text("Receiver, canonical."),
        "deposit_address": text("The merchant's address in it, canonical."),
        "block_number": integer("Height of the block."),
        "block_hash": text("Its hash."),
        "block_time": timestamp("Its time."),
        "session_id": text("Session it was matched to.", null=True),
        "reference": text("That session's reference.", null=True),
        "platform_fee_rate": rate("Rate in force at the block time; incoming only.", null=True),
        "platform_fee": fee("Fee on this transfer; incoming only.", null=True),
        "is_final": flag("At or below the finalised block."),
        "gas_used": integer("Gas the whole transaction used; null until its receipt is read.", unit="gas", null=True),
        "gas_price": wei("What was paid for each.", null=True),
        "gas_fee": tokens(
            "Native coin the whole transaction cost its sender; the same in each of its transfers.", null=True
        ),
        "confirmed_at": timestamp("Time of the block that gave it its confirmations.", null=True),
    },
)
