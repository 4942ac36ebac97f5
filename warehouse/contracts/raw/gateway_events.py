"""Contract of `raw.gateway_events`."""

from __future__ import annotations

from warehouse.contracts.table import Table, integer, text, timestamp

TABLE = Table(
    name="raw.gateway_events",
    sentence="One gateway event, as first received.",
    grain=("event_id",),
    partition_month="occurred_at",
    sort=("type", "object_id"),
    columns={
        "event_id": text("The gateway's unique id of the event."),
        "type": text("The kind of event, for example session.created."),
        "occurred_at": timestamp("When the gateway says it happened."),
        "merchant_id": text("The merchant it concerns; null for platform events.", null=True),
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "object_id": text(
            "What it speaks of: session id, address id, NETWORK:address of a hot wallet, or merchant id."
        ),
        "address": text("Canonical form of the deposit or hot wallet address it introduces.", null=True),
        "metadata": text("The session's metadata object as canonical JSON, digit by digit.", null=True),
        "event": text("The whole event as canonical JSON, unknown keys included."),
        "content_sha256": text("Digest of that JSON: tells a repetition from a conflict."),
        "source": text("Where it came from: file name or feed URL."),
        "position": integer("Line in the file or index in the page, from 1."),
        "received_at": timestamp("When the row was stored."),
        "batch_id": integer("The lake transaction that appended the row; rises with time."),
    },
)
