"""What a gateway may say in one merchant's name of another merchant's things.

Belongs here: events and lines that must have no effect on the other, all later than what it did itself. Does not: valid
business (merchants.py).
"""

from __future__ import annotations

import json
import random
from typing import Any

from tests.support.branches import minute
from tests.support.merchants import HEAD_BLOCK, Business, session_data


def trespass(rng: random.Random, stranger: Business, victim: Business, count: int) -> list[bytes]:
    """Let the stranger's feed speak of what is the victim's: events in its business, and lines that are no events.

    Args:
        rng: what is chosen.
        stranger: gets the events; an address and a session of its own that they need come first.
        victim: whose things they name.
        count: how many events.

    Returns:
        Lines of the feed that are not acceptable.
    """
    network = next(address["network"] for address in victim.addresses if address["network"] != "SOL")
    own_address = stranger.deposit_address(1000, network, "USDT")
    own_session = session_data(stranger, 1001, own_address, "100", HEAD_BLOCK + 60)
    stranger.tell("address.created", HEAD_BLOCK - 1, own_address)
    stranger.tell("session.created", HEAD_BLOCK - 1, own_session)
    for number in range(count):
        address, session = rng.choice(victim.addresses), rng.choice(victim.sessions)
        claim = {name: address[name] for name in ("address_id", "network", "currency", "address")}
        new = {"address_id": 10**15 + stranger.tenant.number * 1000 + number}
        said: list[tuple[str, dict[str, Any]]] = [
            ("address.created", own_address | {"address_id": claim["address_id"]}),
            ("address.created", claim | new if stranger.tenant.mode == victim.tenant.mode else claim),
            ("address.deactivated", {"address_id": claim["address_id"]}),
            ("address.gas_funded", {"address_id": claim["address_id"], "tx_hash": "0x" + "a1" * 32, "amount": "9"}),
            ("address.sweep_failed", {"address_id": claim["address_id"], "reason": "theirs"}),
            ("session.created", session | {"amount": "1", "reference": "THEIRS"}),
            ("session.failed", {"session_id": session["session_id"], "reason": "theirs"}),
            ("session.address_assigned", _held(session, own_address)),
            ("session.address_assigned", _held(own_session, address)),
            ("session.address_assigned", _held(session, address)),
        ]
        stranger.tell(said[number % len(said)][0], HEAD_BLOCK - 1 + number / 1000, said[number % len(said)][1])
    return _lines(rng, stranger, victim)


def _held(session: dict[str, Any], address: dict[str, Any]) -> dict[str, Any]:
    return {"session_id": session["session_id"], "address_id": address["address_id"]}


def _lines(rng: random.Random, stranger: Business, victim: Business) -> list[bytes]:
    """The victim's own events, but from the stranger, or broken."""
    stolen = [event | {"merchant_id": stranger.tenant.merchant} for event in rng.sample(victim.events, 3)]
    event = rng.choice(victim.events)
    broken = [
        event | {"event_id": f"evt_broken_{stranger.tenant.number}", "type": "address.stolen"},
        event | {"event_id": f"evt_ahead_{stranger.tenant.number}", "occurred_at": minute(10**7).isoformat()},
    ]
    return [*(json.dumps(line).encode() for line in (*stolen, *broken)), json.dumps(event).encode()[:-2]]
