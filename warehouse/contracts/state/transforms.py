"""Contract of `state.transforms`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text

TABLE = Table(
    name="state.transforms",
    sentence="What the derived tables were last computed from (one row).",
    grain=("batch_id",),
    columns={
        "code_fingerprint": text("Digest of SQL models and contracts; another one means rebuild."),
        "settings_fingerprint": text("Digest of networks, tokens and defaults; another one means rebuild."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
