"""Contract of `marts.addresses`."""

from __future__ import annotations

from warehouse.contracts.table import Table, flag, integer, text, texts, timestamp, tokens

TABLE = Table(
    name="marts.addresses",
    sentence="One deposit address of a merchant in one currency.",
    grain=("id",),
    sort=("merchant_id", "created_at DESC"),
    published="bucket",
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "id": integer("The gateway's id."),
        "address": text("Canonical address."),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "is_active": flag("May be handed out."),
        "is_assigned": flag("A pending session holds it now."),
        "assigned_session_id": text("That session.", null=True),
        "assigned_reference": text("Its reference.", null=True),
        "balance": tokens("Received minus everything that left, at the ingested head."),
        "total_received": tokens("All incoming."),
        "total_swept": tokens("All sweeps."),
        "final_balance": tokens("Balance of final transfers alone."),
        "sweep_status": text("State of sweeping.", null=True, one_of=("pending", "swept", "failed")),
        "last_swept_at": timestamp("Block time of the last sweep.", null=True),
        "sweep_tx_hash": text("Its hash.", null=True),
        "times_reused": integer("Assignments to sessions."),
        "first_used_at": timestamp("First assignment.", null=True),
        "last_used_at": timestamp("Last assignment.", null=True),
        "session_ids": texts("Sessions it was ever given to, each once, in the order of their ids."),
        "first_session_at": timestamp("When the first created of them was.", null=True),
        "last_session_at": timestamp("When the last created of them was.", null=True),
        "first_transfer_at": timestamp("Block time of the first transfer in or out.", null=True),
        "last_transfer_at": timestamp("Block time of the last.", null=True),
        "gas_funded_at": timestamp("Last funding with native coin.", null=True),
        "gas_tx_hash": text("Its hash.", null=True),
        "gas_amount": tokens("Its amount of native coin.", null=True),
        "created_at": timestamp("When it was created."),
        "updated_at": timestamp("Latest of its events and transfers."),
    },
)
