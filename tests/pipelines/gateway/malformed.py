"""Lines that must land in quarantine, each with the reason it must have there."""

import copy
import json
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Malformed:
    """A line, and the code and the beginning of the reason it is refused with."""

    name: str
    line: bytes
    code: str
    reason: str


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


def corpus() -> list[Malformed]:
    """Every line with its expected fate; names are unique."""
    return [*_not_json(), *_envelope(), *_keys(), *_values(), *_merchant_and_address_values()]


def _rows(prefix: str, rows: list[tuple[bytes, str, str]]) -> list[Malformed]:
    return [Malformed(f"{prefix}_{number}", *row) for number, row in enumerate(rows)]


def _not_json() -> list[Malformed]:
    text = json.dumps(valid())
    line = text.encode()
    rows = [
        (b"x", "invalid_json", "not JSON"),
        (b"{", "invalid_json", "not JSON"),
        (line[:-1], "invalid_json", "not JSON"),
        (line[:40], "invalid_json", "not JSON"),
        (line + b"}", "invalid_json", "not JSON"),
        (line + line, "invalid_json", "not JSON"),
        (line + b",", "invalid_json", "not JSON"),
        (b"\xef\xbb\xbf" + line, "invalid_json", "not JSON"),
        (b"\0", "invalid_json", "not JSON"),
        (b"<html></html>", "invalid_json", "not JSON"),
        (b"[" * 100_000, "invalid_json", "nested deeper than 32"),
        (b'{"a":' * 100_000, "invalid_json", "nested deeper than 32"),
        (b'"' + b'\\"' * 1000 + b"[" * 50, "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b'"cart":' + b"[" * 40 + b"]" * 40), "invalid_json", "nested deeper than 32"),
        (swapped(b'"cart":1', b'"cart":NaN'), "invalid_json", "NaN is not JSON"),
        (swapped(b'"cart":1', b'"cart":Infinity'), "invalid_json", "Infinity is not JSON"),
        (swapped(b'"cart":1', b'"cart":-Infinity'), "invalid_json", "-Infinity is not JSON"),
        (swapped(b'"cart":1', b'"cart":01'), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b'"cart":.5'), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b'"cart":5.'), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b'"cart":+1'), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b'"cart":0x10'), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b'"cart":1,'), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b"cart:1"), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b"'cart':1"), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b'"cart":True'), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b'"cart":1/*one*/'), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b'"cart":"a\tb"'), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b'"cart":"\\x41"'), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b'"cart":"\\u12"'), "invalid_json", "not JSON"),
        (swapped(b'"cart":1', b'"cart":1,"cart":1'), "invalid_json", "duplicate key 'cart'"),
        (swapped(b'"mode":"live"', b'"mode":"live","mode":"test"'), "invalid_json", "duplicate key 'mode'"),
        (swapped(b'"amount":"100.50"', b'"amount":"1","amount":"2"'), "invalid_json", "duplicate key 'amount'"),
        (swapped(b'"cart":1', b'"c":1,"\\u0063":2'), "invalid_json", "duplicate key 'c'"),
        (b"\xff" + line, "invalid_utf8", "not UTF-8 at byte 0"),
        (swapped(b"INV-1", b"INV-\xc3"), "invalid_utf8", "not UTF-8"),
        (swapped(b"INV-1", b"\xc0\xaf"), "invalid_utf8", "not UTF-8"),
        (swapped(b"INV-1", b"\xed\xa0\x80"), "invalid_utf8", "not UTF-8"),
        (swapped(b"INV-1", b"\xf4\x90\x80\x80"), "invalid_utf8", "not UTF-8"),
        (text.encode("utf-16"), "invalid_utf8", "not UTF-8"),
        (text.encode("latin-1", "replace").replace(b"Zo", b"Z\xf6"), "invalid_utf8", "not UTF-8"),
        (swapped(b"INV-1", b"INV\\u0000"), "ill_typed", "data.reference: holds a NUL"),
        (swapped(b"INV-1", b"\\ud800"), "ill_typed", "data.reference: holds a lone surrogate"),
        (swapped(b"INV-1", b"\\udc00\\ud800"), "ill_typed", "data.reference: holds a lone surrogate"),
        (swapped(b'"cart":1', b'"a\\uD83D":1'), "ill_typed", "data.metadata: holds a lone surrogate"),
        (swapped(b'"cart":1', b'"x":["\\u0000"]'), "ill_typed", "data.metadata.x: holds a NUL"),
        (swapped(b'"cart":1', b'"cart":1e999'), "ill_typed", "number out of range"),
        (swapped(b'"cart":1', b'"cart":1e-99999999999999999999'), "ill_typed", "number out of range"),
        (swapped(b'"cart":1', b'"cart":' + b"9" * 5000), "ill_typed", "number out of range"),
        (swapped(b'"cart":1', b'"cart":0.' + b"1" * 5000), "ill_typed", "number out of range"),
        (line + b" " * (1 << 20), "too_long", f"{len(line) + (1 << 20)} bytes"),
        (swapped(b'"cart":1', b'"cart":"' + b"x" * (1 << 20) + b'"'), "too_long", "10"),
    ]
    return _rows("not_json", rows)


def _envelope() -> list[Malformed]:
    rows = [
        (b"null", "ill_typed", "the event is not an object"),
        (b"[]", "ill_typed", "the event is not an object"),
        (b'"text"', "ill_typed", "the event is not an object"),
        (b"7", "ill_typed", "the event is not an object"),
        (b"[%s]" % json.dumps(valid()).encode(), "ill_typed", "the event is not an object"),
        (b"{}", "missing_key", "event_id: missing"),
        *((changed(key, REMOVED), "missing_key", f"{key}: missing") for key in valid()),
        *((changed(key, 7), "ill_typed", f"{key}: ") for key in valid()),
        *((changed(key, None), "ill_typed", f"{key}: ") for key in valid()),
        (changed("event_id", ""), "ill_typed", "event_id: "),
        (changed("event_id", "evt_ü"), "ill_typed", "event_id: "),
        (changed("event_id", "evt\n1"), "ill_typed", "event_id: "),
        (changed("event_id", "evt\x7f"), "ill_typed", "event_id: "),
        (changed("event_id", "e" * 129), "too_long", "event_id: 129 characters"),
        (changed("type", "session.paid"), "unknown_type", "type: unknown type 'session.paid'"),
        (changed("type", "Session.Created"), "unknown_type", "type: "),
        (changed("type", ""), "unknown_type", "type: "),
        (changed("type", "\u202e" * 400), "unknown_type", "type: "),
        (changed("type", "x" * 513), "too_long", "type: "),
        (changed("mode", "LIVE"), "ill_typed", "mode: not one of live, test"),
        (changed("mode", ["live"]), "ill_typed", "mode: "),
        (changed("merchant_id", ""), "ill_typed", "merchant_id: "),
        (changed("merchant_id", "m" * 129), "too_long", "merchant_id: "),
        (changed("merchant_id", "mer_7", "hot_wallet.registered"), "ill_typed", "merchant_id: not null"),
        (changed("merchant_id", REMOVED, "hot_wallet.registered"), "missing_key", "merchant_id: missing"),
        (changed("data", []), "ill_typed", "data: not an object"),
        (changed("data", "{}"), "ill_typed", "data: not an object"),
        (changed("data", {}), "missing_key", "data.session_id: missing"),
    ]
    rows += [(changed("occurred_at", text), "bad_time", "occurred_at: ") for text in _BAD_TIMES]
    rows += [(changed("data.expires_at", text), "bad_time", "data.expires_at: ") for text in _BAD_TIMES]
    rows += [
        (changed("occurred_at", "2026-06-01T12:05:00.000001Z"), "future_time", "occurred_at: more than 5 minutes"),
        (changed("occurred_at", "2026-06-01T11:05:01-01:00"), "future_time", "occurred_at: "),
        (changed("occurred_at", "9999-12-31T23:59:59Z"), "future_time", "occurred_at: "),
    ]
    return _rows("envelope", rows)


_BAD_TIMES = (
    "",
    "yesterday",
    "2026-01-30",
    "2026-01-30T18:00:00",
    "2026-01-30 18:00:00Z",
    "2026-01-30T18:00:00.1234567Z",
    "2026-01-30T18:00:00.Z",
    "2026-01-30T18:00:00,5Z",
    "2026-02-30T18:00:00Z",
    "2026-01-30T24:00:00Z",
    "2026-01-30T18:60:00Z",
    "2026-01-30T18:00:60Z",
    "2026-01-30T18:00:00+24:00",
    "2026-01-30T18:00:00Z\n",
    "2026-W05-5T18:00:00Z",
    "20260130T180000Z",
    "٢٠٢٦-01-30T18:00:00Z",
    "1769796000",
    "0001-01-01T00:00:00+10:00",
    "9999-12-31T23:59:59-10:00",
)


def _keys() -> list[Malformed]:
    rows = []
    for type_name, data in _DATA.items():
        for key in data:
            if key != "timezone":
                rows.append((changed(f"data.{key}", REMOVED, type_name), "missing_key", f"data.{key}: missing"))
            wrong = [1] if key != "metadata" else "text"
            rows.append((changed(f"data.{key}", wrong, type_name), "ill_typed", f"data.{key}: "))
    for key in ("session_id", "reference", "amount", "currency", "network", "customer", "expires_at"):
        rows.append((changed(f"data.{key}", None), "ill_typed", f"data.{key}: null"))
    return _rows("key", rows)


def _values() -> list[Malformed]:
    bad_amounts = (
        "",
        "-1",
        "+1",
        "1e3",
        "1.",
        ".5",
        "1,5",
        "1_000",
        " 1",
        "1 ",
        "1\n",
        "NaN",
        "Infinity",
        "0x1",
        "١",
        "1.2.3",
    )
    bad_amounts += ("1" * 21, "1." + "1" * 19, "１")
    rows = [
        *((changed("data.amount", text), "bad_amount", "data.amount: not a plain decimal") for text in bad_amounts),
        (changed("data.amount", "0"), "bad_amount", "data.amount: not above zero"),
        (changed("data.amount", "0.000"), "bad_amount", "data.amount: not above zero"),
        (changed("data.amount", 100), "ill_typed", "data.amount: not a string"),
        (changed("data.amount", 1.5), "ill_typed", "data.amount: not a string"),
        (changed("data.amount", True), "ill_typed", "data.amount: not a string"),
        (changed("data.amount", "-1", "address.swept"), "bad_amount", "data.amount: not a plain decimal"),
        (changed("data.amount", "1e18", "address.gas_funded"), "bad_amount", "data.amount: not a plain decimal"),
        (changed("data.amount", "", "session.payment_received"), "bad_amount", "data.amount: not a plain decimal"),
        (changed("data.currency", "usdt"), "ill_typed", "data.currency: not one of USDT, USDC"),
        (changed("data.currency", "DAI"), "ill_typed", "data.currency: not one of"),
        (changed("data.network", "BTC"), "ill_typed", "data.network: unknown network 'BTC'"),
        (changed("data.network", "sol"), "ill_typed", "data.network: unknown network"),
        (changed("data.session_id", "7"), "ill_typed", "data.session_id: not a UUID"),
        (changed("data.session_id", SESSION.replace("-", "")), "ill_typed", "data.session_id: not a UUID"),
        (changed("data.session_id", f"{{{SESSION}}}"), "ill_typed", "data.session_id: not a UUID"),
        (changed("data.session_id", SESSION + "\n"), "ill_typed", "data.session_id: not a UUID"),
        (changed("data.customer", {"email": None}), "missing_key", "data.customer.name: missing"),
        (changed("data.customer", {"name": None}), "missing_key", "data.customer.email: missing"),
        (changed("data.customer.email", 7), "ill_typed", "data.customer.email: not a string"),
        (changed("data.customer.name", "n" * 513), "too_long", "data.customer.name: 513"),
        (changed("data.reference", "r" * 513), "too_long", "data.reference: 513"),
        (changed("data.description", "d" * 4097), "too_long", "data.description: 4097"),
        (changed("data.callback_url", "u" * 2049), "too_long", "data.callback_url: 2049"),
        (changed("data.payment_url", "u" * 2049), "too_long", "data.payment_url: 2049"),
        (changed("data.metadata", []), "ill_typed", "data.metadata: not an object"),
        (changed("data.tx_hash", "", "address.swept"), "ill_typed", "data.tx_hash: "),
        (changed("data.tx_hash", "ä", "address.swept"), "ill_typed", "data.tx_hash: "),
        (changed("data.tx_hash", "a" * 129, "session.payment_confirmed"), "too_long", "data.tx_hash: 129"),
        (changed("data.reason", "r" * 4097, "session.failed"), "too_long", "data.reason: 4097"),
    ]
    return _rows("value", rows)


def _merchant_and_address_values() -> list[Malformed]:
    rows: list[tuple[bytes, str, str]] = []
    for value in (0, -1, 2**53, 10**30, True, 7.5, 7.0, "7"):
        rows.append((changed("data.address_id", value, "address.activated"), "ill_typed", "data.address_id: not "))
    for text in ("1", "1.0", "-0.01", "0.000000001", "1e-2", "1%", ""):
        rows.append(
            (changed("data.platform_fee_rate", text, "merchant.updated"), "bad_amount", "data.platform_fee_rate: ")
        )
    rows += [
        (
            changed("data.withdrawal_fee_rate", "2", "merchant.updated"),
            "bad_amount",
            "data.withdrawal_fee_rate: not below",
        ),
        (
            changed("data.withdrawal_fee_rate", 0.1, "merchant.updated"),
            "ill_typed",
            "data.withdrawal_fee_rate: not a string",
        ),
        (
            changed("data.status", "closed", "merchant.updated"),
            "ill_typed",
            "data.status: not one of active, suspended",
        ),
        (changed("data.default_currency", "EUR", "merchant.updated"), "ill_typed", "data.default_currency: not one of"),
        (
            changed("data.timezone", "Mars/Base", "merchant.updated"),
            "ill_typed",
            "data.timezone: not an IANA time zone",
        ),
        (changed("data.timezone", "../etc/passwd", "merchant.updated"), "ill_typed", "data.timezone: "),
        (changed("data.timezone", "", "merchant.updated"), "ill_typed", "data.timezone: "),
        (changed("data.name", "n" * 513, "merchant.updated"), "too_long", "data.name: 513"),
    ]
    wrong_case = EVM[:-2] + EVM[-2:].swapcase()
    for network, texts in {
        "BSC": ("", "0x", EVM[:-1], EVM + "0", EVM[2:], wrong_case, TRON, SOLANA, EVM.replace("0x", "0X"), " " + EVM),
        "TRX": ("", TRON[:-1], TRON[:-1] + "u", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", SOLANA, TRON.lower()),
        "SOL": ("", SOLANA[:-3], SOLANA + "1", TRON, EVM, SOLANA.replace("E", "0", 1)),
    }.items():
        for text in texts:
            event = valid("address.created")
            event["data"] |= {"network": network, "address": text}
            rows.append((json.dumps(event).encode(), "bad_address", "data.address: "))
    for text in ("", "0x1", TRON[:-1] + "u", "nowhere"):
        rows.append((changed("data.hot_wallet", text, "address.swept"), "bad_address", "data.hot_wallet: "))
    rows.append((changed("data.address", "0x1", "hot_wallet.registered"), "bad_address", "data.address: "))
    rows.append((changed("data.network", "DOGE", "hot_wallet.registered"), "ill_typed", "data.network: unknown"))
    return _rows("place", rows)
