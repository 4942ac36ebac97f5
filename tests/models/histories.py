"""Random histories of a gateway and its chains, and their delivery to a `ModelWorld` in any order and batching.

Belongs here: what may happen, drawn from a small space so that facts collide (reused addresses, foreign claims, ties of
time). Does not: what the models must make of it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tests.support.models import HOT_WALLET, PAYER, ModelWorld, deposit, minute, session

MERCHANTS = ("mer_1", "mer_2", "mer_3")
NETWORKS = ("BSC", "BSC", "BSC", "ETH")
CURRENCIES = ("USDT", "USDT", "USDC")
AMOUNTS = ("20", "50", "60", "100", "33.333333333333333333", "0.0000005", "0.00000001", "0")
LAST_MINUTE = 60
ANOTHER_WALLET = "0x" + "ef" * 20


@dataclass(frozen=True)
class Home:
    """What an id was meant to be: most events about it agree, some do not."""

    merchant: str
    network: str
    currency: str
    address: str = ""


@dataclass
class History:
    """Facts in no order, except that the heads (block, finalised block) of each network rise.

    Attributes:
        events: arguments of `ModelWorld.event`.
        transfers: arguments of `ModelWorld.transfer`.
        heads: by network.
        headers: network and block up to which block headers are stored.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    transfers: list[dict[str, Any]] = field(default_factory=list)
    heads: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    headers: list[tuple[str, int]] = field(default_factory=list)

    def batches(self, rng: random.Random, count: int, *, straggler: str = "") -> list[History]:
        """Cut into batches: all at random, or all in the first but one straggler in each of the others.

        Heads stay in order, and a transfer comes no earlier than a head that has reached it.

        Args:
            rng: the case's.
            count: how many batches.
            straggler: "transfer", "header", a network (its heads) or a type of event that straggles; empty for any.
        """
        cut = [History() for _ in range(count)]
        is_scattered = not straggler and rng.random() < 0.3
        positions = self._scattered(rng, count) if is_scattered else self._straggling(rng, count, straggler)
        arrivals: dict[tuple[str, int], int] = {}
        for network, heads in self.heads.items():
            in_order = sorted(positions[network, number] for number in range(len(heads)))
            for head, position in zip(heads, in_order, strict=True):
                cut[position].heads.setdefault(network, []).append(head)
                arrivals[network, head[0]] = position
        for number, transfer in enumerate(self.transfers):
            reached = [
                position
                for (network, block), position in arrivals.items()
                if network == transfer["network"] and block >= transfer["block"]
            ]
            cut[max(min(reached), positions["transfer", number])].transfers.append(transfer)
        for number, event in enumerate(self.events):
            cut[positions[event["event_type"], number]].events.append(event)
        for number, header in enumerate(self.headers):
            cut[positions["header", number]].headers.append(header)
        for batch in cut:
            rng.shuffle(batch.events)
            rng.shuffle(batch.transfers)
        return cut

    def _keys(self) -> list[tuple[str, int]]:
        """Every fact as its kind and number."""
        keys = [(event["event_type"], number) for number, event in enumerate(self.events)]
        keys += [("transfer", number) for number in range(len(self.transfers))]
        keys += [("header", number) for number in range(len(self.headers))]
        return keys + [(network, number) for network, heads in self.heads.items() for number in range(len(heads))]

    def _scattered(self, rng: random.Random, count: int) -> dict[tuple[str, int], int]:
        return {key: rng.randrange(count) for key in self._keys()}

    def _straggling(self, rng: random.Random, count: int, straggler: str) -> dict[tuple[str, int], int]:
        """What a straggler touches is touched by nothing else; every kind is as likely as another."""
        keys = self._keys()
        positions = dict.fromkeys(keys, 0)
        kinds = [straggler] if straggler else sorted({kind for kind, _ in keys})
        for position in range(1, count):
            kind = rng.choice(kinds)
            positions[rng.choice([key for key in keys if key[0] == kind])] = position
        return positions


def deliver(batches: list[History]) -> ModelWorld:
    """A world that received `batches` one after the other, with a refresh after each."""
    world = ModelWorld()
    for batch in batches:
        for event in batch.events:
            world.event(**event)
        for transfer in batch.transfers:
            world.transfer(**transfer)
        for network, heads in batch.heads.items():
            world.head(heads[-1][0], finalized=heads[-1][1], network=network, with_headers=False)
        for network, up_to in batch.headers:
            world.headers(up_to, network=network)
        world.refresh()
    return world


def random_history(rng: random.Random) -> History:
    """An hour in which three merchants share a few addresses, and much goes wrong."""
    return _Author(rng).write()


class _Author:
    """Writes one history."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._history = History()
        self._used_ids: set[str] = set()
        # Nine address rows over seven addresses: some share an address under two currencies, some under two merchants.
        self._addresses = {number: self._home(deposit(rng.randint(1, 7))) for number in range(1, 10)}
        self._sessions = {number: rng.choice(list(self._addresses.values())) for number in range(1, 11)}

    def _home(self, address: str = "") -> Home:
        rng = self._rng
        merchant = rng.choice(MERCHANTS[:2])
        return Home(merchant, rng.choice(NETWORKS), rng.choice(CURRENCIES), address)

    def write(self) -> History:
        """All of it."""
        for merchant in MERCHANTS[:2]:
            self._some(0, 3, self._update_merchant, merchant)
        for number in self._addresses:
            self._some(1, 3, self._create_address, number)
            self._some(1, 4, self._report_address, number)
        for number in self._sessions:
            self._some(1, 2, self._create_session, number)
            self._some(0, 3, self._assign, number)
            if self._rng.random() < 0.3:
                self._event("session.failed", self._sessions[number], {"session_id": session(number), "reason": "x"})
        self._some(0, 2, self._register_wallet)
        self._some(30, 50, self._move)
        for network in ("BSC", "ETH"):
            blocks = sorted(
                self._rng.sample(range(LAST_MINUTE, LAST_MINUTE + 15), 2) + self._rng.sample(range(LAST_MINUTE), 2)
            )
            self._history.heads[network] = [(block, max(0, block - 25)) for block in blocks]
            self._history.headers += [(network, block) for block in blocks]
        return self._history

    def _some(self, low: int, high: int, happen: Any, *arguments: Any) -> None:
        for _ in range(self._rng.randint(low, high)):
            happen(*arguments)

    def _event(self, event_type: str, home: Home | None, data: dict[str, Any]) -> None:
        rng = self._rng
        merchant = home.merchant if home else None
        if home and rng.random() < 0.1:
            merchant = rng.choice(MERCHANTS)
        event_id = f"evt_{rng.randrange(10**9):09d}"
        if event_id in self._used_ids:
            return
        self._used_ids.add(event_id)
        mode = "test" if rng.random() < 0.03 else "live"
        self._history.events.append(
            {
                "event_type": event_type, "at": rng.randrange(LAST_MINUTE), "data": data,
                "merchant": merchant, "mode": mode, "event_id": event_id,
            }
        )  # fmt: skip

    def _place(self, home: Home) -> dict[str, str]:
        """Network and currency of a home, now and then another's."""
        rng = self._rng
        network = rng.choice(NETWORKS) if rng.random() < 0.1 else home.network
        return {"network": network, "currency": rng.choice(CURRENCIES) if rng.random() < 0.1 else home.currency}

    def _update_merchant(self, merchant: str) -> None:
        rng = self._rng
        rate = rng.choice(("0.01", "0.02", "0.005", "0"))
        data = {
            "name": rng.choice("ABC"),
            "email": "a@shop.example",
            "default_currency": "USDT",
            "platform_fee_rate": rate,
        }
        data |= {"withdrawal_fee_rate": "0.001", "status": rng.choice(("active", "suspended"))}
        self._event("merchant.updated", Home(merchant, "", ""), data)

    def _create_address(self, number: int) -> None:
        home = self._addresses[number]
        address = deposit(self._rng.randint(1, 7)) if self._rng.random() < 0.1 else home.address
        self._event("address.created", home, {"address_id": number, "address": address} | self._place(home))

    def _report_address(self, number: int) -> None:
        kind = self._rng.choice(("activated", "deactivated", "gas_funded", "swept", "sweep_failed"))
        said = {
            "gas_funded": {"tx_hash": "0x" + "aa" * 32, "amount": "0.01"},
            "swept": {"tx_hash": "0x" + "bb" * 32, "amount": "10", "hot_wallet": HOT_WALLET},
            "sweep_failed": {"reason": "no gas"},
        }
        self._event(f"address.{kind}", self._addresses[number], {"address_id": number} | said.get(kind, {}))

    def _create_session(self, number: int) -> None:
        rng = self._rng
        home = self._sessions[number]
        data = {
            "session_id": session(number), "reference": f"ORDER-{rng.randrange(99)}",
            "amount": rng.choice(("50", "100")),
            "customer": {"email": None, "name": None}, "description": None, "callback_url": None, "metadata": {},
            "payment_url": None, "expires_at": minute(rng.randrange(5, LAST_MINUTE + 25)).isoformat(),
        }  # fmt: skip
        self._event("session.created", home, data | self._place(home))

    def _assign(self, number: int) -> None:
        home = self._sessions[number]
        fitting = [
            key
            for key, address in self._addresses.items()
            if (address.merchant, address.network, address.currency) == (home.merchant, home.network, home.currency)
        ]
        anything = self._rng.random() < 0.1 or not fitting
        address_id = self._rng.choice(list(self._addresses) if anything else fitting)
        self._event("session.address_assigned", home, {"session_id": session(number), "address_id": address_id})

    def _register_wallet(self) -> None:
        address = self._rng.choice((HOT_WALLET, HOT_WALLET, ANOTHER_WALLET, deposit(4)))
        self._event("hot_wallet.registered", None, {"network": self._rng.choice(NETWORKS), "address": address})

    def _move(self) -> None:
        rng = self._rng
        home = rng.choice(list(self._addresses.values()))
        own = home.address
        sender, to = rng.choice(
            ((PAYER, own),) * 5 + ((own, HOT_WALLET),) * 2 + ((own, ANOTHER_WALLET), (own, deposit(1)))
        )
        self._history.transfers.append(
            {
                "block": rng.randrange(LAST_MINUTE), "amount": rng.choice(AMOUNTS),
                "to": to, "sender": sender,
                "log_index": len(self._history.transfers), "topic_count": 4 if rng.random() < 0.05 else 3,
            } | self._place(home)
        )  # fmt: skip
