"""Seeded traffic of the demo, tick by tick: what the gateway reports and what the payers send.

Belongs here: who buys, who pays how, when addresses are swept. Everything follows from the state, the seed and the
time. Does not belong here: nodes, files and clocks (`world.py`).

A tick is one block of the chain. Its events come first, its transfers are mined at its time; what the gateway reports
of them (it needs their hashes) comes with the tick after.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec

from pipelines.demo.anvil import Transaction
from pipelines.demo.evm_tokens import transfer
from pipelines.demo.real_tokens import EvmNetwork, real_tokens
from warehouse.domain.addresses import shown_address
from warehouse.domain.networks import Family

NETWORK: EvmNetwork = "BSC"
MERCHANTS = {"mer_demo": "Demo Bookshop", "mer_other": "Another Shop"}
HOT_WALLET = "0x" + "70" * 20
GAS_STATION = "0x" + "6a" * 20
TOKENS = {currency: token.address for currency, token in real_tokens(NETWORK).items()}
DECIMALS = 18  # of both on BSC
PAYERS = [f"0x{number:040x}" for number in range(0xBEEF0000, 0xBEEF0008)]

SESSIONS_PER_SECOND = Fraction(3, 20)
SESSIONS_PER_TICK_MAX = 5
# However quiet chance wants it, every so many ticks somebody buys.
QUIET_TICKS_MAX = 4
LIFETIMES_SECONDS = (120, 300, 900)
# An address rests this long after its session's end, so that a late payment is still that session's.
REST_SECONDS = 1200
# How often each way of paying occurs, out of 20.
KINDS = {"exact": 7, "split": 3, "over": 2, "under": 2, "late": 2, "fake_token": 1, "zero_value": 1, "nothing": 2}


class PlannedEvent(msgspec.Struct):
    """An event that the gateway will report; `at` in seconds since 1970."""

    at: int
    type: str
    merchant_id: str | None
    data: dict[str, Any]


class PlannedTransfer(msgspec.Struct):
    """A transfer that somebody will send. `reports`: event types and data to which its hash is added once mined."""

    at: int
    token: str
    sender: str
    receiver: str
    base_units: str
    reports: list[PlannedEvent] = []
    gas_wei: int = 0


class Deposit(msgspec.Struct):
    """A deposit address; `free_at` is when another session may get it."""

    address_id: int
    address: str
    merchant_id: str
    currency: str
    free_at: int


class State(msgspec.Struct):
    """All that traffic remembers between ticks."""

    seed: int
    fake_token: str
    ticks: int = 0
    last_at: int = 0
    next_address_id: int = 1
    session_counts: dict[str, int] = {}
    deposits: list[Deposit] = []
    events: list[PlannedEvent] = []
    transfers: list[PlannedTransfer] = []
    # Of each transaction of the newest tick, in order.
    unreported: list[list[PlannedEvent]] = []


class Tick(msgspec.Struct):
    """What happens at one time: events as they go into the feed, transactions of one block."""

    number: int
    at: int
    events: list[dict[str, Any]]
    transactions: list[Transaction]


def plan_tick(state: State, at: int, mined: list[str]) -> Tick:
    """Move the state to the next tick and say what happens in it.

    Args:
        state: changed in place.
        at: time of the tick, later than that of the tick before.
        mined: transaction hashes of the tick before, in its order.
    """
    return _Planner(state, at).plan(mined)


class _Planner:
    """One tick being made."""

    def __init__(self, state: State, at: int) -> None:
        self._state = state
        self._at = at
        self._draw = random.Random(f"{state.seed}:{state.ticks}")  # noqa: S311 - traffic, not secrets
        self._told: list[dict[str, Any]] = []

    def plan(self, mined: list[str]) -> Tick:
        state, at = self._state, self._at
        number = state.ticks
        if number == 0:
            self._introduce()
        for tx_hash, reports in zip(mined, state.unreported, strict=False):
            for report in reports:
                self._tell(report.type, report.merchant_id, report.data | {"tx_hash": tx_hash})
        for event in [event for event in state.events if event.at <= at]:
            self._tell(event.type, event.merchant_id, event.data)
        for _ in range(self._sessions_now()):
            self._open_session()
        due = [one for one in state.transfers if one.at <= at]
        state.transfers = [one for one in state.transfers if one.at > at]
        state.events = [event for event in state.events if event.at > at]
        state.unreported = [one.reports for one in due]
        state.ticks, state.last_at = number + 1, at
        return Tick(number, at, self._told, [_transaction(one) for one in due])

    def _tell(self, kind: str, merchant_id: str | None, data: dict[str, Any]) -> None:
        event_id = f"evt_{self._state.seed}_{self._state.ticks:07d}_{len(self._told):03d}"
        event = {"event_id": event_id, "type": kind, "occurred_at": moment(self._at), "merchant_id": merchant_id}
        self._told.append(event | {"mode": "live", "data": data})

    def _introduce(self) -> None:
        for merchant_id, name in MERCHANTS.items():
            terms = {"platform_fee_rate": "0.01", "withdrawal_fee_rate": "0.001", "default_currency": "USDT"}
            person = {"name": name, "email": f"{merchant_id}@example.com", "status": "active", "timezone": "UTC"}
            self._tell("merchant.updated", merchant_id, person | terms)
        address = shown_address(Family.EVM, HOT_WALLET)
        self._tell("hot_wallet.registered", None, {"network": NETWORK, "address": address})

    def _sessions_now(self) -> int:
        if self._state.ticks == 0:
            return 1
        expected = min(SESSIONS_PER_SECOND * (self._at - self._state.last_at), Fraction(SESSIONS_PER_TICK_MAX))
        count = int(expected) + (self._draw.random() < expected % 1)
        return max(count, self._state.ticks % QUIET_TICKS_MAX == 0)

    def _open_session(self) -> None:
        draw, at = self._draw, self._at
        # Nearly everything happens to the merchant whose key the demo shows.
        merchant_id = draw.choices(list(MERCHANTS), (4, 1))[0]
        currency = draw.choice(list(TOKENS))
        kind = draw.choices(list(KINDS), list(KINDS.values()))[0]
        lifetime = LIFETIMES_SECONDS[0] if kind in ("late", "under") else draw.choice(LIFETIMES_SECONDS)
        deposit = self._deposit(merchant_id, currency, at + lifetime + REST_SECONDS)
        session_id = str(UUID(int=draw.getrandbits(128), version=4))
        amount = Decimal(draw.randrange(500, 250_000)).scaleb(-2)
        number = self._state.session_counts.get(merchant_id, 0) + 1
        self._state.session_counts[merchant_id] = number
        described = {
            "session_id": session_id,
            "reference": f"ORDER-{number}",
            "amount": f"{amount:f}",
            "currency": currency,
            "network": NETWORK,
            "customer": {
                "email": f"reader{number}@example.com",
                "name": draw.choice((None, "Zoë Reader", "A. Nguyễn")),
            },
            "description": draw.choice(("Two books", "A map", None)),
            "callback_url": None,
            "metadata": {"order": number, "paid_how": kind},
            "payment_url": f"https://pay.example/{session_id}",
            "expires_at": moment(at + lifetime),
        }
        self._tell("session.created", merchant_id, described)
        assigned = {"session_id": session_id, "address_id": deposit.address_id}
        self._tell("session.address_assigned", merchant_id, assigned)
        self._plan_payment(kind, deposit, session_id, int(amount.scaleb(DECIMALS)), lifetime)

    def _deposit(self, merchant_id: str, currency: str, free_at: int) -> Deposit:
        """An address that rests, else a new one."""
        for deposit in self._state.deposits:
            if (deposit.merchant_id, deposit.currency) == (merchant_id, currency) and deposit.free_at <= self._at:
                deposit.free_at = free_at
                return deposit
        address = f"0x{self._draw.getrandbits(160):040x}"
        deposit = Deposit(self._state.next_address_id, address, merchant_id, currency, free_at)
        self._state.next_address_id += 1
        self._state.deposits.append(deposit)
        created = {"address_id": deposit.address_id, "network": NETWORK, "currency": currency}
        self._tell("address.created", merchant_id, created | {"address": shown_address(Family.EVM, address)})
        return deposit

    def _plan_payment(self, kind: str, deposit: Deposit, session_id: str, asked: int, lifetime: int) -> None:
        draw, at = self._draw, self._at
        merchant_id = deposit.merchant_id
        token = self._state.fake_token if kind == "fake_token" else TOKENS[deposit.currency]
        paid_at = at + draw.randint(4, 40)
        if kind == "late":
            paid_at = at + lifetime + draw.randint(10, 60)
        amounts = _amounts(kind, asked, draw)
        for amount in amounts:
            reports = []
            if token in TOKENS.values() and amount:
                sighting = {"session_id": session_id, "amount": shown_amount(amount)}
                reports = [PlannedEvent(0, "session.payment_received", merchant_id, sighting)]
            payer = draw.choice(PAYERS)
            self._state.transfers.append(PlannedTransfer(paid_at, token, payer, deposit.address, str(amount), reports))
            paid_at += draw.randint(4, 30)
        if kind not in ("exact", "split", "over"):
            expiry = PlannedEvent(at + lifetime + 2, "session.expired", merchant_id, {"session_id": session_id})
            self._state.events.append(expiry)
        elif draw.random() < 0.6:
            self._plan_sweep(deposit, sum(amounts), paid_at + draw.randint(20, 90))

    def _plan_sweep(self, deposit: Deposit, base_units: int, at: int) -> None:
        """The gateway sends gas to the address, then the address's tokens to the hot wallet."""
        merchant_id, address_id = deposit.merchant_id, deposit.address_id
        gas_wei = 5 * 10**14
        funded = {"address_id": address_id, "amount": shown_amount(gas_wei)}
        funding = PlannedTransfer(at, "", GAS_STATION, deposit.address, "0", gas_wei=gas_wei)
        funding.reports = [PlannedEvent(0, "address.gas_funded", merchant_id, funded)]
        swept = {"address_id": address_id, "amount": shown_amount(base_units)}
        swept["hot_wallet"] = shown_address(Family.EVM, HOT_WALLET)
        token = TOKENS[deposit.currency]
        sweep = PlannedTransfer(at + 3, token, deposit.address, HOT_WALLET, str(base_units))
        sweep.reports = [PlannedEvent(0, "address.swept", merchant_id, swept)]
        self._state.transfers += [funding, sweep]


def _amounts(kind: str, asked: int, draw: random.Random) -> list[int]:
    """The base units of each transfer of a session."""
    part = asked * draw.randint(10, 90) // 100
    return {
        "split": [part, asked - part],
        "over": [asked + draw.randint(1, 10**DECIMALS)],
        "under": [part],
        "zero_value": [0],
        "nothing": [],
    }.get(kind, [asked])


def _transaction(planned: PlannedTransfer) -> Transaction:
    if planned.gas_wei:
        return Transaction(planned.sender, planned.receiver, value=planned.gas_wei)
    return transfer(planned.token, planned.sender, planned.receiver, int(planned.base_units))


def shown_amount(base_units: int) -> str:
    """Base units of 18 decimals as the plain decimal the feed wants."""
    return f"{Decimal(base_units).scaleb(-DECIMALS):f}"


def moment(seconds: int) -> str:
    """Seconds since 1970 as the feed writes times."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
