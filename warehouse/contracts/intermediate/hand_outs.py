"""Contract of `intermediate.hand_outs`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp

TABLE = Table(
    name="intermediate.hand_outs",
    sentence="One hand-out of a deposit address to a session, whether it holds or not, read from its event once.",
    grain=("event_id",),
    partition_month="assigned_at",
    sort=("address_id",),
    columns={
        "event_id": text("The event that says so."),
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "merchant_id": text("The merchant who says so."),
        "session_id": text("UUID, lower case."),
        "address_id": integer("The gateway's id of the address row."),
        "assigned_at": timestamp("When the gateway says it happened."),
        "batch_id": integer("The lake transaction that appended the event; rises with time."),
    },
)
