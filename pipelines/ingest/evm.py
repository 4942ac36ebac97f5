"""One EVM network's missing transfers: to the final block by ranges, beyond it by linked blocks.

Belongs here: what a pass reads of a network. Does not: what is missing (plan.py), how nodes are asked
(pipelines/chains), how it is stored (commit.py), when passes happen (pipelines/refresh.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from pipelines.chains import headers as block_headers
from pipelines.chains.decode import TRANSFER_LOG_SCHEMA
from pipelines.chains.evm import EvmSource
from pipelines.chains.follow import Segment
from pipelines.chains.headers import BlockRef, Header
from pipelines.ingest import commit, queries
from pipelines.ingest.commit import Fetched
from pipelines.ingest.coverage import Job, covered_only, missing_jobs
from pipelines.ingest.plan import Plan, Planner
from pipelines.ingest.window import Window
from warehouse.domain.tokens import Token
from warehouse.errors import PaylakeError
from warehouse.lake import Lake, Write
from warehouse.settings import NetworkSettings

# A pass keeps what it fetched in memory until it commits; a longer backfill is cut into several passes.
ROWS_PER_PASS = 500_000
# A head that moved without any consequence is written at most this often.
HEAD_SECONDS = 15.0

OnProgress = Callable[[str, int, int], None]


class NotFinal(PaylakeError):
    """Blocks were asked for that may still be replaced, or were not ingested yet."""

    code = "NOT_FINAL"


@dataclass(frozen=True, slots=True)
class Reread:
    """Final blocks that were read again.

    Attributes:
        fetched: ready to be committed.
        to_block: up to where; less than asked for when there is much in it.
        surplus: logs that are stored, but that the node does not have.
    """

    fetched: Fetched
    to_block: int
    surplus: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read: logs, the chain from its final block on, and what could not be read in this pass."""

    logs: pl.DataFrame
    segment: Segment
    unread: frozenset[str]
    is_complete: bool


class EvmIngest:
    """Ingestion of one network; kept between passes, as it remembers what it learnt of the chain."""

    def __init__(self, network: NetworkSettings, tokens: list[Token], source: EvmSource) -> None:
        self.network = network
        self._tokens = [token.address for token in tokens]
        self._source = source
        self._key = {"mode": network.mode, "network": network.network}
        self._planner = Planner(network, self._tokens, source)
        self._is_first_pass = True
        # Blocks followed since the last commit, all without consequence: they need not be read again.
        self._ahead: Window | None = None

    def fetch(self, lake: Lake, *, on_progress: OnProgress | None = None, every_head: bool = True) -> Fetched:
        """Read from the chain what the lake lacks, up to its head.

        Args:
            lake: where it is looked up what is there.
            on_progress: told network, blocks read and blocks to read.
            every_head: a head that merely moved is news; else only now and then, when nothing depends on it.

        Raises:
            ChainError: the nodes do not answer usefully; nothing was stored.
        """
        plan = self._planner.plan(lake, self._ahead)
        read = self._read(plan, on_progress)
        return self._fetched(lake, plan, read, every_head)

    def reread(self, lake: Lake, from_block: int, to_block: int, *, on_progress: OnProgress | None = None) -> Reread:
        """Read final blocks again, whether or not they were read before; the head stays where it is.

        Raises:
            NotFinal: the range ends beyond the blocks that were ingested as final.
            ChainError: the nodes do not answer usefully.
        """
        plan = self._planner.plan(lake, None)
        if plan.stored is None or to_block > plan.stored.final.number:
            reached = "none yet" if plan.stored is None else f"up to {plan.stored.final.number}"
            raise NotFinal(
                f"{self.network.network}: only final blocks that were ingested can be read again ({reached})",
                hint="paylake sync reads the newer ones",
            )
        window, tokens = plan.stored, {"tokens": self._tokens}
        job = Job(tuple(plan.watched.first_blocks), from_block, to_block)
        logs, reached, _ = self._read_final([job], from_block - 1, to_block, on_progress)
        logs = covered_only(logs, plan.watched)
        bounds = {"from_block": from_block, "to_block": reached}
        stored = covered_only(lake.frame(queries.STORED_LOGS, {**self._key, **bounds, **tokens}), plan.watched)
        surplus = stored.join(logs, on=["block_hash", "log_index"], how="anti")
        fetched = Fetched(
            network=self.network,
            tokens=self._tokens,
            planned_batch=window.batch_id,
            window=window,
            logs=logs,
            blocks=block_headers.to_frame(
                self._confirming(lake, logs, window, (), [], window.head.number), **self._key
            ),
            left=[],
            returned=[],
            coverage={},
            is_news=True,
            is_complete=True,
        )
        return Reread(fetched, reached, surplus)

    def _read(self, plan: Plan, on_progress: OnProgress | None) -> _Read:
        """Final blocks first, by ranges; once these are complete, the blocks beyond."""
        final, known = plan.final, plan.known
        jobs = missing_jobs(plan.watched.first_blocks, plan.covered, plan.settled, final.number)
        logs, reached, unread = self._read_final(jobs, plan.settled, final.number, on_progress)
        if reached < final.number:
            header = self._source.headers([reached])[0]
            return _Read(logs, Segment((header.ref,), (header,), logs.clear()), unread, is_complete=False)
        chain = [ref for ref in known.refs if ref.number >= final.number] if known and final in known.refs else [final]
        new = [address for address in plan.watched.first_blocks if address not in plan.covered]
        if chain[-1] == plan.head.newest and not new:
            segment = Segment(tuple(chain), (), logs.clear())
        else:
            segment = self._source.follow(chain, plan.head.number, list(plan.watched.first_blocks), unread=new)
        return _Read(pl.concat([logs, segment.logs]), segment, unread, is_complete=not unread)

    def _read_final(
        self, jobs: list[Job], settled: int | None, final: int, on_progress: OnProgress | None
    ) -> tuple[pl.DataFrame, int, frozenset[str]]:
        """The logs of the jobs, the block up to which all are read, and the addresses left for the next pass.

        A full pass ends between two holes, or within the blocks beyond the last head; never within a hole.
        """
        frames = [pl.DataFrame(schema=TRANSFER_LOG_SCHEMA)]
        rows = 0
        unread: set[str] = set()
        for job in jobs:
            is_forward = settled is None or job.from_block > settled
            if rows >= ROWS_PER_PASS and not is_forward:
                unread.update(job.addresses)
                continue
            for batch in self._source.backfill(job.addresses, job.from_block, job.to_block):
                frames.append(batch.frame)
                rows += batch.frame.height
                if on_progress:
                    on_progress(
                        self.network.network, batch.to_block - job.from_block + 1, job.to_block - job.from_block + 1
                    )
                if rows >= ROWS_PER_PASS and is_forward and batch.to_block < final:
                    return pl.concat(frames), batch.to_block, frozenset(unread)
        return pl.concat(frames), final, frozenset(unread)

    def _time(self, segment: Segment, plan: Plan) -> datetime:
        """The time of the newest block that was followed."""
        times = {plan.head.newest: plan.head.time, plan.head.final: plan.head.finalized_time}
        if plan.known:
            times[plan.known.head] = plan.known.head_time
        times |= {header.ref: header.time for header in segment.headers}
        newest = segment.blocks[-1]
        return times[newest] if newest in times else self._source.headers_of([newest])[0].time

    def _fetched(self, lake: Lake, plan: Plan, read: _Read, every_head: bool) -> Fetched:
        stored, watched = plan.stored, plan.watched
        window = Window(stored.batch_id if stored else -1, read.segment.blocks, self._time(read.segment, plan), _now())
        logs = covered_only(read.logs, watched)
        left = stored.left_by(window, plan.settled) if stored else []
        # Up to here the chain is as it was: headers and marks below need not be looked at again.
        same_up_to = stored.common_with(window, plan.settled) if stored else -1
        headers = self._confirming(lake, logs, window, read.segment.headers, left, same_up_to)
        newly_covered = {
            address: first
            for address, first in watched.first_blocks.items()
            if plan.covered.get(address) != first and address not in read.unread
        }
        is_news = bool(logs.height or headers or newly_covered or stored is None or left)
        if stored and window.refs != stored.refs:
            is_news = is_news or every_head or self._is_due(lake, stored, window)
        self._ahead = None if is_news else window
        return Fetched(
            network=self.network,
            tokens=self._tokens,
            planned_batch=stored.batch_id if stored else None,
            window=window,
            logs=logs,
            blocks=block_headers.to_frame(headers, **self._key),
            left=left,
            returned=self._returned(lake, window, same_up_to) if is_news else [],
            coverage=newly_covered,
            is_news=is_news,
            is_complete=read.is_complete,
        )

    def _confirming(
        self,
        lake: Lake,
        logs: pl.DataFrame,
        window: Window,
        at_hand: tuple[Header, ...],
        left: list[BlockRef],
        same_up_to: int,
    ) -> list[Header]:
        """Headers whose time confirms a transfer: a new one, or an old one that the head now reaches."""
        confirmations = self.network.required_confirmations
        # The first pass looks at all history: the settings may ask for other confirmations than last time.
        above = -1 if self._is_first_pass else same_up_to
        bounds = {"confirmations": confirmations, "above": above, "head_block": window.head.number}
        gone = {"left": [ref.hash for ref in left]}
        numbers = {row["block_number"] for row in lake.rows(queries.CONFIRMING_BLOCKS, {**self._key, **bounds, **gone})}
        reached = (number + confirmations - 1 for number in logs["block_number"].unique())
        numbers |= {number for number in reached if number <= window.head.number}
        refs = {ref.number: ref for ref in window.refs}
        known = {header.ref: header for header in at_hand}
        final = self._source.headers(sorted(numbers - refs.keys()))
        wanted = [refs[number] for number in sorted(numbers & refs.keys())]
        absent = self._source.headers_of([ref for ref in wanted if ref not in known])
        return [*final, *(known[ref] for ref in wanted if ref in known), *absent]

    def _returned(self, lake: Lake, window: Window, same_up_to: int) -> list[BlockRef]:
        """Blocks that had left the chain and are on it again."""
        rows = lake.rows(queries.ORPHANED_BLOCKS, self._key | {"above": same_up_to})
        orphaned = [BlockRef(row["block_number"], row["block_hash"]) for row in rows]
        final = sorted({ref.number for ref in orphaned if ref.number < window.final.number})
        on_chain = {*window.refs, *(header.ref for header in self._source.headers(final))}
        return [ref for ref in orphaned if ref in on_chain]

    def _is_due(self, lake: Lake, stored: Window, window: Window) -> bool:
        """Whether a head that brought no transfers must be written now."""
        if (_now() - stored.observed_at).total_seconds() >= HEAD_SECONDS:
            return True
        moved = {
            "last_head": stored.head.number,
            "last_time": stored.head_time,
            "last_final": stored.final.number,
            "head": window.head.number,
            "head_time": window.head_time,
            "final": window.final.number,
        }
        confirmations = {"confirmations": self.network.required_confirmations}
        return bool(lake.rows(queries.DUE, self._key | moved | confirmations))

    def commit(self, write: Write, fetched: Fetched) -> int:
        """Append what is new, with coverage and head, in the caller's transaction; how many logs were new.

        Raises:
            PlanOutdated: another process committed since `fetch`.
        """
        return commit.commit(write, fetched)

    def committed(self) -> None:
        """The last `fetch` is in the lake: history has been looked at."""
        self._is_first_pass = False


def _now() -> datetime:
    return datetime.now(UTC)
