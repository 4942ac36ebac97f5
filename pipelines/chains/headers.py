"""Block headers of EVM chains: asked for, checked, as rows.

Belongs here: one header and many. Does not belong here: which blocks are needed (`evm.py`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import msgspec
import polars as pl

from pipelines.chains.decode import UTC_TIME, DishonestAnswer
from pipelines.chains.rpc import Call, RpcEndpoint
from warehouse.errors import RangeTooLarge

# java-tron and several providers take at most 100 calls in one request.
BATCH = 100

_HASH = r"^0x[0-9a-fA-F]{64}$"
_NUMBER = r"^0x[0-9a-fA-F]{1,15}$"

# The columns of raw.evm_blocks that a header fills; the writer adds batch_id and received_at.
BLOCK_SCHEMA: dict[str, pl.DataType] = {
    "mode": pl.String(),
    "network": pl.String(),
    "block_number": pl.Int64(),
    "block_hash": pl.String(),
    "parent_hash": pl.String(),
    "block_time": UTC_TIME,
}


class BlockRef(NamedTuple):
    """One block, named exactly: two nodes may have two of a number."""

    number: int
    hash: str


class Header(msgspec.Struct, frozen=True):
    """What is used of a block's header. Hashes are lower case, the time is UTC."""

    number: int
    hash: str
    parent_hash: str
    time: datetime

    @property
    def ref(self) -> BlockRef:
        """Its name."""
        return BlockRef(self.number, self.hash)


class _Block(msgspec.Struct, rename="camel"):
    """A block as nodes send it; other keys are ignored."""

    number: Annotated[str, msgspec.Meta(pattern=_NUMBER)]
    hash: Annotated[str, msgspec.Meta(pattern=_HASH)]
    parent_hash: Annotated[str, msgspec.Meta(pattern=_HASH)]
    timestamp: Annotated[str, msgspec.Meta(pattern=_NUMBER)]


_decoder = msgspec.json.Decoder(_Block)


def by_number(number: int) -> Call:
    """The call for the header of a block."""
    return "eth_getBlockByNumber", [hex(number), False]


def by_tag(tag: str) -> Call:
    """The call for the header under a tag, such as `latest` or `finalized`."""
    return "eth_getBlockByNumber", [tag, False]


def by_hash(ref: BlockRef) -> Call:
    """The call for the header of exactly this block."""
    return "eth_getBlockByHash", [ref.hash, False]


def decode(answer: bytes | msgspec.Raw, *, network: str, number: int | None = None) -> Header:
    """One header.

    Args:
        answer: the JSON of the result.
        network: named in errors.
        number: the block that was asked for, if it was asked for by number.

    Raises:
        DishonestAnswer: not a header, or another block's.
    """
    try:
        block = _decoder.decode(answer)
        time = datetime.fromtimestamp(int(block.timestamp, 16), UTC)
    except (msgspec.MsgspecError, ValueError, OverflowError, OSError) as error:
        raise DishonestAnswer(f"{network}: the node's answer is not a block header: {error}", network=network) from None
    header = Header(int(block.number, 16), block.hash.lower(), block.parent_hash.lower(), time)
    if number is not None and header.number != number:
        raise DishonestAnswer(
            f"{network}: the node sends block {header.number} when asked for block {number}", network=network
        )
    return header


def fetch(endpoint: RpcEndpoint, numbers: Sequence[int], *, chain: BlockRef | None = None) -> list[Header]:
    """The headers of these blocks in this order, in as few requests as the node takes.

    Args:
        endpoint: the node.
        numbers: which blocks.
        chain: a block that must be on the node's chain: then all blocks below it are those that lead to it.

    Raises:
        DishonestAnswer: no headers, others, or those of another chain.
    """
    asked = [*numbers, chain.number] if chain else [*numbers]
    answers = ask(endpoint, [by_number(number) for number in asked])
    headers = [
        decode(answer, network=endpoint.network, number=number) for number, answer in zip(asked, answers, strict=True)
    ]
    if chain:
        require_chain(headers.pop(), chain, endpoint.network)
    return headers


def require_chain(header: Header, chain: BlockRef, network: str) -> None:
    """Refuse what a node says of the past when it does not have the block that the past leads to.

    Raises:
        DishonestAnswer: its header at that height is another's.
    """
    if header.ref != chain:
        raise DishonestAnswer(
            f"{network}: the node has {header.hash} as block {header.number}, another node {chain.hash}",
            network=network,
            hint="compare the nodes of rpc_urls: they are on different chains",
        )


def fetch_exactly(endpoint: RpcEndpoint, refs: Sequence[BlockRef]) -> list[Header]:
    """The headers of exactly these blocks in this order, whether or not they still are on the chain.

    Raises:
        DishonestAnswer: the node sends another block.
    """
    headers = [decode(answer, network=endpoint.network) for answer in ask(endpoint, [by_hash(ref) for ref in refs])]
    for ref, header in zip(refs, headers, strict=True):
        if header.ref != ref:
            raise DishonestAnswer(
                f"{endpoint.network}: the node sends another block when asked for {ref.hash}", network=endpoint.network
            )
    return headers


def look_up(endpoint: RpcEndpoint, numbers: Sequence[int]) -> list[Header | None]:
    """As `fetch`, but None for each block that the node does not have."""
    answers = ask(endpoint, [by_number(number) for number in numbers], null=True)
    return [
        None if bytes(answer) == b"null" else decode(answer, network=endpoint.network, number=number)
        for number, answer in zip(numbers, answers, strict=True)
    ]


def first_at_or_after(endpoint: RpcEndpoint, time: datetime, low: int, high: int) -> int:
    """The first block from `low` to `high` that is not earlier than `time`; `high` + 1 if all are earlier.

    From the end in growing steps, then by halves: many nodes do not have the oldest blocks.
    """

    def is_earlier(number: int) -> bool:
        return fetch(endpoint, [number])[0].time < time

    first, last, step = low, high + 1, 1024
    while last - step > low:
        if is_earlier(last - step):
            first = last - step + 1
            break
        last, step = last - step, 2 * step
    while first < last:
        middle = (first + last) // 2
        if is_earlier(middle):
            first = middle + 1
        else:
            last = middle
    return first


def ask(endpoint: RpcEndpoint, calls: Sequence[Call], *, null: bool = False, partly: bool = False) -> list[msgspec.Raw]:
    """The results of many calls; a node that finds them too many at once gets fewer. Options as `RpcEndpoint.batch`."""
    results: list[msgspec.Raw] = []
    size = BATCH
    while len(results) < len(calls):
        some = calls[len(results) : len(results) + size]
        try:
            results += endpoint.batch(some, null=null, partly=partly)
        except RangeTooLarge:
            if len(some) == 1:
                raise
            size = len(some) // 2
    return results


def to_frame(headers: Sequence[Header], *, mode: str, network: str) -> pl.DataFrame:
    """Headers as rows of `raw.evm_blocks`, without `batch_id` and `received_at`."""
    rows = [(mode, network, header.number, header.hash, header.parent_hash, header.time) for header in headers]
    return pl.DataFrame(rows, schema=BLOCK_SCHEMA, orient="row")
