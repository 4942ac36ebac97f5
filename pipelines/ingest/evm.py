"""One EVM network's missing transfers: final blocks by ranges, the newest and those beyond by linked blocks.

Belongs here: one pass over a network. Does not: what is missing (plan.py), single questions (reading.py), how nodes are
asked (pipelines/chains), how it is stored (commit.py), when passes happen (pipelines/refresh.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from pipelines.chains import headers as block_headers
from pipelines.chains import receipts as transaction_receipts
from pipelines.chains.decode import DishonestAnswer
from pipelines.chains.evm import EvmSource
from pipelines.chains.follow import Segment
from pipelines.chains.receipts import ReceiptSource
from pipelines.ingest import commit, queries
from pipelines.ingest.commit import Fetched
from pipelines.ingest.coverage import covered_only
from pipelines.ingest.plan import Plan, Planner
from pipelines.ingest.reading import OnProgress, Reading
from pipelines.ingest.receipts import ReceiptBacklog, ReceiptReading
from pipelines.ingest.window import Window
from warehouse.domain.tokens import Token
from warehouse.lake import Lake, Write
from warehouse.settings import NetworkSettings

# A head that moved without any consequence is written at most this often.
HEAD_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read: logs, the chain that was followed, and what could not be read in this pass."""

    logs: pl.DataFrame
    segment: Segment
    unread: frozenset[str]
    is_complete: bool


class EvmIngest:
    """Ingestion of one network; kept between passes, as it remembers what it learnt of the chain.

    Args:
        network: its settings.
        tokens: the contracts in force.
        source: its nodes.
        receipts: the same for receipts; without it none are read.
    """

    def __init__(
        self, network: NetworkSettings, tokens: list[Token], source: EvmSource, receipts: ReceiptSource | None = None
    ) -> None:
        self.network = network
        self._tokens = [token.address for token in tokens]
        self._source = source
        self._key = {"mode": network.mode, "network": network.network}
        self._planner = Planner(network, self._tokens, source)
        self._receipts = ReceiptBacklog(self._key, receipts) if receipts else None
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
        reading = Reading(self.network, self._source, lake, plan.final, on_progress)
        read = self._read(reading, plan)
        return self._fetched(reading, plan, read, every_head)

    def _read(self, reading: Reading, plan: Plan) -> _Read:
        """Final blocks by ranges first; once these are complete, the chain up to its head."""
        base = plan.chain[0].number
        logs, reached, unread = reading.ranges(plan.jobs, plan.settled, base)
        if reached < base:
            (header,) = self._source.headers([reached], plan.final)
            return _Read(logs, Segment((header.ref,), (header,), logs.clear()), unread, is_complete=False)
        if plan.chain[-1] == plan.head.newest and not plan.new:
            segment = Segment(plan.chain, (), logs.clear())
        else:
            watched = list(plan.watched.first_blocks)
            segment = self._source.follow(plan.chain, plan.head.number, watched, unread=plan.new)
        return _Read(pl.concat([logs, segment.logs]), segment, unread, is_complete=not unread)

    def _window(self, plan: Plan, read: _Read) -> Window:
        """The chain's end as it is now: from its final block on, if that was reached."""
        refs = read.segment.blocks
        start = plan.final.number - refs[0].number
        if 0 <= start < len(refs) and refs[start] != plan.final:
            raise DishonestAnswer(
                f"{self.network.network}: a node's final block {plan.final.number} is not on another node's chain",
                network=self.network.network,
            )
        if not 0 <= start < len(refs):
            # The node that was followed is behind: finality stays where it was.
            final = plan.known.final if plan.known else refs[0]
            start = refs.index(final) if final in refs else 0
        times = {plan.head.newest: plan.head.time, plan.head.final: plan.head.finalized_time}
        if plan.known:
            times[plan.known.head] = plan.known.head_time
        times |= {header.ref: header.time for header in read.segment.headers}
        time = times[refs[-1]] if refs[-1] in times else self._source.headers_of([refs[-1]])[0].time
        return Window(plan.stored.batch_id if plan.stored else -1, refs[start:], time, _now())

    def _fetched(self, reading: Reading, plan: Plan, read: _Read, every_head: bool) -> Fetched:
        stored, blocks = plan.stored, read.segment.blocks
        window = self._window(plan, read)
        logs = covered_only(read.logs, plan.watched)
        left = stored.left_by(blocks, plan.settled) if stored else []
        # Up to here the chain is as it was: headers and marks below need not be looked at again.
        same_up_to = stored.common_with(blocks, plan.settled) if stored else -1
        # The first pass looks at all history: the settings may ask for other confirmations than last time.
        above = -1 if self._is_first_pass else same_up_to
        headers = reading.confirming(logs, blocks, read.segment.headers, left, above)
        returned = reading.returned(blocks, same_up_to)
        reading.require_agreement(logs, headers, left)
        newly_covered = {
            address: first
            for address, first in plan.watched.first_blocks.items()
            if plan.covered.get(address) != first and address not in read.unread | plan.watched.early
        }
        receipts = ReceiptReading([], is_complete=True)
        if self._receipts:
            receipts = self._receipts.read(reading.lake, stored, logs, left, has_returned=bool(returned))
        is_new = stored is None or left or returned
        is_news = bool(logs.height or headers or newly_covered or is_new or receipts.receipts)
        if stored and window.refs != stored.refs:
            is_news = is_news or every_head or self._is_due(reading.lake, stored, window)
        self._ahead = None if is_news else window
        return Fetched(
            network=self.network,
            tokens=self._tokens,
            planned_batch=stored.batch_id if stored else None,
            window=window,
            logs=logs,
            blocks=block_headers.to_frame(headers, **self._key),
            receipts=transaction_receipts.to_frame(receipts.receipts, **self._key),
            left=left,
            returned=returned,
            coverage=newly_covered,
            is_news=is_news,
            is_complete=read.is_complete and receipts.is_complete,
        )

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
        if self._receipts:
            self._receipts.committed()


def _now() -> datetime:
    return datetime.now(UTC)
