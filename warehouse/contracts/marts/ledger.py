"""Contract of `marts.ledger`."""

from __future__ import annotations

from warehouse.contracts.table import Table, fee, integer, rate, text, timestamp, tokens

TABLE = Table(
    name="marts.ledger",
    sentence="One entry in a merchant's book: what came in, the fee on it and what remains; posted once final.",
    grain=("mode", "merchant_id", "id"),
    partition_month="posted_at",
    sort=("merchant_id", "posted_at DESC"),
    published="range",
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "id": integer("A payment's is that of its transfer: derived from the chain, the same everywhere."),
        "type": text("What moved the balance.", one_of=("payment",)),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "decimals": integer("Digits of the token."),
        "amount": tokens("Gross amount, exact."),
        "platform_fee_rate": rate("Rate in force at the block time."),
        "fee": fee("Fee inside the amount, as marts.transactions has it."),
        "net": tokens("Amount less fee, exact: what the balance grows by."),
        "posted_at": timestamp("Block time of the payment."),
        "transaction_id": integer("The transfer's id in marts.transactions."),
        "tx_hash": text("Its transaction hash, canonical."),
        "deposit_address": text("The merchant's address that received it, canonical."),
        "session_id": text("Session it was matched to.", null=True),
        "reference": text("That session's reference.", null=True),
    },
)
