"""Ethereum-like chains: heads, headers and the Transfer logs of watched addresses up to the final block.

Belongs here: what is asked of the nodes of one EVM network, and in which order. Does not belong here: HTTP and
refusals (`rpc.py`), decoding (`decode.py`), storing (`pipelines/ingest`). A further EVM chain is settings, not code.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, TypeVar

import msgspec
import polars as pl

from pipelines.chains import headers as block_headers
from pipelines.chains.decode import (
    TRANSFER_LOG_SCHEMA,
    DishonestAnswer,
    LogQuery,
    decode_logs,
    merge_answers,
    require_asked,
)
from pipelines.chains.heads import Head, read_head
from pipelines.chains.ranges import RangeSizer
from pipelines.chains.rpc import RpcEndpoint
from pipelines.chains.rpc_pool import RpcPool
from warehouse.domain.addresses import canonical_address
from warehouse.domain.tokens import Token
from warehouse.errors import ChainUnavailable, RangeTooLarge, WrongChain
from warehouse.settings import NetworkSettings

T = TypeVar("T")

# decimals(), the first four bytes of its keccak256
_DECIMALS_CALL = "0x313ce567"
# A range that times out is halved so many times before the endpoint is left.
_TIME_OUTS = 3


@dataclass(frozen=True, slots=True)
class LogBatch:
    """All Transfer logs of the watched addresses from `from_block` to `to_block`, both included.

    `frame` has the columns of `raw.evm_transfer_logs` without `batch_id` and `received_at`.
    """

    from_block: int
    to_block: int
    frame: pl.DataFrame


class EvmSource:
    """One EVM network as its nodes tell it. Keep it between passes: it learns what its nodes accept.

    Args:
        network: its settings.
        tokens: the contracts whose transfers count; others are never asked for.
        pool: its endpoints.
    """

    def __init__(self, network: NetworkSettings, tokens: Sequence[Token], pool: RpcPool) -> None:
        self._settings = network
        self._mode, self._name = network.mode, network.network
        self._tokens = tuple(token.address for token in tokens)
        self._pool = pool
        self._sizers: dict[RpcEndpoint, RangeSizer] = {}
        self._right_endpoints: set[RpcEndpoint] = set()

    def check(self) -> None:
        """Ask every endpoint which chain it serves.

        Raises:
            WrongChain: one serves another chain; names both.
            ChainUnavailable: none answers.
        """
        silent = []
        for endpoint in self._pool.endpoints:
            try:
                self._require_chain(endpoint)
            except ChainUnavailable as unavailable:
                silent.append(unavailable)
        if len(silent) == len(self._pool.endpoints):
            raise silent[0]

    def head(self) -> Head:
        """The newest and the newest final block, both from one node.

        Final is the node's finalised block, or by depth: with `finality_depth` confirmations.
        """
        return self._run(lambda endpoint: read_head(endpoint, self._settings))

    def headers(self, numbers: Sequence[int]) -> pl.DataFrame:
        """The headers of these blocks: columns of `raw.evm_blocks` without `batch_id` and `received_at`."""
        fetched = self._run(lambda endpoint: block_headers.fetch(endpoint, numbers))
        return block_headers.to_frame(fetched, mode=self._mode, network=self._name)

    def block_at_or_after(self, time: datetime, low: int, high: int) -> int:
        """The first block from `low` to `high` that is not earlier than `time`; `high` + 1 if all are earlier."""

        def search(endpoint: RpcEndpoint) -> int:
            first, last = low, high + 1
            while first < last:
                middle = (first + last) // 2
                if block_headers.fetch(endpoint, [middle])[0].time < time:
                    first = middle + 1
                else:
                    last = middle
            return first

        return self._run(search)

    def token_decimals(self, token: str) -> int:
        """What the contract at this canonical address says its decimals are.

        Raises:
            WrongChain: there is no such contract, or it has no decimals.
        """
        call = {"to": token, "data": _DECIMALS_CALL}
        answer = self._run(lambda endpoint: endpoint.call("eth_call", [call, "latest"]))
        word = _text(answer)
        if word is None or len(word) != 2 + 64:
            raise WrongChain(f"{self._name}: the contract {token} has no decimals", network=self._name)
        return int(word, 16)

    def backfill(
        self,
        addresses: Sequence[str],
        from_block: int,
        to_block: int,
        *,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[LogBatch]:
        """Every Transfer log of the tokens that sends from or to the addresses, zero values and self transfers too.

        The batches follow one another without gap, in ascending order, and cover exactly the range. `to_block` must
        be final. Logs with fewer than three topics name no receiver and are left out.

        Args:
            addresses: watched addresses.
            from_block: first block.
            to_block: last block; nothing is yielded when it is below `from_block`.
            on_progress: called after each batch with the last block covered and `to_block`.

        Raises:
            ChainUnavailable: no node gives a usable answer; what was yielded before stays valid.
        """
        watched = sorted({canonical_address(self._settings.family, address) for address in addresses})
        first = from_block
        while first <= to_block:
            if watched and self._tokens:
                batch = self._run(partial(self._next_batch, watched=watched, first=first, to_block=to_block))
            else:
                batch = LogBatch(first, to_block, pl.DataFrame(schema=TRANSFER_LOG_SCHEMA))
            yield batch
            if on_progress is not None:
                on_progress(batch.to_block, to_block)
            first = batch.to_block + 1

    def _next_batch(self, endpoint: RpcEndpoint, watched: Sequence[str], first: int, to_block: int) -> LogBatch:
        """The longest range from `first` that this node answers at present."""
        sizer = self._sizers.setdefault(endpoint, RangeSizer(self._settings.max_block_range))
        time_outs = 0
        while True:
            last = min(to_block, first + sizer.blocks - 1)
            try:
                frame, most_logs = self._logs(endpoint, watched, first, last, sizer.addresses)
            except RangeTooLarge as refusal:
                if not _is_made_smaller(sizer, refusal, first, last, len(watched)):
                    del self._sizers[endpoint]  # when it is asked again, it starts afresh
                    raise
            except ChainUnavailable as unavailable:
                time_outs += 1
                too_often = time_outs > _TIME_OUTS
                if too_often or not unavailable.details.get("timed_out") or not sizer.refuse(first, last):
                    raise
            else:
                sizer.accept(last - first + 1, most_logs)
                return LogBatch(first, last, frame)

    def _logs(
        self, endpoint: RpcEndpoint, watched: Sequence[str], first: int, last: int, most_addresses: int
    ) -> tuple[pl.DataFrame, int]:
        """The logs of one range, and how many the fullest answer had. One endpoint answers everything."""
        frames = []
        for start in range(0, len(watched), most_addresses):
            some = tuple(watched[start : start + most_addresses])
            queries = [LogQuery(first, last, self._tokens, some, position) for position in ("to", "from")]
            frames += self._answers(endpoint, queries)
        merged = merge_answers(frames, self._name).filter(pl.col("topic_count") >= 3)
        return self._with_times(endpoint, merged), max(frame.height for frame in frames)

    def _answers(self, endpoint: RpcEndpoint, queries: Sequence[LogQuery]) -> list[pl.DataFrame]:
        """The checked answer to each query.

        The header of the range's last block is asked for first, in the same request: a node that is behind knows no
        logs of blocks it has not seen and says [], which is not "no logs".
        """
        last = queries[0].to_block
        calls = [block_headers.by_number(last), *(("eth_getLogs", [query.filter()]) for query in queries)]
        header, *answers = endpoint.batch(calls)
        end = block_headers.decode(header, network=self._name, number=last)
        frames = []
        for query, answer in zip(queries, answers, strict=True):
            frame = decode_logs(answer, mode=self._mode, network=self._name)
            require_asked(frame, query, self._name)
            if frame.filter((pl.col("block_number") == last) & (pl.col("block_hash") != end.hash)).height:
                raise DishonestAnswer(f"{self._name}: the node sends two hashes for block {last}", network=self._name)
            frames.append(frame)
        return frames

    def _with_times(self, endpoint: RpcEndpoint, frame: pl.DataFrame) -> pl.DataFrame:
        """Fill block times from the headers where the node's logs have none."""
        if not frame["block_time"].null_count():
            return frame
        numbers = frame.filter(pl.col("block_time").is_null())["block_number"].unique().sort().to_list()
        fetched = block_headers.to_frame(
            block_headers.fetch(endpoint, numbers), mode=self._mode, network=self._name
        ).select("block_number", "block_hash", pl.col("block_time").alias("header_time"))
        joined = frame.join(fetched, on=["block_number", "block_hash"], how="left", maintain_order="left")
        timed = joined.with_columns(pl.coalesce("block_time", "header_time").alias("block_time")).drop("header_time")
        if timed["block_time"].null_count():
            raise DishonestAnswer(
                f"{self._name}: the node's logs and headers have different hashes", network=self._name
            )
        return timed

    def _run(self, work: Callable[[RpcEndpoint], T]) -> T:
        """The result of a linked piece of work by one endpoint that serves the right chain."""

        def checked(endpoint: RpcEndpoint) -> T:
            try:
                self._require_chain(endpoint)
                return work(endpoint)
            except DishonestAnswer as lie:
                message = f"{lie.message} ({endpoint.name})"
                raise DishonestAnswer(message, network=self._name, hint=lie.hint) from None
            except RangeTooLarge as refusal:
                # What could be asked for in smaller pieces has been; another node may take it.
                raise ChainUnavailable(refusal.message, network=self._name) from None

        return self._pool.run(checked)

    def _require_chain(self, endpoint: RpcEndpoint) -> None:
        """Check an endpoint's chain once, before its first use: one that was down at the start is checked too."""
        if endpoint in self._right_endpoints:
            return
        expected = self._settings.chain_id
        text = _text(endpoint.call("eth_chainId"))
        if text is None:
            raise DishonestAnswer(f"{self._name}: the node {endpoint.name} names no chain id", network=self._name)
        served = int(text, 16)
        if served != expected:
            raise WrongChain(
                f"{self._name}: the node {endpoint.name} serves chain {served}, but the settings say {expected}",
                network=self._name,
                hint=f"correct rpc_urls or chain_id under networks.{self._mode}.{self._name}",
            )
        self._right_endpoints.add(endpoint)


def _is_made_smaller(sizer: RangeSizer, refusal: RangeTooLarge, first: int, last: int, watched: int) -> bool:
    """Make the next question smaller: fewer blocks down to one, then fewer addresses; a long list the other way."""
    addresses = min(watched, sizer.addresses)
    if refusal.details.get("narrow"):
        return sizer.narrow(addresses) or sizer.refuse(first, last)
    return sizer.refuse(first, last, refusal.suggested) or sizer.narrow(addresses)


def _text(answer: msgspec.Raw) -> str | None:
    """A hexadecimal string result; None if it is something else."""
    try:
        return msgspec.json.decode(answer, type=Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]+$")])
    except msgspec.MsgspecError:
        return None
