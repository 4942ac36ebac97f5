"""Scripted payments for many sessions on a real local BSC node.

The script is drawn from a seed; every block has a chosen time, so "in time" and "late" are exact. What happened is
returned per session; what the node says happened is the oracle's matter (`node_oracle.py`).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import deploy_token, minting, transfer
from tests.support.anvil_fixtures import BSC_USDC, BSC_USDT

HOT_WALLET = "0x" + "70" * 20
_DECIMALS = 18
_UNITS = 10**_DECIMALS
_SENDERS = 12
_SENDER_FUNDS = 10**9 * _UNITS


class Kind(StrEnum):
    """How a session is paid."""

    EXACT = "exact"
    SPLIT = "split"
    OVER = "over"
    UNDER = "under"
    LATE = "late"
    FAKE_TOKEN = "fake_token"
    ZERO_VALUE = "zero_value"
    NOTHING = "nothing"


@dataclass
class Sent:
    """One transfer as it was sent; `tx_hash` and `block_number` are known once it is mined."""

    at: datetime
    token: str
    sender: str
    receiver: str
    amount: int
    tx_hash: str = ""
    block_number: int = -1


@dataclass
class Payment:
    """What was done for one session.

    `payments` are the transfers to the deposit address, in order of time; `paid` is the sum of those in the session's
    own token, in base units; `sweeps` leave the deposit address for the hot wallet.
    """

    session_id: str
    kind: Kind
    token: str
    expected: int
    payments: list[Sent] = field(default_factory=list)
    sweeps: list[Sent] = field(default_factory=list)

    @property
    def paid(self) -> int:
        return sum(sent.amount for sent in self.payments if sent.token == self.token)


@dataclass(frozen=True)
class Traffic:
    """The record of a run: by session id, and the forged token that some were paid with."""

    payments: Mapping[str, Payment]
    fake_token: str
    last_block: int


# Out of 20 sessions; the order is drawn from the seed, so every 20 sessions hold every kind.
_MIX = (
    *[Kind.EXACT] * 6,
    *[Kind.SPLIT] * 3,
    *[Kind.OVER] * 2,
    *[Kind.UNDER] * 2,
    *[Kind.LATE] * 2,
    *[Kind.FAKE_TOKEN] * 2,
    *[Kind.ZERO_VALUE] * 2,
    Kind.NOTHING,
)
_SWEPT = (Kind.EXACT, Kind.SPLIT, Kind.OVER)


def pay_sessions(node: Anvil, sessions: Sequence[Mapping[str, Any]], *, seed: int) -> Traffic:
    """Pay sessions on a node of `start_bsc`, sweep some, and mine until everything is final.

    Args:
        node: its newest block must be earlier than every session.
        sessions: `session_id`, `deposit_address`, `amount` (plain decimal text), `created_at`, `expires_at`
            (datetimes, at least a minute apart), and `currency` (USDT if absent).
        seed: decides kinds, senders, amounts and times; printed, so a failing run can be repeated.
    """
    print(f"bsc_traffic seed {seed}")
    draw = random.Random(seed)
    senders = [f"0x{draw.getrandbits(160):040x}" for _ in range(_SENDERS)]
    fake_token = _prepare(node, senders)
    kinds = [kind for _ in range(0, len(sessions), len(_MIX)) for kind in draw.sample(_MIX, len(_MIX))]
    payments = {}
    for session, kind in zip(sessions, kinds, strict=False):
        payment = _plan(session, kind, draw, senders, fake_token)
        payments[payment.session_id] = payment
    sent = [one for payment in payments.values() for one in (*payment.payments, *payment.sweeps)]
    _perform(node, sent)
    return Traffic(payments, fake_token, node.mine(blocks=4))


def _prepare(node: Anvil, senders: Sequence[str]) -> str:
    """Create the forged USDT and give every sender enough of all three tokens; the forged token's address."""
    fake_token = deploy_token(node, name="Tether USD", symbol="USDT", decimals=_DECIMALS)
    tokens = (BSC_USDT, BSC_USDC, fake_token)
    node.send_and_mine([minting(token, sender, _SENDER_FUNDS) for token in tokens for sender in senders])
    return fake_token


def _plan(
    session: Mapping[str, Any], kind: Kind, draw: random.Random, senders: Sequence[str], fake_token: str
) -> Payment:
    token = {"USDT": BSC_USDT, "USDC": BSC_USDC}[session.get("currency", "USDT")]
    address = session["deposit_address"].lower()
    payment = Payment(session["session_id"], kind, token, int(Fraction(session["amount"]) * _UNITS))
    for amount in _amounts(kind, payment.expected, draw):
        payment.payments.append(
            Sent(
                at=_time(kind, session["created_at"], session["expires_at"], draw),
                token=fake_token if kind is Kind.FAKE_TOKEN else token,
                sender=draw.choice(senders),
                receiver=address,
                amount=amount,
            )
        )
    payment.payments.sort(key=lambda sent: sent.at)
    if kind in _SWEPT and draw.random() < 0.5:
        swept_at = payment.payments[-1].at + timedelta(seconds=draw.randint(60, 7200))
        payment.sweeps.append(Sent(swept_at, token, address, HOT_WALLET, payment.paid))
    return payment


def _amounts(kind: Kind, expected: int, draw: random.Random) -> list[int]:
    """The base units of each transfer of a session."""
    part = draw.randint(1, expected - 1)
    return {
        Kind.SPLIT: [part, expected - part],
        Kind.OVER: [expected + draw.randint(1, _UNITS)],
        Kind.UNDER: [part],
        Kind.ZERO_VALUE: [0],
        Kind.NOTHING: [],
    }.get(kind, [expected])


def _time(kind: Kind, created_at: datetime, expires_at: datetime, draw: random.Random) -> datetime:
    """A whole second inside the session's time, or up to an hour after it."""
    start, seconds = created_at, int((expires_at - created_at).total_seconds()) - 1
    if kind is Kind.LATE:
        start, seconds = expires_at, 3600
    return start.replace(microsecond=0) + timedelta(seconds=draw.randint(1, seconds))


def _perform(node: Anvil, transfers: Sequence[Sent]) -> None:
    """Send in order of time, one block for each second that has transfers."""
    by_time: dict[datetime, list[Sent]] = {}
    for sent in sorted(transfers, key=lambda sent: sent.at):
        by_time.setdefault(sent.at, []).append(sent)
    for at, together in by_time.items():
        transactions = [transfer(sent.token, sent.sender, sent.receiver, sent.amount) for sent in together]
        for sent, receipt in zip(together, node.send_and_mine(transactions, at=at), strict=True):
            sent.tx_hash = receipt["transactionHash"]
            sent.block_number = int(receipt["blockNumber"], 16)
