"""Contract of `state.touched_merchants`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text

TABLE = Table(
    name="state.touched_merchants",
    sentence="A merchant whose rows one pass changed in tables published by merchant.",
    grain=("mode", "merchant_id", "batch_id"),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
