"""Final blocks read again, whether or not they were read before; the head stays where it is.

Belongs here: what a re-reading finds and the rows it becomes. Does not: the command (pipelines/backfill.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.chains import headers as block_headers
from pipelines.chains import receipts
from pipelines.chains.evm import EvmSource
from pipelines.chains.headers import BlockRef
from pipelines.ingest import queries
from pipelines.ingest.commit import Fetched
from pipelines.ingest.coverage import Job, covered_only
from pipelines.ingest.plan import Planner
from pipelines.ingest.reading import OnProgress, Reading
from pipelines.ingest.window import read_window
from warehouse.domain.tokens import Token
from warehouse.errors import PaylakeError
from warehouse.lake import Lake
from warehouse.settings import NetworkSettings


class NotFinal(PaylakeError):
    """Blocks were asked for that may still be replaced, or were not ingested yet."""

    code = "NOT_FINAL"


@dataclass(frozen=True, slots=True)
class Reread:
    """What was found.

    Attributes:
        to_block: up to where; less than asked for when there is much in it.
        logs: rows of `raw.evm_transfer_logs`; most are stored already.
        surplus: logs that are stored, but that the node does not have.
        returned: blocks that are marked as not on the chain, but are.
    """

    to_block: int
    logs: pl.DataFrame
    surplus: pl.DataFrame
    returned: list[BlockRef]


class EvmReread:
    """Re-reading of one network."""

    def __init__(self, network: NetworkSettings, tokens: list[Token], source: EvmSource) -> None:
        self._network = network
        self._tokens = [token.address for token in tokens]
        self._source = source
        self._planner = Planner(network, self._tokens, source)

    def read(self, lake: Lake, from_block: int, to_block: int, *, on_progress: OnProgress | None = None) -> Reread:
        """Read a range, or as much of it as one pass holds.

        Raises:
            NotFinal: the range ends beyond the blocks that were ingested as final.
            ChainError: the nodes do not answer usefully.
        """
        head = self._source.head()
        final = self._final(lake, to_block)
        reading = Reading(self._network, self._source, lake, final, on_progress)
        watched = self._planner.watched(lake, head, final, {})
        job = Job(tuple(watched.first_blocks), from_block, to_block)
        logs, reached, _ = reading.ranges([job], from_block - 1, to_block)
        logs = covered_only(logs, watched)
        # Blocks that came back first: what is stored of them is on the chain.
        returned = reading.returned((), from_block - 1, up_to=reached)
        bounds = {"from_block": from_block, "to_block": reached, "tokens": self._tokens}
        stored = covered_only(lake.frame(queries.STORED_LOGS, {**reading.key, **bounds}), watched)
        return Reread(reached, logs, stored.join(logs, on=["block_hash", "log_index"], how="anti"), returned)

    def amend(self, lake: Lake, reread: Reread) -> Fetched:
        """The rows of a re-reading as the lake is now; cheap, so that it can be repeated when another process commits.

        Raises:
            DishonestAnswer: another block is stored at the same height.
        """
        final = self._final(lake, reread.to_block)
        reading = Reading(self._network, self._source, lake, final)
        window = read_window(lake, reading.key)
        assert window is not None, "there is a final block, so there is a window"
        headers = reading.confirming(reread.logs, window.refs, (), [], -1)
        reading.require_agreement(reread.logs, headers, [])
        return Fetched(
            network=self._network,
            tokens=self._tokens,
            planned_batch=window.batch_id,
            window=window,
            logs=reread.logs,
            blocks=block_headers.to_frame(headers, **reading.key),
            receipts=receipts.to_frame([], **reading.key),
            left=[],
            returned=reread.returned,
            coverage={},
            is_news=True,
            is_complete=True,
        )

    def _final(self, lake: Lake, to_block: int) -> BlockRef:
        window = read_window(lake, {"mode": self._network.mode, "network": self._network.network})
        if window is None or to_block > window.final.number:
            reached = "none yet" if window is None else f"up to {window.final.number}"
            raise NotFinal(
                f"{self._network.network}: only final blocks that were ingested can be read again ({reached})",
                hint="paylake sync reads the newer ones",
            )
        return window.final
