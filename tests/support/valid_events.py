"""One plain valid event of every type, and the same with one thing changed.

Belongs here: the smallest valid events, written out. Does not belong here: whole worlds of them (`events.py`).
"""

import copy
import json
from typing import Any

EVM = "0x52908400098527886E0F7030069857D2E4169EE7"
TRON = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
SOLANA = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
SESSION = "0d4f1c2a-9b7e-4c5d-8a6f-1b2c3d4e5f60"
REMOVED = object()

_DATA: dict[str, dict[str, Any]] = {
    "merchant.updated": {
        "name": "Shop",
        "email": "a@b.example",
        "default_currency": "USDT",
        "platform_fee_rate": "0.01",
        "withdrawal_fee_rate": "0.001",
        "status": "active",
        "timezone": "Europe/Berlin",
    },
    "hot_wallet.registered": {"network": "BSC", "address": EVM},
    "address.created": {"address_id": 7, "network": "TRX", "currency": "USDT", "address": TRON},
    "address.activated": {"address_id": 7},
    "address.deactivated": {"address_id": 7},
    "address.gas_funded": {"address_id": 7, "tx_hash": "0xab", "amount": "0.005"},
    "session.created": {
        "session_id": SESSION,
        "reference": "INV-1",
        "amount": "100.50",
        "currency": "USDT",
        "network": "SOL",
        "customer": {"email": None, "name": "Zoë"},
        "description": None,
        "callback_url": None,
        "metadata": {"cart": 1},
        "payment_url": None,
        "expires_at": "2026-01-30T19:00:00Z",
    },
    "session.address_assigned": {"session_id": SESSION, "address_id": 7},
    "session.payment_received": {"session_id": SESSION, "tx_hash": "0xab", "amount": "1"},
    "session.payment_confirmed": {"session_id": SESSION, "tx_hash": "0xab", "amount": "1"},
    "session.expired": {"session_id": SESSION},
    "session.failed": {"session_id": SESSION, "reason": "cancelled"},
    "address.swept": {"address_id": 7, "tx_hash": "0xab", "amount": "1", "hot_wallet": EVM},
    "address.sweep_failed": {"address_id": 7, "reason": "out of gas"},
}


def valid(type_name: str = "session.created") -> dict[str, Any]:
    """A valid event of a type."""
    return {
        "event_id": f"evt_{type_name}",
        "type": type_name,
        "occurred_at": "2026-01-30T18:00:00Z",
        "merchant_id": None if type_name == "hot_wallet.registered" else "mer_7",
        "mode": "live",
        "data": copy.deepcopy(_DATA[type_name]),
    }


def valid_types() -> list[str]:
    """Every type of event."""
    return list(_DATA)


def plain_data() -> dict[str, dict[str, Any]]:
    """Type of event → its plain data."""
    return copy.deepcopy(_DATA)


def changed(path: str, value: object, type_name: str = "session.created") -> bytes:
    """A valid event with one key set to another value, or removed."""
    event = valid(type_name)
    *parents, key = path.split(".")
    target = event
    for parent in parents:
        target = target[parent]
    if value is REMOVED:
        del target[key]
    else:
        target[key] = value
    return json.dumps(event).encode()


def swapped(old: bytes, new: bytes, type_name: str = "session.created") -> bytes:
    """A valid line with some of its bytes replaced."""
    line = json.dumps(valid(type_name), separators=(",", ":")).encode()
    assert line.count(old) == 1, old
    return line.replace(old, new)
