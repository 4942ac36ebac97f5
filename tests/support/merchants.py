"""What one merchant of one mode did, at random: addresses, sessions, payments, sweeps, in gateway events and on chains.

Belongs here: valid business of one tenant, whose every id, address, hash and name is its own. Does not: storing it
(lake_world.py), and what a feed may get wrong (trespass.py, events.py, mutations.py).
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import base58

from tests.support.branches import minute
from warehouse.domain.addresses import shown_address
from warehouse.domain.networks import CURRENCIES, Family, Mode

# Chains that are read, by mode; and families of networks that only the feed speaks of.
CHAINS: dict[Mode, tuple[str, ...]] = {"live": ("BSC", "ETH"), "test": ("BSC",)}
UNREAD = {"TRX": Family.TRON, "SOL": Family.SOLANA}
# Where every chain stands: a block is a minute.
HEAD_BLOCK = 240


@dataclass(frozen=True)
class Tenant:
    """A merchant in one mode; `number` keeps ids and places in blocks apart from those of others."""

    merchant: str
    mode: Mode
    number: int

    def key(self, *parts: object) -> bytes:
        """32 bytes that are this tenant's alone."""
        return hashlib.sha256(":".join(map(str, (self.merchant, self.mode, self.number, *parts))).encode()).digest()


@dataclass
class Business:
    """Facts about one tenant.

    Attributes:
        events: of the gateway feed, as JSON objects.
        transfers: places and parties of token transfers; `amount` in tokens, network and currency stand for the token.
        addresses: what address.created said, and the canonical address.
        sessions: what session.created said.
        own_words: letters and digits, each of which stands in something that no other tenant may ever read.
    """

    tenant: Tenant
    events: list[dict[str, Any]] = field(default_factory=list)
    transfers: list[dict[str, Any]] = field(default_factory=list)
    addresses: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    own_words: set[str] = field(default_factory=set)

    def tell(self, event_type: str, at: float, data: dict[str, Any]) -> dict[str, Any]:
        """One more event, at minute `at`."""
        event = {
            "event_id": f"evt_{self.tenant.number}_{len(self.events):06d}", "type": event_type, "data": data,
            "occurred_at": minute(at).isoformat(), "merchant_id": self.tenant.merchant, "mode": self.tenant.mode,
        }  # fmt: skip
        self.events.append(event)
        return event

    def deposit_address(self, number: int, network: str, currency: str) -> dict[str, Any]:
        """A new address of the tenant's own; `number` tells it from its others."""
        key = self.tenant.key("address", number)
        family = UNREAD.get(network, Family.EVM)
        canonical = base58.b58encode(key).decode() if family is Family.SOLANA else "0x" + key[:20].hex()
        shown = shown_address(family, canonical)
        address_id = int.from_bytes(key[:6])
        self.own_words |= {str(address_id), canonical, shown}
        data = {"address_id": address_id, "network": network, "currency": currency, "address": shown}
        self.addresses.append(data | {"canonical": canonical})
        return data

    def tx_hash(self, *parts: object) -> str:
        """The hash of a transaction of this tenant alone."""
        tx_hash = "0x" + self.tenant.key("hash", *parts).hex()
        self.own_words.add(tx_hash)
        return tx_hash


def random_business(rng: random.Random, tenant: Tenant, *, addresses: int = 6, sessions: int = 12) -> Business:
    """Four hours of a merchant, up to HEAD_BLOCK."""
    return _Author(rng, tenant).write(addresses, sessions)


def hot_wallet(mode: str, network: str) -> str:
    """The gateway's own wallet: everybody's sweeps go there."""
    return "0x" + hashlib.sha256(f"hot {mode} {network}".encode()).hexdigest()[:40]


class _Author:
    def __init__(self, rng: random.Random, tenant: Tenant) -> None:
        self._rng = rng
        self._business = Business(tenant)

    def write(self, addresses: int, sessions: int) -> Business:
        for number in range(self._rng.randint(1, 2)):
            self._update_merchant(10.0 * number)
        for number in range(addresses):
            self._create_address(number)
        for number in range(sessions):
            self._create_session(number)
        for _ in range(addresses):
            self._empty_an_address()
        return self._business

    def _update_merchant(self, at: float) -> None:
        merchant = self._business.tenant.merchant
        data = {
            "name": f"Shop {merchant}", "email": f"{merchant}@shop.example", "status": "active",
            "default_currency": self._rng.choice(CURRENCIES), "withdrawal_fee_rate": "0.001",
            "platform_fee_rate": self._rng.choice(("0.01", "0.005", "0")),
        }  # fmt: skip
        self._business.tell("merchant.updated", at, data)

    def _create_address(self, number: int) -> None:
        rng, business = self._rng, self._business
        chains = CHAINS[business.tenant.mode]
        # There is always one on each chain that is read.
        network = chains[number] if number < len(chains) else rng.choice((*chains, *UNREAD))
        data = business.deposit_address(number, network, rng.choice(CURRENCIES))
        address_id = data["address_id"]
        business.tell("address.created", number, data)
        if rng.random() < 0.2:
            business.tell("address.deactivated", number + 1, {"address_id": address_id})
        if rng.random() < 0.5:
            gas = {"address_id": address_id, "tx_hash": business.tx_hash("gas", number), "amount": "0.01"}
            business.tell("address.gas_funded", number + 2, gas)

    def _create_session(self, number: int) -> None:
        rng, business = self._rng, self._business
        address = rng.choice(business.addresses)
        at = rng.randrange(10, HEAD_BLOCK - 5) + 0.25
        data = session_data(business, number, address, rng.choice(("100", "25.50", "0.01")), at + rng.choice((15, 40)))
        session_id = data["session_id"]
        business.sessions.append(data)
        business.tell("session.created", at, data)
        if rng.random() < 0.9:
            held = {"session_id": session_id, "address_id": address["address_id"]}
            business.tell("session.address_assigned", at, held)
        if rng.random() < 0.1:
            business.tell("session.failed", at + 10, {"session_id": session_id, "reason": "the payer gave up"})
        for part in rng.choice(((), ("1",), ("1",), ("1",), ("0.5",), ("0.5", "0.5"), ("1", "0.25"))):
            block = rng.randint(int(at) + 1, min(HEAD_BLOCK, int(at) + 25))
            self._move(address, block, Decimal(data["amount"]) * Decimal(part), is_in=True)

    def _empty_an_address(self) -> None:
        rng = self._rng
        address = rng.choice(self._business.addresses)
        at = rng.randrange(60, HEAD_BLOCK)
        if rng.random() < 0.3:
            data = {"address_id": address["address_id"], "reason": "out of gas"}
            self._business.tell("address.sweep_failed", at, data)
        else:
            self._move(address, at, Decimal(rng.choice(("20", "100", "0.000001"))), is_in=False)

    def _move(self, address: dict[str, Any], block: int, amount: Decimal, *, is_in: bool) -> None:
        business, network = self._business, address["network"]
        if network in UNREAD:
            return
        number = len(business.transfers)
        outside = "0x" + business.tenant.key("outside", number)[:20].hex()
        wallet = hot_wallet(business.tenant.mode, network) if self._rng.random() < 0.7 else outside
        business.own_words |= {outside, shown_address(Family.EVM, outside)}
        business.transfers.append(
            {
                "network": network, "currency": address["currency"], "amount": amount, "block_number": block,
                "tx_hash": business.tx_hash("transfer", number),
                "log_index": business.tenant.number * 1000 + number,
                "from_address": outside if is_in else address["canonical"],
                "to_address": address["canonical"] if is_in else wallet,
            }
        )  # fmt: skip


def session_data(
    business: Business, number: int, address: dict[str, Any], amount: str, expires: float
) -> dict[str, Any]:
    """What session.created says of a session of this tenant, every text its own."""
    key = business.tenant.key("session", number)
    session_id, word = str(UUID(bytes=key[:16], version=4)), key[-6:].hex()
    business.own_words |= {session_id.rpartition("-")[2], word}
    return {
        "session_id": session_id, "reference": f"ORDER-{word}", "amount": amount,
        "currency": address["currency"], "network": address["network"],
        "customer": {"email": f"{word}@example.com", "name": f"Zoë {word}" if number % 2 else None},
        "description": f"Book {word}" if number % 3 else None, "callback_url": f"https://shop.example/{word}",
        "metadata": {"cart": word, "weight": 1.5, "tags": ["a", None]} if number % 4 else {},
        "payment_url": f"https://pay.example/{word}", "expires_at": minute(expires).isoformat(),
    }  # fmt: skip
