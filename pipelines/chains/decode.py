"""An `eth_getLogs` answer as rows: exact, checked, and by columns instead of field by field.

Belongs here: what turns the bytes of an answer into a frame of `raw.evm_transfer_logs` and refuses what was not asked
for. Does not belong here: asking (`rpc.py`), choosing ranges (`ranges.py`, `evm.py`), what a transfer means (the SQL
models).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import polars as pl

from warehouse.errors import ChainUnavailable

# keccak256("Transfer(address,address,uint256)")
TRANSFER_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"

UTC_TIME = pl.Datetime("us", "UTC")

# The columns of raw.evm_transfer_logs that an answer fills; the writer adds batch_id and received_at.
TRANSFER_LOG_SCHEMA: dict[str, pl.DataType] = {
    "mode": pl.String(),
    "network": pl.String(),
    "block_number": pl.Int64(),
    "block_hash": pl.String(),
    "block_time": UTC_TIME,
    "tx_hash": pl.String(),
    "log_index": pl.Int64(),
    "token_address": pl.String(),
    "from_address": pl.String(),
    "to_address": pl.String(),
    "topic_count": pl.Int64(),
    "amount_text": pl.String(),
    "amount_base_units": pl.Decimal(38, 0),
}

_WORD = r"^0x[0-9a-f]{64}$"
_ADDRESS = r"^0x[0-9a-f]{40}$"
# An address as a topic: 12 zero bytes, then the address. A pattern of 15 digits keeps a number below 2**60.
_ADDRESS_TOPIC = r"^0x0{24}[0-9a-f]{40}$"
_NUMBER = r"^0x[0-9a-f]{1,15}$"
# Ids of transactions have room for so many logs in a block (P-014); no block comes near it.
_LOGS_PER_BLOCK = 131_072
# The year 2242: beyond it a number of seconds is no time, and would not fit.
_SECONDS_MAX = 2**33
_BYTES = r"^0x(?:[0-9a-f]{2})*$"
# DECIMAL(38,0) holds exactly the numbers of at most 38 digits.
_DECIMAL_DIGITS = 38
_WORD_CHARACTERS = 2 + 64
_ADDRESS_OFFSET = 2 + 24


class DishonestAnswer(ChainUnavailable):
    """An answer that contradicts the question or itself. Nothing of it is kept; another endpoint may be asked."""

    code = "DISHONEST_ANSWER"


class _Log(msgspec.Struct, rename="camel", gc=False):
    """One log as nodes send it; other keys are ignored. `block_timestamp` is offered by some nodes only."""

    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    log_index: str
    block_timestamp: str | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class LogQuery:
    """One question to `eth_getLogs`.

    Attributes:
        from_block: first block asked for.
        to_block: last block asked for.
        tokens: canonical token contracts.
        watched: canonical addresses, at most as many as one topic position may hold.
        position: whether the watched addresses are asked for as senders or as receivers.
        block_hash: exactly this version of the one block asked for, which may not be final.
    """

    from_block: int
    to_block: int
    tokens: tuple[str, ...]
    watched: tuple[str, ...]
    position: Literal["from", "to"]
    block_hash: str | None = None

    def filter(self) -> dict[str, object]:
        """The filter object of `eth_getLogs`."""
        words = ["0x" + "0" * 24 + address[2:] for address in self.watched]
        topics = [TRANSFER_TOPIC, words] if self.position == "from" else [TRANSFER_TOPIC, None, words]
        blocks: dict[str, object] = {"fromBlock": hex(self.from_block), "toBlock": hex(self.to_block)}
        if self.block_hash is not None:
            blocks = {"blockHash": self.block_hash}
        return blocks | {"address": list(self.tokens), "topics": topics}


_decoder = msgspec.json.Decoder(list[_Log])


def decode_logs(answer: bytes | msgspec.Raw, *, mode: str, network: str) -> pl.DataFrame:
    """Transfer logs of one answer as a frame of `TRANSFER_LOG_SCHEMA`, in order of block and log index.

    `block_time` is null where the node offers no `blockTimestamp`. `amount_text` is null where the data is not one
    32-byte word (ERC-721 has four topics and no data), `amount_base_units` also where the number has more than 38
    digits. A log with fewer than three topics names no receiver: its `to_address` is null, and with one topic also
    its `from_address`.

    Args:
        answer: the JSON of the `result`, a list of logs.
        mode: `live` or `test`.
        network: such as `BSC`.

    Raises:
        DishonestAnswer: not logs, not Transfer logs, ill-formed, or `removed` (nothing that may be is asked for).
    """
    try:
        logs = _decoder.decode(answer)
    except msgspec.MsgspecError as error:
        raise DishonestAnswer(f"{network}: the node's answer is not a list of logs: {error}", network=network) from None
    if any(log.removed for log in logs):
        raise DishonestAnswer(f"{network}: the node calls a log removed", network=network)
    text = _text_columns(logs)
    _require_well_formed(text, network)
    _require_possible(text, network)
    return text.select(
        pl.lit(mode).alias("mode"),
        pl.lit(network).alias("network"),
        _number("block_number"),
        "block_hash",
        block_time(_number("block_timestamp").replace(0, None)).alias("block_time"),
        "tx_hash",
        _number("log_index"),
        "token_address",
        _address_of("topic1").alias("from_address"),
        _address_of("topic2").alias("to_address"),
        "topic_count",
        "amount_text",
        # Cast from text, so exactly; text too long for the type becomes null by the condition, never by the cast.
        pl.when(pl.col("amount_text").str.len_bytes() <= _DECIMAL_DIGITS)
        .then(pl.col("amount_text"))
        .cast(pl.Decimal(38, 0))
        .alias("amount_base_units"),
    ).sort("block_number", "log_index")


def _text_columns(logs: Sequence[_Log]) -> pl.DataFrame:
    """The logs as columns of lower-case text; a topic that a log does not have is null."""
    lower = ("token_address", "block_hash", "tx_hash", "topic0", "topic1", "topic2", "data")
    columns = {
        "token_address": [log.address for log in logs],
        "block_number": [log.block_number for log in logs],
        "block_hash": [log.block_hash for log in logs],
        "block_timestamp": [log.block_timestamp for log in logs],
        "tx_hash": [log.transaction_hash for log in logs],
        "log_index": [log.log_index for log in logs],
        "topic_count": [len(log.topics) for log in logs],
        "topic0": [log.topics[0] if log.topics else None for log in logs],
        "topic1": [log.topics[1] if len(log.topics) > 1 else None for log in logs],
        "topic2": [log.topics[2] if len(log.topics) > 2 else None for log in logs],
        "data": [log.data for log in logs],
        "amount_text": [_amount_text(log.data) for log in logs],
    }
    schema = dict.fromkeys(columns, pl.String()) | {"topic_count": pl.Int64()}
    return pl.DataFrame(columns, schema=schema).with_columns(pl.col(lower).str.to_lowercase())


def _amount_text(data: str) -> str | None:
    """The decimal digits of a 32-byte word, through Python's integers: exact at any size. Null for other data."""
    if len(data) != _WORD_CHARACTERS:
        return None
    try:
        return str(int(data, 16))
    except ValueError:
        return None  # not hexadecimal: the data column is refused as ill-formed


def _require_well_formed(text: pl.DataFrame, network: str) -> None:
    """Refuse the whole answer when one value has not the form that a log's value has."""
    patterns = {
        "token_address": _ADDRESS,
        "block_number": _NUMBER,
        "block_hash": _WORD,
        "block_timestamp": _NUMBER,
        "tx_hash": _WORD,
        "log_index": _NUMBER,
        "topic1": _ADDRESS_TOPIC,
        "topic2": _ADDRESS_TOPIC,
        "data": _BYTES,
    }
    # Absent topics and timestamps are null; a null counts as well formed.
    well_formed = text.select(pl.col(name).str.contains(pattern).all() for name, pattern in patterns.items()).row(0)
    for name, is_well_formed in zip(patterns, well_formed, strict=True):
        if not is_well_formed:
            raise DishonestAnswer(f"{network}: the node sends a log whose {name} is ill-formed", network=network)
    if text["topic0"].ne_missing(TRANSFER_TOPIC).any():
        raise DishonestAnswer(f"{network}: the node sends a log that is not a Transfer", network=network)


def _require_possible(text: pl.DataFrame, network: str) -> None:
    """Refuse numbers that have the right form and no possible meaning."""
    log_index, seconds = text.select(_number("log_index").max(), _number("block_timestamp").max()).row(0)
    if (log_index or 0) >= _LOGS_PER_BLOCK or (seconds or 0) >= _SECONDS_MAX:
        raise DishonestAnswer(
            f"{network}: the node sends a log whose log_index or block_timestamp is impossible", network=network
        )


def block_time(seconds: pl.Expr) -> pl.Expr:
    """Seconds since 1970, as chains write time, as a moment in UTC."""
    return pl.from_epoch(seconds, time_unit="s").cast(UTC_TIME)


def _number(name: str) -> pl.Expr:
    return pl.col(name).str.slice(2).str.to_integer(base=16, dtype=pl.Int64).alias(name)


def _address_of(topic: str) -> pl.Expr:
    return pl.lit("0x") + pl.col(topic).str.slice(_ADDRESS_OFFSET)


def require_asked(frame: pl.DataFrame, query: LogQuery, network: str) -> None:
    """Refuse an answer that holds anything the query did not ask for.

    Raises:
        DishonestAnswer: a block outside the range, another version of it, another contract, or an address that is
            not watched.
    """
    position = f"{query.position}_address"
    version = pl.lit(True) if query.block_hash is None else pl.col("block_hash") == query.block_hash
    checks = {
        f"a block outside {query.from_block}-{query.to_block}": pl.col("block_number").is_between(
            query.from_block, query.to_block
        ),
        "another version of the block": version,
        "a contract that was not asked for": pl.col("token_address").is_in(query.tokens),
        f"a {position} that was not asked for": pl.col(position).is_in(query.watched, nulls_equal=True),
    }
    kept = frame.select(check.all().alias(name) for name, check in checks.items()).row(0)
    for name, is_kept in zip(checks, kept, strict=True):
        if not is_kept:
            raise DishonestAnswer(f"{network}: the node sends logs with {name}", network=network)


def merge_answers(frames: Sequence[pl.DataFrame], network: str) -> pl.DataFrame:
    """The distinct logs of one or more answers, in order.

    A transfer between two watched addresses comes in two answers, once as sent and once as received.

    Raises:
        DishonestAnswer: two different logs under one (block hash, log index), or two hashes for one block.
    """
    merged = pl.concat(frames).unique().sort("block_number", "log_index")
    if merged.select(pl.struct("block_hash", "log_index").is_duplicated().any()).item():
        raise DishonestAnswer(f"{network}: the node sends two different logs at one place", network=network)
    if merged.select("block_number", "block_hash").unique()["block_number"].is_duplicated().any():
        raise DishonestAnswer(f"{network}: the node sends two hashes for one block", network=network)
    return merged
