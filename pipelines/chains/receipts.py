"""Receipts of transactions on EVM chains: asked for, checked, as rows.

Belongs here: what nodes are asked and which answers are believed. Does not belong here: which receipts are missing
(`pipelines/ingest`), HTTP and refusals (`rpc.py`).

A receipt is asked for by its transaction, and a node answers with the one on its own chain: only the one of the very
block that was meant is believed. So it does not matter which node it comes from.
"""

import logging
import time
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, NamedTuple

import msgspec
import polars as pl

from pipelines.chains.decode import UTC_TIME
from pipelines.chains.headers import BATCH, ask
from pipelines.chains.rpc import RetryPolicy, RpcEndpoint
from pipelines.chains.rpc_pool import RpcPool
from warehouse.errors import ChainError

_LOG = logging.getLogger(__name__)

# A pass must not wait for receipts: a node that is slow with them, or refuses, is left alone for a growing while.
FIRST_REST_SECONDS = 5.0
LONGEST_REST_SECONDS = 300.0
POLICY = RetryPolicy(attempts=1, timeout_seconds=2.0, answer_seconds=4.0, answer_bytes=64 * 1024 * 1024)
# A pass asks no further once it has asked so long.
ASKING_SECONDS = 1.0

_HASH = r"^0x[0-9a-fA-F]{64}$"
_ADDRESS = r"^0x[0-9a-fA-F]{40}$"
_NUMBER = r"^0x[0-9a-fA-F]{1,15}$"
# A number of up to 31 digits has no more than 38 decimal ones.
_WEI = r"^0x[0-9a-fA-F]{1,31}$"
# A trillion of a native coin: no transaction costs it, and DECIMAL(38,18) holds it.
_FEE_LIMIT_WEI = 10**30

# The columns of raw.evm_receipts that a receipt fills; the writer adds batch_id and received_at.
RECEIPT_SCHEMA: dict[str, pl.DataType] = {
    "mode": pl.String(),
    "network": pl.String(),
    "tx_hash": pl.String(),
    "block_hash": pl.String(),
    "block_number": pl.Int64(),
    "block_time": UTC_TIME,
    "from_address": pl.String(),
    "status": pl.Int64(),
    "gas_used": pl.Int64(),
    "effective_gas_price_wei": pl.Decimal(38, 0),
    "fee_wei": pl.Decimal(38, 0),
}


class TransactionRef(NamedTuple):
    """One transaction in one block version, named exactly. Hashes are lower case."""

    block_number: int
    block_hash: str
    tx_hash: str
    block_time: datetime


class Receipt(msgspec.Struct, frozen=True):
    """What is used of a receipt.

    Attributes:
        ref: whose it is.
        from_address: who paid, canonical.
        status: 1 succeeded, 0 reverted, None where the node does not say.
        gas_used: gas.
        gas_price: wei for each; None where the node does not say.
        fee: wei; None without a price, and where more was paid than gas.
    """

    ref: TransactionRef
    from_address: str
    status: int | None
    gas_used: int
    gas_price: int | None
    fee: int | None


class _Answer(msgspec.Struct, rename="camel"):
    """A receipt as nodes send it; other keys are ignored."""

    transaction_hash: Annotated[str, msgspec.Meta(pattern=_HASH)]
    block_hash: Annotated[str, msgspec.Meta(pattern=_HASH)]
    block_number: Annotated[str, msgspec.Meta(pattern=_NUMBER)]
    gas_used: Annotated[str, msgspec.Meta(pattern=_NUMBER)]
    from_address: Annotated[str, msgspec.Meta(pattern=_ADDRESS)] = msgspec.field(name="from")
    status: Annotated[str, msgspec.Meta(pattern=r"^0x[01]$")] | None = None
    effective_gas_price: Annotated[str, msgspec.Meta(pattern=_WEI)] | None = None
    # What some chains take beside gas: the fee of the chain below, and that of a blob.
    l1_fee: str | None = msgspec.field(name="l1Fee", default=None)
    blob_gas_used: str | None = None


_decoder = msgspec.json.Decoder(_Answer)


def decode(answer: bytes | msgspec.Raw, ref: TransactionRef) -> Receipt | None:
    """The receipt in the JSON of a result; None if it is none, ill-formed, impossible or not the one meant."""
    try:
        said = _decoder.decode(answer)
    except msgspec.MsgspecError:
        return None
    named = (int(said.block_number, 16), said.block_hash.lower(), said.transaction_hash.lower())
    if named != (ref.block_number, ref.block_hash, ref.tx_hash):
        return None
    gas_used = int(said.gas_used, 16)
    price = None if said.effective_gas_price is None else int(said.effective_gas_price, 16)
    fee = None if price is None else gas_used * price
    if fee is not None and fee >= _FEE_LIMIT_WEI:
        return None
    return Receipt(
        ref=ref,
        from_address=said.from_address.lower(),
        status=None if said.status is None else int(said.status, 16),
        gas_used=gas_used,
        gas_price=price,
        fee=None if said.l1_fee or said.blob_gas_used not in (None, "0x0") else fee,
    )


class Asked(NamedTuple):
    """What came of asking.

    Attributes:
        receipts: those that are believed.
        absent: those that no node has, or gives as they were meant.
        is_refused: no node answered usefully; of the others nothing is known.
    """

    receipts: list[Receipt]
    absent: set[TransactionRef]
    is_refused: bool


class ReceiptSource:
    """The receipts of one network as its nodes tell them. It never fails: what cannot be had is absent.

    Args:
        pool: its endpoints, with `POLICY`.
    """

    def __init__(self, pool: RpcPool) -> None:
        self._nodes = [_Node(endpoint) for endpoint in pool.endpoints]

    def ask(self, refs: Sequence[TransactionRef]) -> Asked:
        """The receipts of these transactions, as many as can be asked for in the time of a pass, in their order."""
        ends_at = time.monotonic() + ASKING_SECONDS
        receipts: list[Receipt] = []
        absent: set[TransactionRef] = set()
        for start in range(0, len(refs), BATCH):
            if start and time.monotonic() >= ends_at:
                break
            some = refs[start : start + BATCH]
            found = self._ask_each(some)
            if found is None:
                return Asked(receipts, absent, is_refused=True)
            receipts += found.values()
            absent |= set(some) - found.keys()
        return Asked(receipts, absent, is_refused=False)

    def _ask_each(self, refs: Sequence[TransactionRef]) -> dict[TransactionRef, Receipt] | None:
        """What some node has; None if none of them answers."""
        found: dict[TransactionRef, Receipt] = {}
        has_answer = False
        for node in self._nodes:
            missing = [ref for ref in refs if ref not in found]
            if not missing or node.is_resting:
                continue
            try:
                found |= {receipt.ref: receipt for receipt in _fetch(node.endpoint, missing)}
            except ChainError as problem:
                _LOG.warning("receipts are left for later: %s", problem)
                node.rest()
            else:
                has_answer = True
                node.rest_seconds = 0.0
        return found if has_answer else None


class _Node:
    """An endpoint that may have to be left alone."""

    def __init__(self, endpoint: RpcEndpoint) -> None:
        self.endpoint = endpoint
        self.rest_seconds = 0.0
        self._rests_until = 0.0

    @property
    def is_resting(self) -> bool:
        """Whether it is left alone now."""
        return time.monotonic() < self._rests_until

    def rest(self) -> None:
        """Leave it alone, twice as long as the last time."""
        self.rest_seconds = min(LONGEST_REST_SECONDS, max(FIRST_REST_SECONDS, 2 * self.rest_seconds))
        self._rests_until = time.monotonic() + self.rest_seconds


def _fetch(endpoint: RpcEndpoint, refs: Sequence[TransactionRef]) -> list[Receipt]:
    calls = [("eth_getTransactionReceipt", [ref.tx_hash]) for ref in refs]
    answers = ask(endpoint, calls, null=True, partly=True)
    decoded = (decode(answer, ref) for ref, answer in zip(refs, answers, strict=True))
    return [receipt for receipt in decoded if receipt]


def to_frame(receipts: Collection[Receipt], *, mode: str, network: str) -> pl.DataFrame:
    """Receipts as rows of `raw.evm_receipts`, without `batch_id` and `received_at`."""
    rows = [
        (
            mode,
            network,
            receipt.ref.tx_hash,
            receipt.ref.block_hash,
            receipt.ref.block_number,
            receipt.ref.block_time,
            receipt.from_address,
            receipt.status,
            receipt.gas_used,
            _decimal(receipt.gas_price),
            _decimal(receipt.fee),
        )
        for receipt in receipts
    ]
    return pl.DataFrame(rows, schema=RECEIPT_SCHEMA, orient="row")


def _decimal(wei: int | None) -> Decimal | None:
    return None if wei is None else Decimal(wei)
