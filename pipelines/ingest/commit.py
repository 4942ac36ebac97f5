"""What a pass read of one EVM network, into the lake: rows, marks, coverage and head in one transaction.

Belongs here: the writes. Does not: what is read (evm.py), the transaction (warehouse/lake.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.chains.headers import BlockRef
from pipelines.ingest import queries
from pipelines.ingest.window import Window
from warehouse.errors import PaylakeError
from warehouse.lake import Write
from warehouse.settings import NetworkSettings

_UTC = pl.Datetime("us", "UTC")


class PlanOutdated(PaylakeError):
    """Another process moved the network's head between planning and committing: fetch again."""

    code = "PLAN_OUTDATED"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one pass read of one network, ready to be committed.

    Attributes:
        network: whose it is.
        tokens: the contracts in force.
        planned_batch: the commit it was planned after; None if it is the first.
        window: the chain's end as it was followed.
        logs: rows of `raw.evm_transfer_logs`; some may be stored already.
        blocks: rows of `raw.evm_blocks`; likewise.
        receipts: rows of `raw.evm_receipts`; likewise, of these and of earlier logs.
        left: blocks that are not on the chain any more.
        returned: blocks that had left it and are on it again.
        coverage: address → first block that is covered from now on.
        is_news: whether it must be committed now.
        is_complete: whether the chain's end was reached for every address, and no receipt is left that can be had.
    """

    network: NetworkSettings
    tokens: list[str]
    planned_batch: int | None
    window: Window
    logs: pl.DataFrame
    blocks: pl.DataFrame
    receipts: pl.DataFrame
    left: list[BlockRef]
    returned: list[BlockRef]
    coverage: dict[str, int]
    is_news: bool
    is_complete: bool

    @property
    def key(self) -> dict[str, str]:
        """Mode and network, as parameters of queries."""
        return {"mode": self.network.mode, "network": self.network.network}


def commit(write: Write, fetched: Fetched) -> int:
    """Append what is new, with coverage and head, in the caller's transaction.

    Returns:
        How many logs were new.

    Raises:
        PlanOutdated: another process committed since it was planned.
    """
    stored = write.connection.execute(queries.HEAD_BATCH, fetched.key).fetchone()
    if (stored[0] if stored else None) != fetched.planned_batch:
        raise PlanOutdated(
            f"{fetched.network.network} was ingested by another process meanwhile", hint="it is tried again"
        )
    added = append_logs(write, fetched.logs, fetched.key)
    _append_blocks(write, fetched)
    _append_receipts(write, fetched)
    _mark(write, fetched)
    write.connection.execute(queries.FORGET_OTHER_TOKENS, fetched.key | {"tokens": fetched.tokens})
    _cover(write, fetched)
    _write_head(write, fetched)
    return added


def append_logs(write: Write, logs: pl.DataFrame, key: dict[str, str]) -> int:
    """Append the logs that are not stored; how many those are."""
    logs = logs.unique(["block_hash", "log_index"], maintain_order=True)
    if logs.is_empty():
        return 0
    low, high = logs["block_number"].min(), logs["block_number"].max()
    write.connection.register("fetched_logs", logs)
    fresh = write.connection.sql(queries.NEW_LOGS, params=key | {"low": low, "high": high}).pl()
    write.connection.unregister("fetched_logs")
    return write.append("raw.evm_transfer_logs", fresh)


def _append_blocks(write: Write, fetched: Fetched) -> None:
    if fetched.blocks.is_empty():
        return
    write.connection.register("fetched_blocks", fetched.blocks)
    fresh = write.connection.sql(queries.NEW_BLOCKS, params=fetched.key).pl()
    write.connection.unregister("fetched_blocks")
    write.append("raw.evm_blocks", fresh)


def _append_receipts(write: Write, fetched: Fetched) -> None:
    receipts = fetched.receipts
    if receipts.is_empty():
        return
    bounds = {"low": receipts["block_number"].min(), "high": receipts["block_number"].max()}
    write.connection.register("fetched_receipts", receipts)
    fresh = write.connection.sql(queries.NEW_RECEIPTS, params=fetched.key | bounds).pl()
    write.connection.unregister("fetched_receipts")
    write.append("raw.evm_receipts", fresh)


def _mark(write: Write, fetched: Fetched) -> None:
    rows = [
        {**fetched.key, "block_number": ref.number, "block_hash": ref.hash, "is_orphaned": is_orphaned}
        for refs, is_orphaned in ((fetched.left, True), (fetched.returned, False))
        for ref in refs
    ]
    if rows:
        write.append("raw.evm_block_marks", pl.DataFrame(rows))


def _cover(write: Write, fetched: Fetched) -> None:
    if not fetched.coverage:
        return
    write.connection.execute(queries.FORGET_COVERAGE, fetched.key | {"addresses": list(fetched.coverage)})
    rows = [
        {**fetched.key, "address": address, "token_address": token, "from_block": first}
        for address, first in fetched.coverage.items()
        for token in fetched.tokens
    ]
    if rows:
        write.append("state.address_coverage", pl.DataFrame(rows))


def _write_head(write: Write, fetched: Fetched) -> None:
    write.connection.execute(queries.FORGET_HEAD, fetched.key)
    window = fetched.window
    head = {
        **fetched.key,
        "head_block": window.head.number,
        "head_hash": window.head.hash,
        "head_time": window.head_time,
        "finalized_block": window.final.number,
        "window_hashes": [ref.hash for ref in window.refs],
        "observed_at": write.received_at,
    }
    write.append("state.chain_heads", pl.DataFrame([head]).cast({"head_time": _UTC, "observed_at": _UTC}))
