"""What a pass has to read of one EVM network: from where, to where, for whom.

Belongs here: comparing the chain's head with what is in the lake. Does not: reading it (evm.py), the arithmetic of
coverage (coverage.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipelines.chains.evm import EvmSource
from pipelines.chains.headers import BlockRef
from pipelines.chains.heads import Head
from pipelines.ingest import queries
from pipelines.ingest.coverage import Watched, coverage_start
from pipelines.ingest.window import Window, read_window
from warehouse.lake import Lake
from warehouse.settings import NetworkSettings


@dataclass(frozen=True, slots=True)
class Plan:
    """What was known when a pass began.

    Attributes:
        head: the chain's, as a node tells it.
        final: the final block to reach.
        stored: the chain's end as it is in the lake.
        known: the same as it was followed last, perhaps beyond what is stored.
        settled: the newest final block up to which all was read.
        watched: the addresses that count.
        covered: address → first block from which on its transfers are in the lake.
    """

    head: Head
    final: BlockRef
    stored: Window | None
    known: Window | None
    settled: int | None
    watched: Watched
    covered: dict[str, int]


class Planner:
    """Plans the passes of one network; kept between them, as it remembers which block a day began with."""

    def __init__(self, network: NetworkSettings, tokens: list[str], source: EvmSource) -> None:
        self._network = network
        self._tokens = tokens
        self._source = source
        self._key = {"mode": network.mode, "network": network.network}
        self._first_blocks: dict[datetime, int] = {}

    def plan(self, lake: Lake, ahead: Window | None) -> Plan:
        """Look at the chain's head and at the lake.

        Args:
            lake: what is stored.
            ahead: the chain as this process followed it beyond that.
        """
        head = self._source.head()
        stored = read_window(lake, self._key)
        known = ahead if ahead and stored and ahead.batch_id == stored.batch_id else stored
        final = head.final
        if known and final.number < known.final.number:
            final = known.final  # a node that lags has nothing to tell, and must not move finality back
        covered = lake.rows(queries.COVERED, self._key | {"tokens": self._tokens})
        return Plan(
            head=head,
            final=final,
            stored=stored,
            known=known,
            settled=self._settled(known, final),
            watched=self._watched(lake, head, final),
            covered={row["address"]: row["from_block"] for row in covered},
        )

    def _settled(self, known: Window | None, final: BlockRef) -> int | None:
        """The newest final block up to which the chain was read and still is the same; None before the first pass."""
        if known is None:
            return None
        if final in known.refs:
            return final.number
        # It was followed to a block below the final one, or on a branch that was given up.
        below = [ref for ref in known.refs if ref.number <= final.number]
        return below[self._source.standing(below) - 1].number

    def _watched(self, lake: Lake, head: Head, final: BlockRef) -> Watched:
        """The watched addresses. One whose time has not come on the chain waits."""
        floor = self._network.start_block if isinstance(self._network.start_block, int) else 0
        watched = Watched(floor)
        if not self._tokens:  # nothing can count as money, so nothing is read
            return watched
        for row in lake.rows(queries.WATCHED, self._key):
            start = coverage_start(row["known_since"])
            if start <= head.finalized_time:
                watched.add(row["address"], start, self._first_block(start, head.finalized_number))
            elif start <= head.time:
                watched.add(row["address"], start, final.number + 1)
        return watched

    def _first_block(self, start: datetime, final: int) -> int:
        """The first block at or after a moment, searched between those of the moments around it."""
        if start not in self._first_blocks:
            low = max((block for time, block in self._first_blocks.items() if time < start), default=0)
            high = min((block for time, block in self._first_blocks.items() if time > start), default=final)
            self._first_blocks[start] = self._source.block_at_or_after(start, low, high)
        return self._first_blocks[start]
