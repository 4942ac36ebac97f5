"""The follower that most indexers have, as a fault on purpose: tests that cannot fail with it prove nothing."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipelines.chains.evm import EvmSource
from pipelines.chains.follow import Segment
from pipelines.chains.headers import BlockRef


class NaiveSource(EvmSource):
    """The head is followed by block numbers; what was read once stays."""

    def follow(
        self, known: Sequence[BlockRef], to_block: int, addresses: Sequence[str], *, unread: Sequence[str] = ()
    ) -> Segment:
        first = known[-1].number + 1
        headers = self.headers(range(first, to_block + 1))
        batches = [*self.backfill(addresses, first, to_block), *self.backfill(unread, known[0].number + 1, first - 1)]
        empty = next(self.backfill([], 0, 0)).frame
        logs = pl.concat([empty, *(batch.frame for batch in batches)])
        return Segment((*known, *(header.ref for header in headers)), tuple(headers), logs)
