"""One EVM network's missing transfers: planned, fetched, then committed together with coverage and head.

Belongs here: what a pass reads of a network and the rows it becomes. Does not: how nodes are asked (pipelines/chains),
when passes happen (pipelines/refresh.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from pipelines.chains.decode import TRANSFER_LOG_SCHEMA
from pipelines.chains.evm import EvmSource
from pipelines.chains.headers import BLOCK_SCHEMA
from pipelines.ingest import queries
from pipelines.ingest.coverage import Job, coverage_start, covered_only, missing_jobs
from warehouse.domain.tokens import Token
from warehouse.errors import PaylakeError
from warehouse.lake import Lake, Write
from warehouse.settings import NetworkSettings

# A pass keeps what it fetched in memory until it commits; a longer backfill is cut into several passes.
ROWS_PER_PASS = 500_000
# A head that moved without any consequence is written at most this often.
HEAD_SECONDS = 15.0

OnProgress = Callable[[str, int, int], None]


class PlanOutdated(PaylakeError):
    """Another process moved the network's head between planning and committing: fetch again."""

    code = "PLAN_OUTDATED"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one pass read of one network, ready to be committed."""

    network: NetworkSettings
    planned_batch: int | None
    head_block: int
    head_hash: str
    head_time: datetime
    finalized_block: int
    logs: pl.DataFrame
    blocks: pl.DataFrame
    coverage: dict[str, int]
    is_news: bool
    is_complete: bool


class EvmIngest:
    """Ingestion of one network; kept between passes, as it remembers which block a day began with."""

    def __init__(self, network: NetworkSettings, tokens: list[Token], source: EvmSource) -> None:
        self.network = network
        self._tokens = [token.address for token in tokens]
        self._source = source
        self._key = {"mode": network.mode, "network": network.network}
        self._first_blocks: dict[datetime, int] = {}
        self._is_first_pass = True

    def fetch(self, lake: Lake, *, on_progress: OnProgress | None = None, every_head: bool = True) -> Fetched:
        """Read from the chain what the lake lacks, up to the finalised block.

        Args:
            lake: where it is looked up what is there.
            on_progress: told network, blocks read and blocks to read.
            every_head: a head that merely moved is news; else only now and then, when nothing depends on it.

        Raises:
            ChainError: the nodes do not answer usefully; nothing was stored.
        """
        head = self._source.head()
        stored = lake.rows(queries.HEAD, self._key)
        last_head = stored[0]["head_block"] if stored else None
        # A node that lags behind what is stored has nothing to tell, and must not move the head back.
        target = max(head.finalized_number, last_head if last_head is not None else 0)
        needed = self._needed(lake, target, head.finalized_time)
        covered = {
            row["address"]: row["from_block"]
            for row in lake.rows(queries.COVERED, self._key | {"tokens": self._tokens})
        }
        jobs = missing_jobs(needed, covered, last_head, target)
        logs, reached, unread = self._read(jobs, last_head, target, on_progress)
        logs = covered_only(logs, needed)
        blocks = self._confirming_blocks(lake, logs, last_head, reached)
        newly_covered = {
            address: first
            for address, first in needed.items()
            if covered.get(address) != first and address not in unread
        }
        at_head = reached == head.finalized_number
        hash_, time_ = (head.finalized_hash, head.finalized_time) if at_head else self._header(reached)
        is_news = bool(logs.height or blocks.height or newly_covered or last_head is None)
        return Fetched(
            network=self.network,
            planned_batch=stored[0]["batch_id"] if stored else None,
            head_block=reached,
            head_hash=hash_,
            head_time=time_,
            finalized_block=reached,
            logs=logs,
            blocks=blocks,
            coverage=newly_covered,
            is_news=is_news or (reached != last_head and (every_head or self._is_due(lake, stored[0], reached, time_))),
            is_complete=reached == target and not unread,
        )

    def _is_due(self, lake: Lake, stored: dict, head: int, head_time: datetime) -> bool:
        """Whether a head that brought no transfers must be written now."""
        if (datetime.now(UTC) - stored["observed_at"]).total_seconds() >= HEAD_SECONDS:
            return True
        window = {
            "last_head": stored["head_block"],
            "last_time": stored["head_time"],
            "head": head,
            "head_time": head_time,
        }
        confirmations = {"confirmations": self.network.required_confirmations}
        return bool(lake.rows(queries.DUE, self._key | window | confirmations))

    def _needed(self, lake: Lake, head: int, head_time: datetime) -> dict[str, int]:
        """Address → first block that counts. An address whose first block is not mined yet waits."""
        needed: dict[str, int] = {}
        if not self._tokens:  # nothing can count as money, so nothing is read
            return needed
        for row in lake.rows(queries.WATCHED, self._key):
            start = coverage_start(row["known_since"])
            if start > head_time:
                continue
            if start not in self._first_blocks:
                self._first_blocks[start] = self._first_block(start, head)
            floor = self.network.start_block if isinstance(self.network.start_block, int) else 0
            needed[row["address"]] = max(floor, self._first_blocks[start])
        return needed

    def _first_block(self, start: datetime, head: int) -> int:
        """The first block at or after a moment, searched between those of the moments around it."""
        low = max((block for time, block in self._first_blocks.items() if time < start), default=0)
        high = min((block for time, block in self._first_blocks.items() if time > start), default=head)
        return self._source.block_at_or_after(start, low, high)

    def _read(
        self, jobs: list[Job], last_head: int | None, target: int, on_progress: OnProgress | None
    ) -> tuple[pl.DataFrame, int, set[str]]:
        """The logs of the jobs, the block up to which all are read, and the addresses left for the next pass.

        A full pass ends between two holes, or within the blocks beyond the last head; never within a hole.
        """
        frames = [pl.DataFrame(schema=TRANSFER_LOG_SCHEMA)]
        rows = 0
        unread: set[str] = set()
        for job in jobs:
            is_forward = last_head is None or job.from_block > last_head
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
                if rows >= ROWS_PER_PASS and is_forward and batch.to_block < target:
                    return pl.concat(frames), batch.to_block, unread
        return pl.concat(frames), target, unread

    def _confirming_blocks(self, lake: Lake, logs: pl.DataFrame, last_head: int | None, head: int) -> pl.DataFrame:
        """Headers whose time confirms a transfer: a new one, or an old one that the head now reaches."""
        confirmations = self.network.required_confirmations
        # The first pass looks at all history: the settings may ask for other confirmations than last time.
        above = -1 if self._is_first_pass or last_head is None else last_head
        parameters = self._key | {"confirmations": confirmations, "above": above, "head_block": head}
        numbers = {row["block_number"] for row in lake.rows(queries.CONFIRMING_BLOCKS, parameters)}
        numbers |= {
            number + confirmations - 1 for number in logs["block_number"].unique() if number + confirmations - 1 <= head
        }
        return self._source.headers(sorted(numbers)) if numbers else pl.DataFrame(schema=BLOCK_SCHEMA)

    def committed(self) -> None:
        """The last `fetch` is in the lake: history has been looked at."""
        self._is_first_pass = False

    def _header(self, number: int) -> tuple[str, datetime]:
        row = self._source.headers([number]).row(0, named=True)
        return row["block_hash"], row["block_time"]

    def commit(self, write: Write, fetched: Fetched) -> int:
        """Append what is new, with coverage and head, in the caller's transaction.

        Returns:
            How many logs were new.

        Raises:
            PlanOutdated: another process committed since `fetch`.
        """
        stored = write.connection.execute(queries.HEAD, self._key).fetchone()
        if (stored[3] if stored else None) != fetched.planned_batch:
            raise PlanOutdated(
                f"{self.network.network} was ingested by another process meanwhile", hint="it is tried again"
            )
        added = self._append_logs(write, fetched.logs)
        self._append_blocks(write, fetched.blocks)
        write.connection.execute(queries.FORGET_OTHER_TOKENS, self._key | {"tokens": self._tokens})
        self._cover(write, fetched.coverage)
        write.connection.execute(queries.FORGET_HEAD, self._key)
        head = {
            **self._key,
            "head_block": fetched.head_block,
            "head_hash": fetched.head_hash,
            "head_time": fetched.head_time,
        }
        head |= {"finalized_block": fetched.finalized_block, "observed_at": write.received_at}
        write.append("state.chain_heads", pl.DataFrame([head]).cast({"head_time": _UTC, "observed_at": _UTC}))
        return added

    def _append_logs(self, write: Write, logs: pl.DataFrame) -> int:
        logs = logs.unique(["block_hash", "log_index"], maintain_order=True)
        if logs.is_empty():
            return 0
        low, high = logs["block_number"].min(), logs["block_number"].max()
        write.connection.register("fetched_logs", logs)
        fresh = write.connection.sql(queries.NEW_LOGS, params=self._key | {"low": low, "high": high}).pl()
        write.connection.unregister("fetched_logs")
        return write.append("raw.evm_transfer_logs", fresh)

    def _append_blocks(self, write: Write, blocks: pl.DataFrame) -> None:
        if blocks.is_empty():
            return
        write.connection.register("fetched_blocks", blocks)
        fresh = write.connection.sql(queries.NEW_BLOCKS, params=self._key).pl()
        write.connection.unregister("fetched_blocks")
        write.append("raw.evm_blocks", fresh)

    def _cover(self, write: Write, coverage: dict[str, int]) -> None:
        if not coverage:
            return
        write.connection.execute(queries.FORGET_COVERAGE, self._key | {"addresses": list(coverage)})
        rows = [
            {**self._key, "address": address, "token_address": token, "from_block": first}
            for address, first in coverage.items()
            for token in self._tokens
        ]
        if rows:
            write.append("state.address_coverage", pl.DataFrame(rows))


_UTC = pl.Datetime("us", "UTC")
