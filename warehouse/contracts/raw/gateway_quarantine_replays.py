"""Contract of `raw.gateway_quarantine_replays`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp

TABLE = Table(
    name="raw.gateway_quarantine_replays",
    sentence="One try to take a refused line after all.",
    grain=("quarantine_id", "replayed_at"),
    columns={
        "quarantine_id": text("The refused line."),
        "outcome": text("What became of it.", one_of=("accepted", "duplicate", "refused")),
        "reason": text("Why it was refused again, if it was.", null=True),
        "replayed_at": timestamp("When it was tried."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
