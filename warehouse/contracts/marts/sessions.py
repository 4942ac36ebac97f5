"""Contract of `marts.sessions`."""

from __future__ import annotations

from warehouse.contracts.table import Table, fee, integer, text, texts, timestamp, tokens

TABLE = Table(
    name="marts.sessions",
    sentence="One checkout session with its state and its money.",
    grain=("session_id",),
    partition_month="created_at",
    sort=("merchant_id", "created_at DESC"),
    published="range",
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "session_id": text("UUID, lower case."),
        "reference": text("The merchant's own name for it."),
        "amount": tokens("Asked amount."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "decimals": integer("Digits of the token asked for.", null=True),
        "status": text("State of the session.", one_of=("pending", "paid", "failed", "expired")),
        "exception": text(
            "What is unusual about its money.", null=True, one_of=("late", "underpaid", "overpaid", "multiple")
        ),
        "customer_email": text("Customer.", null=True),
        "customer_name": text("Customer.", null=True),
        "description": text("Free text.", null=True),
        "callback_url": text("Where the merchant wants calls.", null=True),
        "metadata": text("JSON object of the merchant."),
        "payment_url": text("Checkout page.", null=True),
        "deposit_address": text("Address handed out last, canonical.", null=True),
        "deposit_address_id": integer("Its id.", null=True),
        "tx_hash": text("Reaching transfer, else the latest matched one.", null=True),
        "tx_block_number": integer("Its block: confirmations = head - block + 1.", null=True),
        "paid_amount": tokens("All matched money; null if none.", null=True),
        "paid_at": timestamp("Block time of the reaching transfer while paid.", null=True),
        "platform_fees": fee("Fees on the same, final or not; null if none.", null=True),
        "transfer_count": integer("Matched transfers."),
        "first_transfer_at": timestamp("Block time of the first.", null=True),
        "last_transfer_at": timestamp("Block time of the last.", null=True),
        "tx_hashes": texts("Hashes of all matched transfers, by block."),
        "required_confirmations": integer(
            "Confirmations asked for; null where the network is not active.", unit="blocks", null=True
        ),
        "created_at": timestamp("When it was created."),
        "updated_at": timestamp("Latest time of its timeline, sweeps left out."),
        "expires_at": timestamp("On-time money ends here, inclusive."),
    },
)
