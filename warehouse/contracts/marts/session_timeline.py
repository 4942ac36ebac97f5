"""Contract of `marts.session_timeline`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp

TABLE = Table(
    name="marts.session_timeline",
    sentence="One event in the life of one session.",
    grain=("session_id", "sequence"),
    partition_month="session_created_at",
    sort=("merchant_id", "session_created_at DESC"),
    published="range",
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who owns the row."),
        "session_id": text("UUID, lower case."),
        "session_created_at": timestamp("When the session was created: finds the segment."),
        "event": text("What happened."),
        "event_at": timestamp("When."),
        "event_rank": integer("Order among events of one time."),
        "details": text("As a sentence."),
        "sequence": integer("Place in the session's timeline, from 1."),
    },
)
