"""Contract of `raw.gateway_quarantine`."""

from __future__ import annotations

from warehouse.contracts.table import Table, blob, integer, text, timestamp

TABLE = Table(
    name="raw.gateway_quarantine",
    sentence="One refused line of the gateway feed, byte for byte.",
    grain=("quarantine_id",),
    columns={
        "quarantine_id": text("SHA-256 of source and bytes: the same refusal twice is one row."),
        "source": text("Where it came from: file name or feed URL."),
        "position": integer("Line in the file or index in the page, from 1."),
        "line": blob("The refused bytes."),
        "reason_code": text("Why, as a stable word."),
        "reason": text("Why, as a sentence that names the key."),
        "received_at": timestamp("When the row was stored."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
