"""What one read of the feed yields: a page or a file, as events and refused lines, ready to become rows.

Belongs here: the shape between readers and store, and its frames. Does not belong here: reading (`http_feed.py`,
`inbox.py`) and deciding what is new (`store.py`).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from pipelines.gateway.events import Event
from warehouse.errors import FeedError

JOINED_SIZE = 20_000
EVENTS_TABLE = "raw.gateway_events"
QUARANTINE_TABLE = "raw.gateway_quarantine"
FILES_TABLE = "raw.inbox_files"
CURSORS_TABLE = "state.feed_cursors"

_EVENT_SCHEMA: dict[str, pl.DataType] = {
    "event_id": pl.String(),
    "type": pl.String(),
    "occurred_at": pl.Datetime("us", "UTC"),
    "merchant_id": pl.String(),
    "mode": pl.String(),
    "object_id": pl.String(),
    "address": pl.String(),
    "metadata": pl.String(),
    "event": pl.String(),
    "content_sha256": pl.String(),
    "source": pl.String(),
    "position": pl.Int64(),
}
_QUARANTINE_SCHEMA: dict[str, pl.DataType] = {
    "quarantine_id": pl.String(),
    "source": pl.String(),
    "position": pl.Int64(),
    "line": pl.Binary(),
    "reason_code": pl.String(),
    "reason": pl.String(),
}
_FILE_SCHEMA: dict[str, pl.DataType] = {
    "content_sha256": pl.String(),
    "name": pl.String(),
    "size_bytes": pl.Int64(),
    "line_count": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that is no event, with the bytes it had.

    Attributes:
        source: file or feed it came from.
        line: its bytes, without the line break.
        position: line of the file or element of the page, from 1; 0 for a file as a whole.
        reason_code: one of `events.REASON_CODES`.
        reason: a sentence that names the key.
    """

    source: str
    line: bytes
    position: int
    reason_code: str
    reason: str

    @property
    def quarantine_id(self) -> str:
        """Digest of source and bytes: the same refusal twice is one row."""
        return hashlib.sha256(self.source.encode() + b"\0" + self.line).hexdigest()


@dataclass(frozen=True, slots=True)
class InboxFile:
    """The file a batch was read from; `size_bytes` is its size on disk, `line_count` leaves empty lines out."""

    content_sha256: str
    name: str
    size_bytes: int
    line_count: int


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """What is stored in one transaction: one page of the HTTP feed, or one inbox file.

    Attributes:
        source: where it came from; names the feed's cursor.
        events: checked events in the order received.
        refusals: lines for the quarantine.
        cursor: where the HTTP feed continues after this page, None when it does not move.
        file: the inbox file, None for a page.
    """

    source: str
    events: list[Event] = field(default_factory=list)
    refusals: list[RefusedLine] = field(default_factory=list)
    cursor: str | None = None
    file: InboxFile | None = None

    @property
    def received(self) -> int:
        """How many lines or elements it held."""
        return len(self.events) + len(self.refusals)


def joined(pages: Iterable[FeedBatch], size: int = JOINED_SIZE) -> Iterator[FeedBatch]:
    """Pages of one feed, several at a time, so that a long history is not one transaction a page.

    Args:
        pages: in order; the cursor of the last one stands for those before it.
        size: a batch is handed on once it holds so many lines.

    Raises:
        FeedError: as the pages do, after what came before it was handed on.
    """
    waiting: FeedBatch | None = None
    failure: FeedError | None = None
    source = iter(pages)
    while failure is None:
        try:
            page = next(source, None)
        except FeedError as error:
            page, failure = None, error
        if page is not None:
            waiting = page if waiting is None else _together(waiting, page)
        if waiting is not None and (page is None or waiting.received >= size):
            yield waiting
            waiting = None
        if page is None:
            break
    if failure is not None:
        raise failure


def _together(first: FeedBatch, second: FeedBatch) -> FeedBatch:
    return FeedBatch(
        first.source,
        events=[*first.events, *second.events],
        refusals=[*first.refusals, *second.refusals],
        cursor=second.cursor or first.cursor,
    )


def to_frames(batch: FeedBatch) -> dict[str, pl.DataFrame]:
    """The batch as rows of the raw tables.

    Returns:
        Table name → frame with the contract's columns, without `batch_id` and `received_at` (the lake stamps those).
        Tables without rows are left out; `state.feed_cursors` is the store's business.
    """
    frames = {}
    if batch.events:
        frames[EVENTS_TABLE] = events_frame(batch.events)
    if batch.refusals:
        frames[QUARANTINE_TABLE] = quarantine_frame(batch.refusals)
    if batch.file:
        rows = [[getattr(batch.file, name) for name in _FILE_SCHEMA]]
        frames[FILES_TABLE] = pl.DataFrame(rows, schema=_FILE_SCHEMA, orient="row")
    return frames


def events_frame(events: Sequence[Event]) -> pl.DataFrame:
    """Rows of raw.gateway_events."""
    return pl.DataFrame({name: [getattr(event, name) for event in events] for name in _EVENT_SCHEMA}, _EVENT_SCHEMA)


def quarantine_frame(refusals: Sequence[RefusedLine]) -> pl.DataFrame:
    """Rows of raw.gateway_quarantine."""
    columns = {name: [getattr(refusal, name) for refusal in refusals] for name in _QUARANTINE_SCHEMA}
    return pl.DataFrame(columns, _QUARANTINE_SCHEMA)
