"""Contract of `intermediate.session_outcomes`."""

from __future__ import annotations

from warehouse.contracts.table import Table, base_units, fee, flag, integer, text, texts, timestamp

TABLE = Table(
    name="intermediate.session_outcomes",
    sentence="What the chain made of one session: status, money, the transfer that reached it.",
    grain=("session_id",),
    partition_month="created_at",
    sort=("merchant_id", "created_at DESC"),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "session_id": text("UUID, lower case."),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "created_at": timestamp("When the session was created."),
        "expires_at": timestamp("On-time money ends here, inclusive."),
        "status": text("State of the session.", one_of=("pending", "paid", "failed", "expired")),
        "exception": text(
            "What is unusual about its money.", null=True, one_of=("late", "underpaid", "overpaid", "multiple")
        ),
        "is_failed_by_gateway": flag("The gateway, not the clock, ended it."),
        "paid_base_units": base_units("All matched money.", null=True),
        "on_time_base_units": base_units("Matched money up to expires_at."),
        "tx_hash": text("Reaching transfer, else the latest matched one.", null=True),
        "tx_block_number": integer("Its block.", null=True),
        "reached_at": timestamp("Block time of the reaching transfer.", null=True),
        "confirmed_at": timestamp("When the reaching transfer had its confirmations.", null=True),
        "platform_fees": fee("Fees on all matched money; null if none.", null=True),
        "transfer_count": integer("Matched transfers."),
        "first_transfer_at": timestamp("Block time of the first.", null=True),
        "last_transfer_at": timestamp("Block time of the last.", null=True),
        "tx_hashes": texts("Hashes of all matched transfers, by block."),
    },
)
