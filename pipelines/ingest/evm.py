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
    planned_head: int | None
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
        logs, reached = self._read(jobs, target, on_progress)
        logs = covered_only(logs, needed)
        blocks = self._confirming_blocks(lake, logs, last_head, reached)
        newly_covered = {address: first for address, first in needed.items() if covered.get(address) != first}
        at_head = reached == head.finalized_number
        hash_, time_ = (head.finalized_hash, head.finalized_time) if at_head else self._header(reached)
        is_news = bool(logs.height or blocks.height or newly_covered or last_head is None)
        return Fetched(
            network=self.network,
            planned_head=last_head,
            head_block=reached,
            head_hash=hash_,
            head_time=time_,
            finalized_block=reached,
            logs=logs,
            blocks=blocks,
            coverage=newly_covered,
            is_news=is_news or (reached != last_head and (every_head or self._is_due(lake, stored[0], reached, time_))),
            is_complete=reached == target,
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
        needed = {}
        for row in lake.rows(queries.WATCHED, self._key):
            start = coverage_start(row["known_since"])
            if start > head_time:
                continue
            if start not in self._first_blocks:
                self._first_blocks[start] = self._source.block_at_or_after(start, 0, head)
            floor = self.network.start_block if isinstance(self.network.start_block, int) else 0
            needed[row["address"]] = max(floor, self._first_blocks[start])
        return needed

    def _read(self, jobs: list[Job], target: int, on_progress: OnProgress | None) -> tuple[pl.DataFrame, int]:
        """All logs of the jobs, and the block they reach: the target, or less when the pass is full."""
        frames = [pl.DataFrame(schema=TRANSFER_LOG_SCHEMA)]
        rows = 0
        for job in jobs:
            for batch in self._source.backfill(job.addresses, job.from_block, job.to_block):
                frames.append(batch.frame)
                rows += batch.frame.height
                if on_progress:
                    on_progress(
                        self.network.network, batch.to_block - job.from_block + 1, job.to_block - job.from_block + 1
                    )
                if rows >= ROWS_PER_PASS and job.to_block == target and batch.to_block < target:
                    return pl.concat(frames), batch.to_block
        return pl.concat(frames), target

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
        self._is_first_pass = False
        return self._source.headers(sorted(numbers)) if numbers else pl.DataFrame(schema=BLOCK_SCHEMA)

    def _header(self, number: int) -> tuple[str, datetime]:
        row = self._source.headers([number]).row(0, named=True)
        return row["block_hash"], row["block_time"]

    def commit(self, write: Write, fetched: Fetched) -> int:
        """Append what is new, with coverage and head, in the caller's transaction.

        Returns:
            How many logs were new.

        Raises:
            PlanOutdated: the head moved since `fetch`.
        """
        stored = write.connection.execute(queries.HEAD, self._key).fetchone()
        if (stored[0] if stored else None) != fetched.planned_head:
            raise PlanOutdated(
                f"{self.network.network} was ingested by another process meanwhile", hint="it is tried again"
            )
        added = self._append_logs(write, fetched.logs)
        self._append_blocks(write, fetched.blocks)
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
