"""Transfer logs of final blocks by ranges of block numbers, as long as one node takes them.

Belongs here: one range asked of one node, split and checked. Does not belong here: which node (`evm.py`), how long a
range to try (`ranges.py`), blocks that may still be replaced (`follow.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from pipelines.chains import headers as block_headers
from pipelines.chains.decode import DishonestAnswer, LogQuery, decode_logs, merge_answers, require_asked
from pipelines.chains.headers import BlockRef, Header
from pipelines.chains.ranges import RangeSizer
from pipelines.chains.rpc import RpcEndpoint
from warehouse.errors import ChainUnavailable, RangeTooLarge

# A range that times out is halved so many times before the endpoint is left.
_TIME_OUTS = 3
_POSITIONS: tuple[Literal["to"], Literal["from"]] = ("to", "from")


@dataclass(frozen=True, slots=True)
class LogBatch:
    """All Transfer logs of the watched addresses from `from_block` to `to_block`, both included.

    `frame` has the columns of `raw.evm_transfer_logs` without `batch_id` and `received_at`.
    """

    from_block: int
    to_block: int
    frame: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Watch:
    """What is asked for: transfers of these tokens from or to these addresses, both canonical, on one network.

    `chain` is a block that must be on the chain of whoever answers: then the blocks below it are those that lead to it.
    """

    mode: str
    network: str
    tokens: tuple[str, ...]
    addresses: tuple[str, ...]
    chain: BlockRef | None = None

    def queries(self, first: int, last: int, most_addresses: int) -> list[LogQuery]:
        """The questions that together cover a range of blocks."""
        chunks = [
            self.addresses[start : start + most_addresses] for start in range(0, len(self.addresses), most_addresses)
        ]
        if not self.tokens:
            return []
        return [LogQuery(first, last, self.tokens, chunk, position) for chunk in chunks for position in _POSITIONS]


def read_range(endpoint: RpcEndpoint, watch: Watch, first: int, to_block: int, sizer: RangeSizer) -> LogBatch:
    """The longest range from `first` that this node answers at present; the sizer learns from it.

    Raises:
        RangeTooLarge: the node finds even one block and one address too much.
        ChainUnavailable: it gives no usable answer.
    """
    time_outs = 0
    while True:
        last = min(to_block, first + sizer.blocks - 1)
        try:
            frame, most_logs = _logs(endpoint, watch, first, last, sizer.addresses)
        except RangeTooLarge as refusal:
            if not make_smaller(sizer, refusal, first, last, len(watch.addresses)):
                raise
        except ChainUnavailable as unavailable:
            time_outs += 1
            too_often = time_outs > _TIME_OUTS
            if too_often or not unavailable.details.get("timed_out") or not sizer.refuse(first, last):
                raise
        else:
            sizer.accept(last - first + 1, most_logs)
            return LogBatch(first, last, frame)


def make_smaller(sizer: RangeSizer, refusal: RangeTooLarge, first: int, last: int, watched: int) -> bool:
    """Make the next question smaller: fewer blocks down to one, then fewer addresses; a long list the other way."""
    addresses = min(watched, sizer.addresses)
    if refusal.details.get("narrow"):
        return sizer.narrow(addresses) or sizer.refuse(first, last)
    return sizer.refuse(first, last, refusal.suggested) or sizer.narrow(addresses)


def _logs(endpoint: RpcEndpoint, watch: Watch, first: int, last: int, most_addresses: int) -> tuple[pl.DataFrame, int]:
    """The logs of one range, and how many the fullest answer had. One endpoint answers everything."""
    frames = []
    queries = watch.queries(first, last, most_addresses)
    for start in range(0, len(queries), len(_POSITIONS)):
        frames += _answers(endpoint, watch, queries[start : start + len(_POSITIONS)])
    frame = merged(frames, watch)
    timeless = blocks_of(frame.filter(pl.col("block_time").is_null()))
    if timeless:
        headers = block_headers.fetch(endpoint, [ref.number for ref in timeless], chain=watch.chain)
        frame = with_times(frame, headers, watch)
    return frame, max(frame.height for frame in frames)


def _answers(endpoint: RpcEndpoint, watch: Watch, queries: Sequence[LogQuery]) -> list[pl.DataFrame]:
    """The checked answer to each query.

    Headers are asked for in the same request: that of the range's last block, because a node that is behind knows no
    logs of blocks it has not seen and says [], which is not "no logs"; that of the first, because no log may be
    earlier; that of the chain's block, because ranges by number are answered from whatever chain the node is on.
    """
    numbers = [queries[0].to_block, queries[0].from_block, *([watch.chain.number] if watch.chain else [])]
    calls = [block_headers.by_number(number) for number in numbers]
    results = endpoint.batch([*calls, *(("eth_getLogs", [query.filter()]) for query in queries)])
    ends = [
        block_headers.decode(answer, network=watch.network, number=number)
        for answer, number in zip(results[: len(numbers)], numbers, strict=True)
    ]
    if watch.chain:
        block_headers.require_chain(ends[-1], watch.chain, watch.network)
    last, first = ends[:2]
    frames = []
    for query, answer in zip(queries, results[len(numbers) :], strict=True):
        frame = decode_logs(answer, mode=watch.mode, network=watch.network)
        require_asked(frame, query, watch.network)
        _require_ends(frame, first, last, watch.network)
        frames.append(frame)
    return frames


def _require_ends(frame: pl.DataFrame, first: Header, last: Header, network: str) -> None:
    """Refuse hashes and times that the logs' blocks cannot have: times rise with the blocks, from first to last."""
    times = frame.filter(pl.col("block_time").is_not_null())["block_time"]
    is_honest = times.is_between(first.time, last.time).all() and times.is_sorted()
    for end in (first, last):
        there = frame.filter(pl.col("block_number") == end.number)
        if (there["block_hash"] != end.hash).any():
            raise DishonestAnswer(f"{network}: the node sends two hashes for block {end.number}", network=network)
        is_honest = is_honest and (there["block_time"].drop_nulls() == end.time).all()
    if not is_honest:
        raise DishonestAnswer(f"{network}: the node's logs and headers have different times", network=network)


def merged(frames: Sequence[pl.DataFrame], watch: Watch) -> pl.DataFrame:
    """The distinct logs of several answers that name a sender and a receiver."""
    return merge_answers(frames, watch.network).filter(pl.col("topic_count") >= 3)


def with_times(frame: pl.DataFrame, headers: Sequence[Header], watch: Watch) -> pl.DataFrame:
    """Fill block times where the node's logs have none.

    Raises:
        DishonestAnswer: a log is of a block that is not among the headers, or has another time than its block.
    """
    times = block_headers.to_frame(headers, mode=watch.mode, network=watch.network).select(
        "block_number", "block_hash", pl.col("block_time").alias("header_time")
    )
    joined = frame.join(times, on=["block_number", "block_hash"], how="left", maintain_order="left")
    timed = joined.with_columns(pl.coalesce("block_time", "header_time").alias("block_time")).drop("header_time")
    if timed["block_time"].null_count():
        raise DishonestAnswer(
            f"{watch.network}: the node's logs and headers have different hashes", network=watch.network
        )
    if (joined["block_time"] != joined["header_time"]).any():
        raise DishonestAnswer(
            f"{watch.network}: the node's logs and headers have different times", network=watch.network
        )
    return timed


def blocks_of(frame: pl.DataFrame) -> list[BlockRef]:
    """The blocks of the logs."""
    blocks = frame.select("block_number", "block_hash").unique().sort(pl.all())
    return [BlockRef(*row) for row in blocks.iter_rows()]
