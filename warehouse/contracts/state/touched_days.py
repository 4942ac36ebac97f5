"""Contract of `state.touched_days`."""

from __future__ import annotations

from warehouse.contracts.table import Table, day, integer, text

TABLE = Table(
    name="state.touched_days",
    sentence="A day of a published table whose rows one pass changed.",
    grain=("table_name", "day", "batch_id"),
    columns={
        "table_name": text("The mart."),
        "day": day("Day of the rows that changed."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
