"""What is read of one EVM network beside the chain it follows: ranges of final blocks, headers, blocks that came back.

Belongs here: questions to source and lake that a pass and a re-reading share. Does not: planning (plan.py), the pass
(evm.py), the re-reading (reread.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from pipelines.chains.decode import TRANSFER_LOG_SCHEMA, DishonestAnswer
from pipelines.chains.evm import EvmSource
from pipelines.chains.headers import BlockRef, Header
from pipelines.ingest import queries
from pipelines.ingest.coverage import Job
from warehouse.errors import ChainUnavailable
from warehouse.lake import Lake
from warehouse.settings import NetworkSettings

# A pass keeps what it fetched in memory until it commits; a longer backfill is cut into several passes.
ROWS_PER_PASS = 500_000

OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Reading:
    """One network, its source, and the final block that whoever answers must have.

    Attributes:
        network: its settings.
        source: its nodes.
        lake: what is stored.
        final: the newest final block.
        on_progress: told network, blocks read and blocks to read.
    """

    network: NetworkSettings
    source: EvmSource
    lake: Lake
    final: BlockRef
    on_progress: OnProgress | None = None

    @property
    def key(self) -> dict[str, str]:
        """Mode and network, as parameters of queries."""
        return {"mode": self.network.mode, "network": self.network.network}

    def ranges(self, jobs: list[Job], settled: int | None, last: int) -> tuple[pl.DataFrame, int, frozenset[str]]:
        """The logs of the jobs, the block up to which all are read, and the addresses left for the next pass.

        A full pass ends between two holes, or within the blocks beyond those that were settled; never within a hole.
        Where the nodes fail in these, what was read before is kept.
        """
        frames = [pl.DataFrame(schema=TRANSFER_LOG_SCHEMA)]
        rows = 0
        unread: set[str] = set()
        for job in jobs:
            is_forward = settled is None or job.from_block > settled
            if rows >= ROWS_PER_PASS and not is_forward:
                unread.update(job.addresses)
                continue
            reached = job.from_block - 1
            batches = self.source.backfill(job.addresses, job.from_block, job.to_block, chain=self.final)
            try:
                for batch in batches:
                    frames.append(batch.frame)
                    rows += batch.frame.height
                    reached = batch.to_block
                    self._tell(job, reached)
                    if rows >= ROWS_PER_PASS and is_forward and reached < last:
                        return pl.concat(frames), reached, frozenset(unread)
            except ChainUnavailable:
                if not is_forward or reached < job.from_block:
                    raise
                return pl.concat(frames), reached, frozenset(unread)
        return pl.concat(frames), last, frozenset(unread)

    def _tell(self, job: Job, reached: int) -> None:
        if self.on_progress:
            self.on_progress(self.network.network, reached - job.from_block + 1, job.to_block - job.from_block + 1)

    def confirming(
        self,
        logs: pl.DataFrame,
        blocks: Iterable[BlockRef],
        at_hand: Iterable[Header],
        left: list[BlockRef],
        above: int,
    ) -> list[Header]:
        """Headers whose time confirms a transfer: a new one, or an old one that the head now reaches.

        Args:
            logs: the new transfers.
            blocks: the followed blocks up to the head.
            at_hand: headers of some of these.
            left: blocks that are not on the chain any more.
            above: headers up to this block were looked at before.
        """
        refs = {ref.number: ref for ref in blocks}
        head = max(refs)
        confirmations = self.network.required_confirmations
        bounds = {"confirmations": confirmations, "above": above, "head_block": head}
        gone = {"left": [ref.hash for ref in left]}
        rows = self.lake.rows(queries.CONFIRMING_BLOCKS, {**self.key, **bounds, **gone})
        numbers = {row["block_number"] for row in rows}
        reached = (number + confirmations - 1 for number in logs["block_number"].unique())
        numbers |= {number for number in reached if number <= head}
        known = {header.ref: header for header in at_hand}
        final = self.source.headers(sorted(numbers - refs.keys()), self.final)
        wanted = [refs[number] for number in sorted(numbers & refs.keys())]
        absent = self.source.headers_of([ref for ref in wanted if ref not in known])
        return [*final, *(known[ref] for ref in wanted if ref in known), *absent]

    def returned(self, blocks: Iterable[BlockRef], above: int, up_to: int | None = None) -> list[BlockRef]:
        """Blocks above a number that had left the chain and are on it again.

        Args:
            blocks: the followed blocks.
            above: what is stored of blocks up to here is right.
            up_to: look no further; None for all.
        """
        rows = self.lake.rows(queries.ORPHANED_BLOCKS, self.key | {"above": above})
        orphaned = [BlockRef(row["block_number"], row["block_hash"]) for row in rows]
        orphaned = [ref for ref in orphaned if up_to is None or ref.number <= up_to]
        on_chain = set(blocks)
        numbers = {ref.number for ref in on_chain}
        final = sorted({ref.number for ref in orphaned if ref.number <= self.final.number} - numbers)
        on_chain |= {header.ref for header in self.source.headers(final, self.final)}
        return [ref for ref in orphaned if ref in on_chain]

    def require_agreement(self, logs: pl.DataFrame, headers: list[Header], left: list[BlockRef]) -> None:
        """Make sure that no block would stand in the lake in two versions.

        Raises:
            DishonestAnswer: what was read is of another block than what is stored, at the same height.
        """
        refs = {BlockRef(*row) for row in logs.select("block_number", "block_hash").unique().iter_rows()}
        ordered = sorted(refs | {header.ref for header in headers})
        if not ordered:
            return
        asked = {"numbers": [ref.number for ref in ordered], "hashes": [ref.hash for ref in ordered]}
        rows = self.lake.rows(queries.CONTRADICTIONS, {**self.key, **asked, "left": [ref.hash for ref in left]})
        if rows:
            number, stored = rows[0]["block_number"], rows[0]["block_hash"]
            raise DishonestAnswer(
                f"{self.network.network}: the node has another block {number} than {stored}, which is stored",
                network=self.network.network,
                hint="compare the nodes of rpc_urls: one of them lied, now or before",
            )
