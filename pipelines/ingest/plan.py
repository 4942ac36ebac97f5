"""What a pass has to read of one EVM network: from where, to where, for whom.

Belongs here: comparing the chain's head with what is in the lake. Does not: reading it (reading.py), the arithmetic of
coverage (coverage.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipelines.chains.evm import EvmSource
from pipelines.chains.headers import BlockRef
from pipelines.chains.heads import Head
from pipelines.ingest import queries
from pipelines.ingest.coverage import Job, Watched, coverage_start, missing_jobs
from pipelines.ingest.window import Window, read_window
from warehouse.lake import Lake
from warehouse.settings import NetworkSettings

# So many of the newest final blocks are read by their hashes too: behind one address there may be nodes that do not
# have them yet, and a range beyond a node's head is answered with [].
LINKED_BLOCKS = 128


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pass reads.

    Attributes:
        head: the chain's, as a node tells it.
        final: the newest final block; whoever answers must have it.
        stored: the chain's end as it is in the lake.
        known: the same as it was followed last, perhaps beyond what is stored.
        settled: the newest final block up to which all was read; None before the first pass.
        chain: linked blocks from which the head is followed; the first is final.
        jobs: ranges of final blocks to be read first.
        new: addresses whose transfers in `chain` were not read.
        watched: the addresses that count.
        covered: address → first block from which on its transfers are in the lake.
    """

    head: Head
    final: BlockRef
    stored: Window | None
    known: Window | None
    settled: int | None
    chain: tuple[BlockRef, ...]
    jobs: list[Job]
    new: list[str]
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
        rows = lake.rows(queries.COVERED, self._key | {"tokens": self._tokens})
        covered = {row["address"]: row["from_block"] for row in rows}
        watched = self.watched(lake, head, final, covered)
        new = [address for address in watched.first_blocks if address not in covered]
        settled, chain = self._chain(known, final, has_new=bool(new))
        # What is new is read by hash in the chain, so by ranges only below it.
        starts = covered | dict.fromkeys(new, chain[0].number + 1)
        is_far = settled is None or settled < chain[0].number
        jobs = missing_jobs(
            watched.first_blocks,
            covered if is_far else starts,
            settled,
            chain[0].number if is_far or settled is None else settled,
        )
        return Plan(head, final, stored, known, settled, chain, jobs, new, watched, covered)

    def _chain(
        self, known: Window | None, final: BlockRef, *, has_new: bool
    ) -> tuple[int | None, tuple[BlockRef, ...]]:
        """Up to where all was read, and the blocks from which the head is followed."""
        if known and final.number - known.head.number <= LINKED_BLOCKS:
            # Near: what was followed goes on, through the final block.
            chain = (*self._below(known.final), *known.refs) if has_new else known.refs
            return known.final.number, chain
        # Far: ranges lead to a block some way below the final one.
        settled = known.refs[self._source.standing(known.refs, final) - 1].number if known else None
        (base,) = self._source.headers([max(0, final.number - LINKED_BLOCKS)], final)
        return settled, (base.ref,)

    def _below(self, final: BlockRef) -> list[BlockRef]:
        """The blocks right below a final block, the lowest first."""
        numbers = range(max(0, final.number - LINKED_BLOCKS), final.number)
        return [header.ref for header in self._source.headers(numbers, final)]

    def watched(self, lake: Lake, head: Head, final: BlockRef, covered: dict[str, int]) -> Watched:
        """The watched addresses. One whose time has not come on the chain waits."""
        floor = self._network.start_block if isinstance(self._network.start_block, int) else 0
        watched = Watched(floor)
        if not self._tokens:  # nothing can count as money, so nothing is read
            return watched
        for row in lake.rows(queries.WATCHED, self._key):
            start = coverage_start(row["known_since"])
            if start <= head.finalized_time:
                watched.add(row["address"], start, self._first_block(start, head.final, floor))
            elif start <= head.time or row["address"] in covered:
                watched.add_early(row["address"], start, final.number + 1)
        return watched

    def _first_block(self, start: datetime, final: BlockRef, floor: int) -> int:
        """The first block at or after a moment, searched between those of the moments around it."""
        if start not in self._first_blocks:
            low = max((block for time, block in self._first_blocks.items() if time < start), default=floor)
            high = min((block for time, block in self._first_blocks.items() if time > start), default=final.number)
            self._first_blocks[start] = self._source.block_at_or_after(start, min(low, high), high, final)
        return self._first_blocks[start]
