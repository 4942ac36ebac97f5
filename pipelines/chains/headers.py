"""Block headers of EVM chains: asked for, checked, as rows.

Belongs here: one header and many. Does not belong here: which blocks are needed (`evm.py`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import polars as pl

from pipelines.chains.decode import UTC_TIME, DishonestAnswer
from pipelines.chains.rpc import Call, RpcEndpoint
from warehouse.errors import RangeTooLarge

# java-tron and several providers take at most 100 calls in one request.
_BATCH = 100

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


class Header(msgspec.Struct, frozen=True):
    """What is used of a block's header. Hashes are lower case, the time is UTC."""

    number: int
    hash: str
    parent_hash: str
    time: datetime


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


def fetch(endpoint: RpcEndpoint, numbers: Sequence[int]) -> list[Header]:
    """The headers of these blocks in this order, in as few requests as the node takes."""
    fetched: list[Header] = []
    size = _BATCH
    while len(fetched) < len(numbers):
        some = numbers[len(fetched) : len(fetched) + size]
        try:
            answers = endpoint.batch([by_number(number) for number in some])
        except RangeTooLarge:
            if len(some) == 1:
                raise
            size = len(some) // 2
            continue
        for number, answer in zip(some, answers, strict=True):
            fetched.append(decode(answer, network=endpoint.network, number=number))
    return fetched


def to_frame(headers: Sequence[Header], *, mode: str, network: str) -> pl.DataFrame:
    """Headers as rows of `raw.evm_blocks`, without `batch_id` and `received_at`."""
    rows = [(mode, network, header.number, header.hash, header.parent_hash, header.time) for header in headers]
    return pl.DataFrame(rows, schema=BLOCK_SCHEMA, orient="row")
