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
    """What is asked for: transfers of these tokens from or to these addresses, both canonical, on one network."""

    mode: str
    network: str
    tokens: tuple[str, ...]
    addresses: tuple[str, ...]

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
    timeless = timeless_blocks(frame)
    if timeless:
        frame = with_times(frame, block_headers.fetch(endpoint, [ref.number for ref in timeless]), watch)
    return frame, max(frame.height for frame in frames)


def _answers(endpoint: RpcEndpoint, watch: Watch, queries: Sequence[LogQuery]) -> list[pl.DataFrame]:
    """The checked answer to each query.

    The header of the range's last block is asked for first, in the same request: a node that is behind knows no
    logs of blocks it has not seen and says [], which is not "no logs".
    """
    last = queries[0].to_block
    calls = [block_headers.by_number(last), *(("eth_getLogs", [query.filter()]) for query in queries)]
    header, *answers = endpoint.batch(calls)
    end = block_headers.decode(header, network=watch.network, number=last)
    frames = []
    for query, answer in zip(queries, answers, strict=True):
        frame = decode_logs(answer, mode=watch.mode, network=watch.network)
        require_asked(frame, query, watch.network)
        if frame.filter((pl.col("block_number") == last) & (pl.col("block_hash") != end.hash)).height:
            raise DishonestAnswer(f"{watch.network}: the node sends two hashes for block {last}", network=watch.network)
        frames.append(frame)
    return frames


def merged(frames: Sequence[pl.DataFrame], watch: Watch) -> pl.DataFrame:
    """The distinct logs of several answers that name a sender and a receiver."""
    return merge_answers(frames, watch.network).filter(pl.col("topic_count") >= 3)


def with_times(frame: pl.DataFrame, headers: Sequence[Header], watch: Watch) -> pl.DataFrame:
    """Fill block times where the node's logs have none.

    Raises:
        DishonestAnswer: a log is of a block that is not among the headers.
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
    return timed


def timeless_blocks(frame: pl.DataFrame) -> list[BlockRef]:
    """The blocks whose logs have no time."""
    blocks = frame.filter(pl.col("block_time").is_null()).select("block_number", "block_hash").unique().sort(pl.all())
    return [BlockRef(*row) for row in blocks.iter_rows()]
