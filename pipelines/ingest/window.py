"""The end of a chain as it was ingested last: from its final block to its head.

Belongs here: reading it from the lake, and comparing two of them. Does not: asking nodes (pipelines/chains).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.chains.headers import BlockRef
from pipelines.ingest import queries
from warehouse.lake import Lake


@dataclass(frozen=True, slots=True)
class Window:
    """Linked blocks with consecutive numbers, from the final block to the head.

    Attributes:
        batch_id: the commit that stored it, or that it goes beyond.
        refs: the blocks.
        head_time: time of the newest.
        observed_at: when the commit was made.
    """

    batch_id: int
    refs: tuple[BlockRef, ...]
    head_time: datetime
    observed_at: datetime

    @property
    def final(self) -> BlockRef:
        """The newest final block."""
        return self.refs[0]

    @property
    def head(self) -> BlockRef:
        """The newest block."""
        return self.refs[-1]

    def left_by(self, chain: Sequence[BlockRef], settled: int | None) -> list[BlockRef]:
        """The blocks that are not on the chain any more.

        Args:
            chain: linked blocks from the settled one on, or from beyond this window.
            settled: the newest final block that is the same in both.
        """
        on_chain = set(chain)
        above = -1 if settled is None else settled
        return [ref for ref in self.refs if ref.number > above and ref not in on_chain]

    def common_with(self, chain: Sequence[BlockRef], settled: int | None) -> int:
        """The newest block that is the same in both."""
        on_chain = set(chain)
        # This window may end below the settled block, when it was followed further without a commit.
        default = -1 if settled is None else min(settled, self.head.number)
        return max((ref.number for ref in self.refs if ref in on_chain), default=default)


def read_window(lake: Lake, key: dict[str, str]) -> Window | None:
    """The window of a network as it is in the lake; None before its first pass."""
    rows = lake.rows(queries.HEAD, key)
    if not rows:
        return None
    row = rows[0]
    # A lake of a version that followed final blocks only has no hashes but the head's.
    hashes = row["window_hashes"] or [row["head_hash"]]
    first = row["head_block"] - len(hashes) + 1
    refs = tuple(BlockRef(number, hash_) for number, hash_ in enumerate(hashes, start=first))
    return Window(row["batch_id"], refs, row["head_time"], row["observed_at"])
