"""Contract of `raw.inbox_files`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp

TABLE = Table(
    name="raw.inbox_files",
    sentence="One inbox file that was read, by its content.",
    grain=("content_sha256",),
    columns={
        "content_sha256": text("Digest of the file's bytes: the same file is read once, whatever its name."),
        "name": text("Its name when it was read."),
        "size_bytes": integer("Its size on disk.", unit="bytes"),
        "line_count": integer("Lines it held, empty ones left out."),
        "received_at": timestamp("When the row was stored."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
