"""Which segment files the published data is cut into.

Belongs here: ranges and buckets, and which of them changed. Pure: no files, no clock. Does not: building (publish.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from warehouse.manifest import Segment

SINGLE_SEGMENT_ROWS = 300_000
BUCKETS = "0123456789abcdef"
HOT_DAYS = 2


@dataclass(frozen=True, slots=True)
class Cut:
    """One piece of the published data: rows of [low, high), or merchants of one bucket."""

    kind: str
    low: datetime | None = None
    high: datetime | None = None
    bucket: str | None = None

    def matches(self, segment: Segment) -> bool:
        """Whether the segment holds exactly this piece."""
        return (self.kind, self.low, self.high, self.bucket) == (
            segment.kind,
            segment.low,
            segment.high,
            segment.bucket,
        )

    def touches(self, days: Iterable[date], buckets: Iterable[str]) -> bool:
        """Whether a changed day or bucket lies in this piece."""
        if self.kind == "bucket":
            return any(self.bucket is None or self.bucket == bucket for bucket in buckets)
        low, high = self.low, self.high
        starts = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days)
        return any(
            (low is None or start + timedelta(days=1) > low) and (high is None or start < high) for start in starts
        )


def plan_ranges(row_count: int, months: Iterable[date], today: date) -> list[Cut]:
    """Cut the time axis: closed months, the current month up to the day before yesterday, the last two days.

    Below `SINGLE_SEGMENT_ROWS` one segment holds everything: a publication then costs less than planning would.

    Args:
        row_count: rows over all tables with a time axis.
        months: first days of the months that hold rows.
        today: the UTC day.
    """
    if row_count < SINGLE_SEGMENT_ROWS:
        return [Cut("range")]
    hot = _start(today - timedelta(days=HOT_DAYS - 1))
    starts = {_start(month.replace(day=1)) for month in months} | {_start(today.replace(day=1)), hot}
    edges = sorted(start for start in starts if start <= hot)
    cuts = [Cut("range", None, edges[0])]
    cuts += [Cut("range", low, high) for low, high in pairwise(edges)]
    return [*cuts, Cut("range", edges[-1], None)]


def plan_buckets(row_count: int) -> list[Cut]:
    """Cut tables without a time axis by merchant."""
    if row_count < SINGLE_SEGMENT_ROWS:
        return [Cut("bucket")]
    return [Cut("bucket", bucket=bucket) for bucket in BUCKETS]


def bucket_of(merchant_id: str) -> str:
    """The bucket a merchant's rows are in: as `BUCKET_SQL` has it."""
    return hashlib.md5(merchant_id.encode(), usedforsecurity=False).hexdigest()[0]


BUCKET_SQL = "left(md5(merchant_id), 1)"


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
