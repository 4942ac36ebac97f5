"""A seeded random world of gateway events: merchants, hot wallets, addresses, sessions, sweeps, and what goes wrong.

Belongs here: valid events, coherent as a gateway's are, with the disorder the feed allows (late, re-created, of unknown
or foreign objects). Does not belong here: broken lines (`mutations.py`) and chain traffic.
"""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.support.spelling import amount, random_address, tx_hash, written_time
from warehouse.domain.networks import CURRENCIES, MODES, Family

FAMILIES: dict[str, Family] = {
    "BSC": Family.EVM,
    "ETH": Family.EVM,
    "POL": Family.EVM,
    "TRX": Family.TRON,
    "SOL": Family.SOLANA,
}
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

FeedEvent = dict[str, Any]


def generate_events(seed: int, count: int, *, merchants: int = 4, start: datetime = START) -> list[FeedEvent]:
    """Make a world and return its events in the order of delivery.

    Args:
        seed: the same seed and arguments give the same events.
        count: how many events.
        merchants: how many merchants share the gateway.
        start: time of the first event; 20,000 events reach about four months further.

    Returns:
        Events with unique ids; no two of one id differ. Most arrive nearly in order, some after much of the history.
    """
    world = World(seed, merchants, start)
    while len(world.events) < count:
        world.step()
    return world.delivered()[:count]


def to_line(event: FeedEvent) -> bytes:
    """An event as a line of the feed."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


class World:
    """The state of the simulated gateway while it is being made."""

    def __init__(self, seed: int, merchants: int, start: datetime) -> None:
        self.rng = random.Random(seed)
        self.now = start
        self.events: list[FeedEvent] = []
        self.merchants = [f"mer_{number}" for number in range(1, merchants + 1)]
        self.addresses: list[dict[str, Any]] = []
        self.sessions: list[dict[str, Any]] = []
        self.hot_wallets: dict[tuple[str, str], str] = {}
        self.next_address_id = 1
        self._used_ids: set[str] = set()
        for mode in MODES:
            for merchant in self.merchants:
                self.update_merchant(mode, merchant)
            for network in FAMILIES:
                self.register_hot_wallet(mode, network)

    def step(self) -> None:
        """Let one thing happen."""
        actions: list[tuple[int, Callable[[], None]]] = [
            (14, self.create_address),
            (30, self.create_session),
            (22, self.assign),
            (16, self.sight_payment),
            (8, self.end_session),
            (10, self.sweep),
            (6, self.change_address),
            (4, self.recreate_session),
            (2, self.recreate_address),
            (2, self.claim_foreign_address),
            (3, self.refer_to_unknown),
            (2, lambda: self.update_merchant(self.rng.choice(MODES), self.rng.choice(self.merchants))),
            (1, lambda: self.register_hot_wallet(self.rng.choice(MODES), self.rng.choice(list(FAMILIES)))),
        ]
        weights, choices = zip(*actions, strict=True)
        if self.rng.random() > 0.05:  # else at the very same time: ties are broken by event_id
            self.now += timedelta(microseconds=self.rng.randrange(120_000_000))
        if self.rng.random() < 0.002:  # quiet days, so that months are crossed
            self.now += timedelta(days=self.rng.randint(1, 4))
        self.rng.choices(choices, weights)[0]()

    def delivered(self) -> list[FeedEvent]:
        """The events in the order they arrive: a little shuffled, some of them weeks late."""

        def arrival(numbered: tuple[int, FeedEvent]) -> float:
            number = numbered[0]
            if self.rng.random() < 0.03:
                return number + self.rng.uniform(0, len(self.events))
            return number + self.rng.uniform(0, 5)

        keyed = [(arrival(numbered), numbered[0], numbered[1]) for numbered in enumerate(self.events)]
        return [event for _, _, event in sorted(keyed, key=lambda item: item[:2])]

    def emit(self, type_name: str, mode: str, merchant: str | None, data: FeedEvent) -> None:
        """Report that something happened now."""
        event_id = f"evt_{self.rng.getrandbits(80):020x}"
        while event_id in self._used_ids:
            event_id = f"evt_{self.rng.getrandbits(80):020x}"
        self._used_ids.add(event_id)
        event = {
            "event_id": event_id,
            "type": type_name,
            "occurred_at": written_time(self.rng, self.now),
            "merchant_id": merchant,
            "mode": mode,
            "data": data,
        }
        if self.rng.random() < 0.05:
            event["trace"] = {"node": self.rng.randrange(8), "note": "unknown keys are kept"}
        self.events.append(event)

    def update_merchant(self, mode: str, merchant: str) -> None:
        """Set or change a merchant's terms."""
        data = {
            "name": f"Shop {merchant} Ünïcode 商店",
            "email": f"{merchant}@example.com",
            "default_currency": self.rng.choice(CURRENCIES),
            "platform_fee_rate": self.rng.choice(("0.01", "0.005", "0", "0.01250000")),
            "withdrawal_fee_rate": self.rng.choice(("0.001", "0.002")),
            "status": "suspended" if self.rng.random() < 0.05 else "active",
        }
        if self.rng.random() < 0.5:
            data["timezone"] = self.rng.choice(("Europe/Berlin", "UTC", "America/New_York"))
        self.emit("merchant.updated", mode, merchant, data)

    def register_hot_wallet(self, mode: str, network: str) -> None:
        """Register a (further) hot wallet."""
        address = random_address(self.rng, FAMILIES[network])
        self.hot_wallets[mode, network] = address
        self.emit("hot_wallet.registered", mode, None, {"network": network, "address": address})

    def create_address(self) -> None:
        """Create a deposit address, sometimes the second currency of one that exists."""
        mode, merchant = self.rng.choice(MODES), self.rng.choice(self.merchants)
        network, currency = self.rng.choice(list(FAMILIES)), self.rng.choice(CURRENCIES)
        text = random_address(self.rng, FAMILIES[network])
        if self.addresses and self.rng.random() < 0.2:
            twin = self.rng.choice(self.addresses)
            mode, merchant, network, text = twin["mode"], twin["merchant"], twin["network"], twin["address"]
            currency = "USDC" if twin["currency"] == "USDT" else "USDT"
        address = {
            "id": self.next_address_id,
            "mode": mode,
            "merchant": merchant,
            "network": network,
            "currency": currency,
            "address": text,
        }
        self.next_address_id += 1
        self.addresses.append(address)
        self._emit_address(address)

    def _emit_address(self, address: dict[str, Any]) -> None:
        data = {
            "address_id": address["id"],
            "network": address["network"],
            "currency": address["currency"],
            "address": address["address"],
        }
        self.emit("address.created", address["mode"], address["merchant"], data)

    def create_session(self) -> None:
        """Create a payment session."""
        session = {
            "id": str(UUID(int=self.rng.getrandbits(128), version=4)),
            "mode": self.rng.choice(MODES),
            "merchant": self.rng.choice(self.merchants),
            "network": self.rng.choice(list(FAMILIES)),
            "currency": self.rng.choice(CURRENCIES),
            "amount": amount(self.rng),
        }
        self.sessions.append(session)
        self._emit_session(session)

    def _emit_session(self, session: dict[str, Any]) -> None:
        number = self.rng.randrange(10**6)
        data = {
            "session_id": session["id"].upper() if self.rng.random() < 0.05 else session["id"],
            "reference": f"ORDER-{number}",
            "amount": session["amount"],
            "currency": session["currency"],
            "network": session["network"],
            "customer": {
                "email": self.rng.choice((None, f"c{number}@example.com")),
                "name": self.rng.choice((None, "Zoë")),
            },
            "description": self.rng.choice((None, "two books")),
            "callback_url": self.rng.choice((None, "https://shop.example/callback")),
            "metadata": self.rng.choice(({}, {"cart": number, "weight": 1.50, "tags": ["a", None]})),
            "payment_url": f"https://pay.example/{session['id']}",
            "expires_at": written_time(self.rng, self.now + timedelta(minutes=self.rng.choice((15, 30, 60, 1440)))),
        }
        self.emit("session.created", session["mode"], session["merchant"], data)

    def assign(self) -> None:
        """Give a session an address: nearly always one that fits it, sometimes a foreign one."""
        if not self.sessions or not self.addresses:
            return
        session = self.rng.choice(self.sessions[-20:])
        same = ("mode", "merchant", "network", "currency")
        fitting = [one for one in self.addresses if all(one[key] == session[key] for key in same)]
        if not fitting and self.rng.random() < 0.9:
            address = {key: session[key] for key in same} | {
                "id": self.next_address_id,
                "address": random_address(self.rng, FAMILIES[session["network"]]),
            }
            self.next_address_id += 1
            self.addresses.append(address)
            self._emit_address(address)
            fitting = [address]
        chosen = self.rng.choice(fitting if fitting and self.rng.random() < 0.97 else self.addresses)
        data = {"session_id": session["id"], "address_id": chosen["id"]}
        self.emit("session.address_assigned", session["mode"], session["merchant"], data)

    def sight_payment(self) -> None:
        """Report the gateway's own sighting of a payment."""
        if self.sessions:
            session = self.rng.choice(self.sessions[-30:])
            data = {"session_id": session["id"], "tx_hash": tx_hash(self.rng), "amount": session["amount"]}
            for type_name in ("session.payment_received", "session.payment_confirmed")[: self.rng.randint(1, 2)]:
                self.emit(type_name, session["mode"], session["merchant"], dict(data))

    def end_session(self) -> None:
        """Let a session expire or fail."""
        if self.sessions:
            session = self.rng.choice(self.sessions)
            data = {"session_id": session["id"]}
            failed = self.rng.random() < 0.4
            if failed:
                data["reason"] = "cancelled by customer"
            self.emit("session.failed" if failed else "session.expired", session["mode"], session["merchant"], data)

    def sweep(self) -> None:
        """Sweep an address to the hot wallet, or fail to."""
        if not self.addresses:
            return
        address = self.rng.choice(self.addresses)
        data: FeedEvent = {"address_id": address["id"]}
        if self.rng.random() < 0.2:
            data["reason"] = "out of gas"
        else:
            wallet = self.hot_wallets[address["mode"], address["network"]]
            data |= {"tx_hash": tx_hash(self.rng), "amount": amount(self.rng), "hot_wallet": wallet}
        type_name = "address.sweep_failed" if "reason" in data else "address.swept"
        self.emit(type_name, address["mode"], address["merchant"], data)

    def change_address(self) -> None:
        """Activate, deactivate or fund an address."""
        if not self.addresses:
            return
        address = self.rng.choice(self.addresses)
        data: FeedEvent = {"address_id": address["id"]}
        type_name = self.rng.choice(("address.activated", "address.deactivated", "address.gas_funded"))
        if type_name == "address.gas_funded":
            data |= {"tx_hash": tx_hash(self.rng), "amount": "0.005"}
        self.emit(type_name, address["mode"], address["merchant"], data)

    def recreate_session(self) -> None:
        """Create a session again with other content: the last write wins."""
        if self.sessions:
            session = self.rng.choice(self.sessions)
            session["amount"] = amount(self.rng)
            self._emit_session(session)

    def recreate_address(self) -> None:
        """Create an address again."""
        if self.addresses:
            self._emit_address(self.rng.choice(self.addresses))

    def claim_foreign_address(self) -> None:
        """Let another merchant claim an address that has an owner."""
        if self.addresses:
            owned = self.rng.choice(self.addresses)
            others = [merchant for merchant in self.merchants if merchant != owned["merchant"]]
            if others:
                self._emit_address(owned | {"id": self.next_address_id, "merchant": self.rng.choice(others)})
                self.next_address_id += 1

    def refer_to_unknown(self) -> None:
        """Speak of a session or an address that nobody has heard of."""
        session_id = str(UUID(int=self.rng.getrandbits(128), version=4))
        mode, merchant = self.rng.choice(MODES), self.rng.choice(self.merchants)
        if self.rng.random() < 0.5:
            data: FeedEvent = {"session_id": session_id, "address_id": 10**9 + self.rng.randrange(10**6)}
            self.emit("session.address_assigned", mode, merchant, data)
        else:
            self.emit("address.activated", mode, merchant, {"address_id": 10**9 + self.rng.randrange(10**6)})
