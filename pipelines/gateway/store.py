"""Batches of the feed → the lake, each in one transaction with its cursor or its file.

Belongs here: telling new from known, and conflicts. Does not belong here: reading the feed, or what events mean.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from pipelines.gateway import queries
from pipelines.gateway.batches import CURSORS_TABLE, FeedBatch, RefusedLine, to_frames
from pipelines.gateway.events import Event
from warehouse.lake import Lake, Write

CONFLICT_REASON = "event_id: known with other content; the first received stays"


@dataclass(frozen=True, slots=True)
class AppendResult:
    """What became of a batch: the four add up to what it held.

    Attributes:
        accepted: events that are new.
        duplicates: events known with the same content, and everything in a file that was read before.
        conflicts: events known with other content; they are in quarantine.
        refused: lines that are no events; they are in quarantine.
    """

    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    refused: int = 0


@dataclass(slots=True)
class Sorted:
    """Events told apart by what the lake holds."""

    fresh: list[Event] = field(default_factory=list)
    duplicates: list[Event] = field(default_factory=list)
    conflicts: list[Event] = field(default_factory=list)


def append(lake: Lake, batch: FeedBatch) -> AppendResult:
    """Store a batch: new events, refused lines, and its cursor or file, all or nothing.

    Storing the same batch again, or a part of it within another, adds nothing.

    Raises:
        StorageError: the lake cannot be written; then nothing of the batch is stored.
    """
    return lake.write_tx(lambda write: _append(write, batch))


def file_is_known(lake: Lake, content_sha256: str) -> bool:
    """Whether an inbox file with these bytes was stored before."""
    return bool(lake.rows(queries.FILE_IS_KNOWN, {"content_sha256": content_sha256}))


def read_cursor(lake: Lake, source: str) -> str | None:
    """Where the HTTP feed of this name continues; None at the beginning."""
    rows = lake.rows(queries.CURSOR, {"source": source})
    return rows[0]["cursor"] if rows else None


def sort_events(write: Write, events: Sequence[Event]) -> Sorted:
    """Tell new events from known ones and from conflicts, also among themselves: the first of an id counts."""
    matching = _matching(write, queries.KNOWN_EVENTS, (event.event_id for event in events))
    known = {event_id: content_sha256 for event_id, content_sha256 in matching}
    found = Sorted()
    for event in events:
        content = known.get(event.event_id)
        if content is None:
            known[event.event_id] = event.content_sha256
            found.fresh.append(event)
        elif content == event.content_sha256:
            found.duplicates.append(event)
        else:
            found.conflicts.append(event)
    return found


def _append(write: Write, batch: FeedBatch) -> AppendResult:
    if batch.file and _known_file(write, batch.file.content_sha256):
        return AppendResult(duplicates=batch.received)
    found = sort_events(write, batch.events)
    conflicts = [
        RefusedLine(event.source, event.line, event.position, "conflict", CONFLICT_REASON) for event in found.conflicts
    ]
    new_refusals = _new_refusals(write, [*batch.refusals, *conflicts])
    for table, frame in to_frames(replace(batch, events=found.fresh, refusals=new_refusals)).items():
        write.append(table, frame)
    if batch.cursor is not None:
        _move_cursor(write, batch.source, batch.cursor)
    return AppendResult(len(found.fresh), len(found.duplicates), len(conflicts), len(batch.refusals))


def _known_file(write: Write, content_sha256: str) -> bool:
    return bool(write.connection.execute(queries.FILE_IS_KNOWN, {"content_sha256": content_sha256}).fetchall())


def _new_refusals(write: Write, refusals: Sequence[RefusedLine]) -> list[RefusedLine]:
    by_id: dict[str, RefusedLine] = {}
    for refusal in refusals:
        by_id.setdefault(refusal.quarantine_id, refusal)
    for (known,) in _matching(write, queries.KNOWN_REFUSALS, by_id):
        del by_id[known]
    return list(by_id.values())


def _move_cursor(write: Write, source: str, cursor: str) -> None:
    write.connection.execute(queries.FORGET_CURSOR, {"source": source})
    row = {"source": [source], "cursor": [cursor], "updated_at": [write.received_at]}
    schema = {"source": pl.String(), "cursor": pl.String(), "updated_at": pl.Datetime("us", "UTC")}
    write.append(CURSORS_TABLE, pl.DataFrame(row, schema))


def _matching(write: Write, sql: str, keys: Iterable[str]) -> list[tuple[str, ...]]:
    frame = pl.DataFrame({"key": list(keys)}, {"key": pl.String()})
    if frame.is_empty():
        return []
    write.connection.register("feed_keys", frame)
    try:
        return write.connection.execute(sql).fetchall()
    finally:
        write.connection.unregister("feed_keys")
