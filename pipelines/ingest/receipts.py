"""Receipts that are missing in the lake: which are asked for in a pass, which are given time.

Belongs here: the order in which stored transfers get their receipts. Does not: asking nodes (pipelines/chains),
storing (commit.py).

Receipts are read beside transfers and never instead of them: a bounded number a pass, newest first. What is new since
the last pass is looked up by its batch; what is older in windows of blocks, from the head down, once a process: a look
at all transfers at once would hold up the commits of others.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from pipelines.chains.headers import BlockRef
from pipelines.chains.receipts import Asked, Receipt, ReceiptSource, TransactionRef
from pipelines.ingest import queries
from pipelines.ingest.window import Window
from warehouse.lake import Lake

RECEIPTS_PER_PASS = 500
# How far down a look goes at first, and at most; it doubles.
FIRST_LOOK_BLOCKS = 100_000
LONGEST_LOOK_BLOCKS = 2_000_000
# So many are kept in mind from one look.
LOOK_LIMIT = 20_000
# While so many cannot be had, nobody looks for more: perhaps the node has no old ones.
MOST_ABSENT = 20_000
# After so long they are asked for again; the pause doubles while that brings none.
FIRST_PAUSE_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class ReceiptReading:
    """What a pass read.

    Attributes:
        receipts: new ones.
        is_complete: whether none is left that could be read now.
    """

    receipts: list[Receipt]
    is_complete: bool


class ReceiptBacklog:
    """The missing receipts of one network; kept between passes.

    Args:
        key: mode and network, as parameters of queries.
        source: its nodes.
    """

    def __init__(self, key: dict[str, str], source: ReceiptSource) -> None:
        self._key = key
        self._source = source
        self._wanted: set[TransactionRef] = set()
        self._read: set[TransactionRef] = set()
        # Those that could not be had: until when they are given time, and how long that was.
        self._absent: dict[TransactionRef, float] = {}
        self._pauses: dict[TransactionRef, float] = {}
        # Up to this batch, new transfers were looked at; older ones from this block on. None: nothing was yet.
        self._seen_batch = -1
        self._looked_down_to: int | None = None
        self._look_blocks = FIRST_LOOK_BLOCKS

    def read(
        self, lake: Lake, stored: Window | None, logs: pl.DataFrame, left: Iterable[BlockRef], *, has_returned: bool
    ) -> ReceiptReading:
        """Ask for the newest missing receipts.

        Args:
            lake: what is stored.
            stored: the chain's end as it is in the lake; None before the first pass.
            logs: transfers this pass adds.
            left: blocks that are not on the chain any more.
            has_returned: whether blocks came back to it.
        """
        if has_returned:
            self._looked_down_to = None
        self._look(lake, stored)
        self._want(_refs(logs.select("block_number", "block_hash", "tx_hash", "block_time")))
        self._forget({ref.hash for ref in left})
        asked = self._source.ask(sorted(self._wanted, reverse=True)[:RECEIPTS_PER_PASS])
        self._note(asked)
        is_looked_through = self._looked_down_to == 0 or len(self._absent) >= MOST_ABSENT
        is_complete = is_looked_through and self._wanted == self._read
        return ReceiptReading(asked.receipts, is_complete or asked.is_refused)

    def committed(self) -> None:
        """What was read last is in the lake."""
        self._wanted -= self._read
        self._read = set()

    def _look(self, lake: Lake, stored: Window | None) -> None:
        """Look for missing receipts of transfers that were added since the last look, then of older ones."""
        if stored is None:
            self._looked_down_to = 0
            return
        if self._looked_down_to is None:
            self._looked_down_to = stored.head.number + 1
            self._seen_batch = stored.batch_id
        if stored.batch_id != self._seen_batch:
            self._look_at_new(lake, stored)
            self._seen_batch = stored.batch_id
        if not self._wanted and self._looked_down_to > 0 and len(self._absent) < MOST_ABSENT:
            self._look_below(lake, self._looked_down_to)

    def _look_at_new(self, lake: Lake, stored: Window) -> None:
        (bounds,) = lake.rows(queries.NEW_BLOCK_BOUNDS, {**self._key, "since_batch": self._seen_batch})
        if bounds["low"] is None:
            return
        found = self._missing(lake, **bounds, since_batch=self._seen_batch)
        self._want(found)
        if len(found) >= LOOK_LIMIT:  # there are more
            self._looked_down_to = stored.head.number + 1

    def _look_below(self, lake: Lake, upper: int) -> None:
        lower = max(0, upper - self._look_blocks)
        found = self._missing(lake, low=lower, high=upper - 1, since_batch=-1)
        if len(found) >= LOOK_LIMIT:
            # The lowest block may have more of them, unless it is the only one.
            lowest = min(ref.block_number for ref in found)
            lower = lowest + 1 if lowest < upper - 1 else lowest
        else:
            self._look_blocks = min(LONGEST_LOOK_BLOCKS, 2 * self._look_blocks)
        self._looked_down_to = lower
        self._want(found)

    def _missing(self, lake: Lake, *, low: int, high: int, since_batch: int) -> set[TransactionRef]:
        bounds = {"low": low, "high": high, "since_batch": since_batch, "limit": LOOK_LIMIT}
        return _refs(lake.frame(queries.MISSING_RECEIPTS, {**self._key, **bounds}))

    def _want(self, refs: set[TransactionRef]) -> None:
        """Want these, but those that could not be had only when their time is over."""
        now = time.monotonic()
        due = {ref for ref, again_at in self._absent.items() if again_at <= now}
        self._absent = {ref: again_at for ref, again_at in self._absent.items() if again_at > now}
        self._wanted |= (refs | due) - self._absent.keys()

    def _forget(self, blocks: set[str]) -> None:
        """Leave out what is in blocks that are not on the chain any more."""
        gone = {ref for ref in self._wanted | self._absent.keys() if ref.block_hash in blocks}
        self._wanted -= gone
        for ref in gone:
            self._absent.pop(ref, None)
            self._pauses.pop(ref, None)

    def _note(self, asked: Asked) -> None:
        self._read = {receipt.ref for receipt in asked.receipts}
        self._wanted -= asked.absent
        for ref in self._read:
            self._pauses.pop(ref, None)
        for ref in asked.absent:
            pause_seconds = min(LONGEST_PAUSE_SECONDS, 2 * self._pauses.get(ref, FIRST_PAUSE_SECONDS / 2))
            self._pauses[ref] = pause_seconds
            self._absent[ref] = time.monotonic() + pause_seconds


def _refs(frame: pl.DataFrame) -> set[TransactionRef]:
    return {TransactionRef(*row) for row in frame.iter_rows()}
