"""From which block on each watched address must be in the lake, and which ranges are missing.

Belongs here: the arithmetic of coverage; it makes what is ingested a function of the facts alone, not of the order in
which they became known. Does not: asking nodes (pipelines/chains), storing (evm.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

import polars as pl

# No chain is older; a feed may say anything.
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Job:
    """One range of blocks to read for some addresses, both ends included."""

    addresses: tuple[str, ...]
    from_block: int
    to_block: int


@dataclass(frozen=True, slots=True)
class Watched:
    """The addresses whose transfers count: from which moment, and from which block.

    A moment is what counts; a block is where reading starts, and may be earlier. Nothing below `floor` counts.
    """

    floor: int
    starts: dict[str, datetime] = field(default_factory=dict)
    first_blocks: dict[str, int] = field(default_factory=dict)
    early: set[str] = field(default_factory=set)

    def add(self, address: str, start: datetime, first_block: int) -> None:
        """Watch an address."""
        self.starts[address] = start
        self.first_blocks[address] = max(self.floor, first_block)

    def add_early(self, address: str, start: datetime, first_block: int) -> None:
        """Watch an address whose start no final block has reached: how far it is covered cannot be said yet."""
        self.add(address, start, first_block)
        self.early.add(address)


def coverage_start(known_since: datetime) -> datetime:
    """The moment from which transfers of an address count: midnight one day before it was first spoken of.

    The day is slack for clocks that disagree; midnight keeps the number of different moments, and of searches, small.
    """
    day = max(known_since.astimezone(UTC), _EARLIEST).date() - timedelta(days=1)
    return datetime.combine(day, time.min, UTC)


def missing_jobs(needed: Mapping[str, int], covered: Mapping[str, int], last_head: int | None, head: int) -> list[Job]:
    """The ranges still to read, so that every needed address is covered up to the head.

    Args:
        needed: address → first block that must be covered.
        covered: address → first block that is covered, up to `last_head`.
        last_head: the final block up to which all were read; None before the first time.
        head: the final block to reach.
    """
    if not needed:
        return []
    if last_head is None:
        return [Job(tuple(sorted(needed)), min(needed.values()), head)]
    holes: dict[tuple[int, int], list[str]] = defaultdict(list)
    for address, first in needed.items():
        last = min(covered.get(address, last_head + 1) - 1, last_head)
        if first <= last:
            holes[first, last].append(address)
    jobs = [Job(tuple(sorted(addresses)), first, last) for (first, last), addresses in sorted(holes.items())]
    if last_head < head:
        jobs.append(Job(tuple(sorted(needed)), last_head + 1, head))
    return jobs


def covered_only(logs: pl.DataFrame, watched: Watched) -> pl.DataFrame:
    """Leave out logs that are older than the start of every watched address in them.

    One range is read for many addresses, so an answer can hold logs older than an address's own start; whether they
    are read depends on what else was known at the time, so they must not count.
    """
    starts = pl.DataFrame(
        {"address": list(watched.starts), "start": list(watched.starts.values())},
        schema={"address": pl.String, "start": pl.Datetime("us", "UTC")},
    )
    for side in ("from", "to"):
        logs = logs.join(
            starts.rename({"address": f"{side}_address", "start": f"{side}_start"}),
            on=f"{side}_address",
            how="left",
            maintain_order="left",
        )
    is_covered = pl.any_horizontal(pl.col("block_time") >= pl.col(f"{side}_start") for side in ("from", "to"))
    counts = is_covered.fill_null(False) & (pl.col("block_number") >= watched.floor)
    return logs.filter(counts).drop("from_start", "to_start")
