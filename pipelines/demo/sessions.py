"""One session of the demo: what is bought, at which address it is paid, how, and what becomes of the money.

Belongs here: a session from its creation to its sweep. Does not belong here: how many there are and when
(`traffic.py`).
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any
from uuid import UUID

from pipelines.demo.cast import FORGED, GAS_STATION, HOT_WALLET, PAYERS, ChainCast
from pipelines.demo.plans import Deposit, PlannedEvent, PlannedTransfer, State, moment, shown_amount
from pipelines.demo.real_tokens import RealToken
from warehouse.domain.addresses import shown_address
from warehouse.domain.networks import Family

LIFETIMES_SECONDS = (120, 300, 900)
# An address rests this long after its session's end, so that a late payment is still that session's.
REST_SECONDS = 1200
# How often each way of paying occurs, out of 20.
KINDS = {"exact": 7, "split": 3, "over": 2, "under": 2, "late": 2, "fake_token": 1, "zero_value": 1, "nothing": 2}
_SWEPT_SHARE = 0.6
_GAS_WEI = 5 * 10**14


def plan_session(state: State, chain: ChainCast, merchant_id: str, at: int, draw: random.Random) -> list[PlannedEvent]:
    """Open a session: what the gateway says of it now. What comes later is added to the state.

    Args:
        state: changed in place.
        chain: where it is to be paid.
        merchant_id: who sells.
        at: now, in seconds since 1970.
        draw: chance.
    """
    return _Session(state, chain, merchant_id, at, draw).open()


class _Session:
    """One session being planned."""

    def __init__(self, state: State, chain: ChainCast, merchant_id: str, at: int, draw: random.Random) -> None:
        self._state = state
        self._chain = chain
        self._merchant_id = merchant_id
        self._at = at
        self._draw = draw
        self._currency = draw.choice(list(chain.tokens))
        self._token: RealToken = chain.tokens[self._currency]
        self._kind = draw.choices(list(KINDS), list(KINDS.values()))[0]
        short = self._kind in ("late", "under")
        self._lifetime = LIFETIMES_SECONDS[0] if short else draw.choice(LIFETIMES_SECONDS)
        self._id = str(UUID(int=draw.getrandbits(128), version=4))

    def open(self) -> list[PlannedEvent]:
        deposit, told = self._deposit(self._at + self._lifetime + REST_SECONDS)
        amount = Decimal(self._draw.randrange(500, 250_000)).scaleb(-2)
        told.append(self._event("session.created", self._described(amount)))
        assigned = {"session_id": self._id, "address_id": deposit.address_id}
        told.append(self._event("session.address_assigned", assigned))
        self._plan_payment(deposit, int(amount.scaleb(self._token.decimals)))
        return told

    def _event(self, kind: str, data: dict[str, Any], at: int = 0) -> PlannedEvent:
        return PlannedEvent(at, self._chain.mode, kind, self._merchant_id, data)

    def _transfer(self, at: int, token: str, sender: str, receiver: str, units: int) -> PlannedTransfer:
        return PlannedTransfer(at, self._chain.key, "transfer", token, sender, receiver, str(units))

    def _described(self, amount: Decimal) -> dict[str, object]:
        draw = self._draw
        account = self._state.account(self._chain.mode, self._merchant_id)
        account.sessions += 1
        number = account.sessions
        return {
            "session_id": self._id,
            "reference": f"ORDER-{number}",
            "amount": f"{amount:f}",
            "currency": self._currency,
            "network": self._chain.network,
            "customer": {
                "email": f"reader{number}@example.com",
                "name": draw.choice((None, "Zoë Reader", "A. Nguyễn")),
            },
            "description": draw.choice(("Two books", "A map", None)),
            "callback_url": None,
            "metadata": {"order": number, "paid_how": self._kind},
            "payment_url": f"https://pay.example/{self._id}",
            "expires_at": moment(self._at + self._lifetime),
        }

    def _deposit(self, free_at: int) -> tuple[Deposit, list[PlannedEvent]]:
        """An address that has rested, else a new one; and what is said of it."""
        chain, state = self._chain, self._state
        mine = (chain.key, self._merchant_id, self._currency)
        for deposit in state.deposits:
            is_mine = (deposit.chain, deposit.merchant_id, deposit.currency) == mine
            if is_mine and deposit.free_at <= self._at:
                deposit.free_at = free_at
                return deposit, []
        address = f"0x{self._draw.getrandbits(160):040x}"
        deposit = Deposit(state.next_address_id, chain.key, address, self._merchant_id, self._currency, free_at)
        state.next_address_id += 1
        state.deposits.append(deposit)
        place = {"address_id": deposit.address_id, "network": chain.network, "currency": self._currency}
        shown = {"address": shown_address(Family.EVM, address)}
        return deposit, [self._event("address.created", place | shown)]

    def _plan_payment(self, deposit: Deposit, asked: int) -> None:
        draw, expires_at = self._draw, self._at + self._lifetime
        token = FORGED if self._kind == "fake_token" else self._token
        paid_at = self._at + draw.randint(4, 40)
        if self._kind == "late":
            paid_at = expires_at + draw.randint(10, 60)
        amounts = self._amounts(asked)
        for amount in amounts:
            payment = self._transfer(paid_at, token.address, draw.choice(PAYERS), deposit.address, amount)
            if token is not FORGED and amount:
                seen = {"session_id": self._id, "amount": shown_amount(amount, token.decimals)}
                payment.reports = [self._event("session.payment_received", seen)]
                payment.is_payment = True
            self._state.transfers.append(payment)
            paid_at += draw.randint(4, 30)
        if self._kind not in ("exact", "split", "over"):
            self._state.events.append(self._event("session.expired", {"session_id": self._id}, expires_at + 2))
        elif draw.random() < _SWEPT_SHARE:
            self._plan_sweep(deposit, sum(amounts), paid_at + draw.randint(20, 90))

    def _amounts(self, asked: int) -> list[int]:
        """The base units of each transfer."""
        part = asked * self._draw.randint(10, 90) // 100
        return {
            "split": [part, asked - part],
            "over": [asked + self._draw.randint(1, 10**self._token.decimals)],
            "under": [part],
            "zero_value": [0],
            "nothing": [],
        }.get(self._kind, [asked])

    def _plan_sweep(self, deposit: Deposit, units: int, at: int) -> None:
        """The gateway sends gas to the address, then the address's tokens to the hot wallet."""
        spec = {"address_id": deposit.address_id}
        gas = PlannedTransfer(at, self._chain.key, "gas", "", GAS_STATION, deposit.address, str(_GAS_WEI))
        gas.reports = [self._event("address.gas_funded", spec | {"amount": shown_amount(_GAS_WEI, 18)})]
        sweep = self._transfer(at + 3, self._token.address, deposit.address, HOT_WALLET, units)
        swept = {"amount": shown_amount(units, self._token.decimals)}
        hot_wallet = {"hot_wallet": shown_address(Family.EVM, HOT_WALLET)}
        sweep.reports = [self._event("address.swept", spec | swept | hot_wallet)]
        self._state.transfers += [gas, sweep]
