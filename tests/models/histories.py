"""Random histories of a gateway and its chains, and how they are cut into batches of any order.

Belongs here: what may happen, drawn from a small space so that facts collide (reused addresses, foreign claims, ties of
time, chains that change their mind). Does not: how a world receives them (delivery.py), what models make of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tests.support.branches import Branches
from tests.support.models import HOT_WALLET, PAYER, deposit, minute, session

MERCHANTS = ("mer_1", "mer_2", "mer_3")
NETWORKS = ("BSC", "BSC", "BSC", "ETH")
CURRENCIES = ("USDT", "USDT", "USDC")
LAST_MINUTE = 60
FIRST_FORK = 40
# By how many minutes the blocks of another branch are later.
SHIFTS = (-0.7, -0.2, 0, 0.4, 1.5)
ANOTHER_WALLET = "0x" + "ef" * 20


@dataclass(frozen=True)
class Home:
    """What an id was meant to be: most events about it agree, some do not."""

    merchant: str
    network: str
    currency: str
    address: str = ""


@dataclass(frozen=True)
class Tip:
    """A chain as it is at one time: the head on its branch, and the finalised block."""

    branch: str
    block: int
    finalized: int


@dataclass
class History:
    """Facts in no order, except that the tips of each network follow each other.

    Attributes:
        branches: of all chains.
        events: arguments of `ModelWorld.event`.
        transfers: arguments of `ModelWorld.transfer`; each is ingested only if its block is ever seen on the chain.
        tips: by network.
        headers: network, and the branch and block up to which headers may be stored once they are on the chain.
    """

    branches: Branches = field(default_factory=Branches)
    events: list[dict[str, Any]] = field(default_factory=list)
    transfers: list[dict[str, Any]] = field(default_factory=list)
    tips: dict[str, list[Tip]] = field(default_factory=dict)
    headers: list[tuple[str, str, int]] = field(default_factory=list)

    def batches(self, rng: random.Random, count: int, *, straggler: str = "") -> list[History]:
        """Cut into batches: all at random, or all in the first but one straggler in each of the others (often a chain).

        Of several tips in one batch only the last is seen. A transfer comes with the first batch, from its own on,
        that sees its block on the chain.

        Args:
            rng: the case's.
            count: how many batches.
            straggler: "transfer", "header", a network (its tips) or a type of event that straggles; empty for any.
        """
        cut = [History(self.branches) for _ in range(count)]
        manner = "" if straggler else rng.choice(("scattered", "straggling", "chains", "chains"))
        if manner == "chains":
            straggler = rng.choice(sorted(self.tips))
        positions = self._scattered(rng, count) if manner == "scattered" else self._straggling(rng, count, straggler)
        for network, tips in self.tips.items():
            in_order = sorted(positions[network, number] for number in range(len(tips)))
            for tip, position in zip(tips, in_order, strict=True):
                cut[position].tips.setdefault(network, []).append(tip)
        for number, transfer in enumerate(self.transfers):
            for position in range(positions["transfer", number], count):
                if self._is_on(self._tip_at(cut[: position + 1], transfer["network"]), transfer):
                    cut[position].transfers.append(transfer)
                    break
        for number, event in enumerate(self.events):
            cut[positions[event["event_type"], number]].events.append(event)
        for number, header in enumerate(self.headers):
            cut[positions["header", number]].headers.append(header)
        for batch in cut:
            rng.shuffle(batch.events)
            rng.shuffle(batch.transfers)
        return cut

    def settled(self) -> History:
        """The same world, had its chains never been otherwise than they are in the end."""
        tips = {network: tips[-1] for network, tips in self.tips.items()}
        transfers = [transfer for transfer in self.transfers if self._is_on(tips[transfer["network"]], transfer)]
        only = {network: [tip] for network, tip in tips.items()}
        return History(self.branches, self.events, transfers, only, self.headers)

    @staticmethod
    def _tip_at(batches: list[History], network: str) -> Tip | None:
        return next((batch.tips[network][-1] for batch in reversed(batches) if network in batch.tips), None)

    def _is_on(self, tip: Tip | None, transfer: dict[str, Any]) -> bool:
        if tip is None or transfer["block"] > tip.block:
            return False
        return self.branches.home(transfer["block"], tip.branch) == transfer["branch"]

    def _keys(self) -> list[tuple[str, int]]:
        """Every fact as its kind and number."""
        keys = [(event["event_type"], number) for number, event in enumerate(self.events)]
        keys += [("transfer", number) for number in range(len(self.transfers))]
        keys += [("header", number) for number in range(len(self.headers))]
        return keys + [(network, number) for network, tips in self.tips.items() for number in range(len(tips))]

    def _scattered(self, rng: random.Random, count: int) -> dict[tuple[str, int], int]:
        return {key: rng.randrange(count) for key in self._keys()}

    def _straggling(self, rng: random.Random, count: int, straggler: str) -> dict[tuple[str, int], int]:
        """What a straggler touches is touched by nothing else; every kind is as likely as another."""
        keys = self._keys()
        # Headers touch the transfers that a chain's change touches: half of the time they are out of its way.
        later = count - 1 if straggler in self.tips and rng.random() < 0.5 else 0
        positions = {key: later if key[0] == "header" else 0 for key in keys}
        kinds = [straggler] if straggler else sorted({kind for kind, _ in keys})
        for position in range(1, count):
            kind = rng.choice(kinds)
            positions[rng.choice([key for key in keys if key[0] == kind])] = position
        return positions


def random_history(rng: random.Random) -> History:
    """An hour in which three merchants share a few addresses, and much goes wrong."""
    return _Author(rng).write()


class _Author:
    """Writes one history."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._history = History()
        self._used_ids: set[str] = set()
        self._places: set[tuple[str, int, int, str]] = set()
        # Nine address rows over seven addresses: some share an address under two currencies, some under two merchants.
        self._addresses = {number: self._home(deposit(rng.randint(1, 7))) for number in range(1, 10)}
        self._sessions = {number: rng.choice(list(self._addresses.values())) for number in range(1, 11)}

    def _home(self, address: str = "") -> Home:
        rng = self._rng
        merchant = rng.choice(MERCHANTS[:2])
        return Home(merchant, rng.choice(NETWORKS), rng.choice(CURRENCIES), address)

    def write(self) -> History:
        """All of it."""
        for network in ("BSC", "ETH"):
            self._grow(network)
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
        return self._history

    def _grow(self, network: str) -> None:
        """A chain that changes its mind between three branches, but not below its finalised block."""
        rng = self._rng
        branches, history = self._history.branches, self._history
        names = ["", f"{network}1", f"{network}2"]
        first, second = sorted(rng.sample(range(FIRST_FORK, LAST_MINUTE), 2))
        branches.fork(names[1], first, minutes=rng.choice(SHIFTS))
        branches.fork(names[2], second, minutes=rng.choice(SHIFTS), parent=rng.choice(names[:2]))
        heads = [("", rng.randrange(FIRST_FORK))]
        heads += [(rng.choice(names), rng.randrange(45, LAST_MINUTE + 15)) for _ in range(rng.randint(3, 5))]
        finalized = 0
        tips = []
        for number, (branch, block) in enumerate(heads):
            shared = [branches.shared(branch, other, min(block, head)) for other, head in heads[number:]]
            finalized = max(finalized, min(block - 25, *shared, block))
            tips.append(Tip(branch, block, finalized))
        history.tips[network] = tips
        history.headers += [(network, branch, block) for branch, block in heads]

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
        moved = {
            "block": rng.randrange(LAST_MINUTE), "amount": rng.choice(("20", "50", "60", "100", "0.00000001", "0")),
            "to": to, "sender": sender,
            "log_index": len(self._history.transfers), "topic_count": 4 if rng.random() < 0.05 else 3,
        } | self._place(home)  # fmt: skip
        self._put(moved)
        while moved["block"] >= FIRST_FORK - 5 and rng.random() < 0.6:  # on another branch too, somewhat otherwise
            other = {"block": moved["block"] + rng.choice((-1, 0, 0, 1, 3))}
            self._put(moved | other | ({"amount": "20", "to": deposit(2)} if rng.random() < 0.2 else {}))

    def _put(self, transfer: dict[str, Any]) -> None:
        """On some branch, unless the place in the block is taken."""
        network, block, log_index = transfer["network"], transfer["block"], transfer["log_index"]
        branch = self._history.branches.home(block, self._rng.choice(("", f"{network}1", f"{network}2")))
        place = (network, block, log_index, branch)
        if place not in self._places:
            self._places.add(place)
            self._history.transfers.append(transfer | {"branch": branch})
