"""Contract of `state.feed_cursors`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp

TABLE = Table(
    name="state.feed_cursors",
    sentence="How far one HTTP feed has been stored.",
    grain=("source",),
    columns={
        "source": text("The feed, without path, query or credentials."),
        "cursor": text("Opaque cursor to ask for next."),
        "updated_at": timestamp("When it last moved."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
