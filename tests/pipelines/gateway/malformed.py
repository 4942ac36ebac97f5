"""Lines that must land in quarantine, each with the reason it must have there."""

import json
from dataclasses import dataclass

from tests.support.valid_events import EVM, REMOVED, SESSION, SOLANA, TRON, changed, plain_data, swapped, valid


@dataclass(frozen=True)
class Malformed:
    """A line, and the code and the beginning of the reason it is refused with."""

    name: str
    line: bytes
    code: str
    reason: str


Row = tuple[bytes, str, str]


def corpus() -> list[Malformed]:
    """Every line with its expected fate; names are unique."""
    groups = {
        "not_json": _not_json(),
        "metadata": _bad_metadata(),
        "not_text": _not_text(),
        "envelope": _envelope(),
        "identity": _bad_identity(),
        "time": _bad_times(),
        "key": _keys(),
        "amount": _bad_amounts(),
        "value": _bad_values(),
        "merchant": _bad_merchant_values(),
        "address": _bad_addresses(),
    }
    return [Malformed(f"{name}_{number}", *row) for name, rows in groups.items() for number, row in enumerate(rows)]


def _not_json() -> list[Row]:
    line = json.dumps(valid()).encode()
    return [
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
    ]


def _bad_metadata() -> list[Row]:
    values: list[tuple[bytes, str, str]] = [
        (b'"cart":' + b"[" * 40 + b"]" * 40, "invalid_json", "nested deeper than 32"),
        (b'"cart":NaN', "invalid_json", "NaN is not JSON"),
        (b'"cart":Infinity', "invalid_json", "Infinity is not JSON"),
        (b'"cart":-Infinity', "invalid_json", "-Infinity is not JSON"),
        (b'"cart":01', "invalid_json", "not JSON"),
        (b'"cart":.5', "invalid_json", "not JSON"),
        (b'"cart":5.', "invalid_json", "not JSON"),
        (b'"cart":+1', "invalid_json", "not JSON"),
        (b'"cart":0x10', "invalid_json", "not JSON"),
        (b'"cart":1,', "invalid_json", "not JSON"),
        (b"cart:1", "invalid_json", "not JSON"),
        (b"'cart':1", "invalid_json", "not JSON"),
        (b'"cart":True', "invalid_json", "not JSON"),
        (b'"cart":1/*one*/', "invalid_json", "not JSON"),
        (b'"cart":"a\tb"', "invalid_json", "not JSON"),
        (b'"cart":"\\x41"', "invalid_json", "not JSON"),
        (b'"cart":"\\u12"', "invalid_json", "not JSON"),
        (b'"cart":1,"cart":1', "invalid_json", "duplicate key 'cart'"),
        (b'"c":1,"\\u0063":2', "invalid_json", "duplicate key 'c'"),
    ]
    rows = [(swapped(b'"cart":1', value), code, reason) for value, code, reason in values]
    return [
        *rows,
        (swapped(b'"mode":"live"', b'"mode":"live","mode":"test"'), "invalid_json", "duplicate key 'mode'"),
        (swapped(b'"amount":"100.50"', b'"amount":"1","amount":"2"'), "invalid_json", "duplicate key 'amount'"),
    ]


def _not_text() -> list[Row]:
    text = json.dumps(valid())
    line = text.encode()
    return [
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


def _envelope() -> list[Row]:
    return [
        (b"null", "ill_typed", "the event is not an object"),
        (b"[]", "ill_typed", "the event is not an object"),
        (b'"text"', "ill_typed", "the event is not an object"),
        (b"7", "ill_typed", "the event is not an object"),
        (b"[%s]" % json.dumps(valid()).encode(), "ill_typed", "the event is not an object"),
        (b"{}", "missing_key", "event_id: missing"),
        *((changed(key, REMOVED), "missing_key", f"{key}: missing") for key in valid()),
        *((changed(key, 7), "ill_typed", f"{key}: ") for key in valid()),
        *((changed(key, None), "ill_typed", f"{key}: ") for key in valid()),
    ]


def _bad_identity() -> list[Row]:
    return [
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
    "\u0662\u0660\u0662\u0666-01-30T18:00:00Z",
    "1769796000",
    "0001-01-01T00:00:00+10:00",
    "9999-12-31T23:59:59-10:00",
)


def _bad_times() -> list[Row]:
    return [
        *((changed("occurred_at", text), "bad_time", "occurred_at: ") for text in _BAD_TIMES),
        *((changed("data.expires_at", text), "bad_time", "data.expires_at: ") for text in _BAD_TIMES),
        (changed("occurred_at", "2026-06-01T12:05:00.000001Z"), "future_time", "occurred_at: more than 5 minutes"),
        (changed("occurred_at", "2026-06-01T11:05:01-01:00"), "future_time", "occurred_at: "),
        (changed("occurred_at", "9999-12-31T23:59:59Z"), "future_time", "occurred_at: "),
    ]


def _keys() -> list[Row]:
    rows = []
    for type_name, data in plain_data().items():
        for key in data:
            if key != "timezone":
                rows.append((changed(f"data.{key}", REMOVED, type_name), "missing_key", f"data.{key}: missing"))
            wrong = [1] if key != "metadata" else "text"
            rows.append((changed(f"data.{key}", wrong, type_name), "ill_typed", f"data.{key}: "))
    never_null = ("session_id", "reference", "amount", "currency", "network", "customer", "expires_at")
    return [*rows, *((changed(f"data.{key}", None), "ill_typed", f"data.{key}: null") for key in never_null)]


_BAD_AMOUNTS = ("", "-1", "+1", "1e3", "1.", ".5", "1,5", "1_000", " 1", "1 ", "1\n", "NaN", "Infinity", "0x1", "1.2.3")
_BAD_AMOUNTS_BY_DIGITS = ("\u0661", "\uff11", "1" * 21, "1." + "1" * 19)


def _bad_amounts() -> list[Row]:
    never = [
        (changed("data.amount", text, type_name), "bad_amount", "data.amount: not a plain decimal")
        for text in (*_BAD_AMOUNTS, *_BAD_AMOUNTS_BY_DIGITS)
        for type_name in ("session.created", "address.swept", "address.gas_funded", "session.payment_received")
    ]
    not_texts = [
        (changed("data.amount", value), "ill_typed", "data.amount: not a string") for value in (100, 1.5, True)
    ]
    zeros = [(changed("data.amount", text), "bad_amount", "data.amount: not above zero") for text in ("0", "0.000")]
    return [*never, *not_texts, *zeros]


def _bad_values() -> list[Row]:
    not_uuids = ("7", SESSION.replace("-", ""), f"{{{SESSION}}}", SESSION + "\n", " " + SESSION, SESSION[:-1] + "g")
    not_ids = (0, -1, 2**53, 10**30, True, 7.5, 7.0, "7")
    lengths = {"reference": 512, "description": 4096, "callback_url": 2048, "payment_url": 2048}
    return [
        (changed("data.currency", "usdt"), "ill_typed", "data.currency: not one of USDT, USDC"),
        (changed("data.currency", "DAI"), "ill_typed", "data.currency: not one of"),
        (changed("data.network", "BTC"), "ill_typed", "data.network: unknown network 'BTC'"),
        (changed("data.network", "sol"), "ill_typed", "data.network: unknown network"),
        (changed("data.network", "DOGE", "hot_wallet.registered"), "ill_typed", "data.network: unknown"),
        *((changed("data.session_id", text), "ill_typed", "data.session_id: not a UUID") for text in not_uuids),
        *(
            (changed("data.address_id", one, "address.activated"), "ill_typed", "data.address_id: not ")
            for one in not_ids
        ),
        *((changed(f"data.{key}", "x" * (n + 1)), "too_long", f"data.{key}: {n + 1}") for key, n in lengths.items()),
        (changed("data.customer", {"email": None}), "missing_key", "data.customer.name: missing"),
        (changed("data.customer", {"name": None}), "missing_key", "data.customer.email: missing"),
        (changed("data.customer.email", 7), "ill_typed", "data.customer.email: not a string"),
        (changed("data.customer.name", "n" * 513), "too_long", "data.customer.name: 513"),
        (changed("data.metadata", []), "ill_typed", "data.metadata: not an object"),
        (changed("data.tx_hash", "", "address.swept"), "ill_typed", "data.tx_hash: "),
        (changed("data.tx_hash", "ä", "address.swept"), "ill_typed", "data.tx_hash: "),
        (changed("data.tx_hash", "a" * 129, "session.payment_confirmed"), "too_long", "data.tx_hash: 129"),
        (changed("data.reason", "r" * 4097, "session.failed"), "too_long", "data.reason: 4097"),
    ]


def _bad_merchant_values() -> list[Row]:
    values: list[tuple[str, object, str, str]] = [
        *(("platform_fee_rate", text, "bad_amount", "not ") for text in ("-0.01", "0.000000001", "1e-2", "1%", "")),
        *(("platform_fee_rate", text, "bad_amount", "not below 1") for text in ("1", "1.0", "2")),
        ("withdrawal_fee_rate", "1", "bad_amount", "not below 1"),
        ("withdrawal_fee_rate", 0.1, "ill_typed", "not a string"),
        ("status", "closed", "ill_typed", "not one of active, suspended"),
        ("default_currency", "EUR", "ill_typed", "not one of USDT, USDC"),
        ("timezone", "Mars/Base", "ill_typed", "not an IANA time zone: 'Mars/Base'"),
        ("timezone", "../etc/passwd", "ill_typed", "not an IANA time zone"),
        ("timezone", "", "ill_typed", "not an IANA time zone"),
        ("name", "n" * 513, "too_long", "513 characters, at most 512"),
        ("email", "e" * 513, "too_long", "513 characters, at most 512"),
    ]
    return [
        (changed(f"data.{key}", value, "merchant.updated"), code, f"data.{key}: {sentence}")
        for key, value, code, sentence in values
    ]


def _bad_addresses() -> list[Row]:
    wrong_case = EVM[:-2] + EVM[-2:].swapcase()
    bitcoin = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
    bad = {
        "BSC": ("", "0x", EVM[:-1], EVM + "0", EVM[2:], wrong_case, TRON, SOLANA, EVM.replace("0x", "0X"), " " + EVM),
        "TRX": ("", TRON[:-1], TRON[:-1] + "u", bitcoin, SOLANA, TRON.lower()),
        "SOL": ("", SOLANA[:-3], SOLANA + "1", TRON, EVM, SOLANA.replace("E", "0", 1)),
    }
    rows = []
    for network, text in [(network, text) for network, texts in bad.items() for text in texts]:
        event = valid("address.created")
        event["data"] |= {"network": network, "address": text}
        rows.append((json.dumps(event).encode(), "bad_address", "data.address: "))
    wallets = ("", "0x1", TRON[:-1] + "u", "nowhere")
    return [
        *rows,
        *((changed("data.hot_wallet", text, "address.swept"), "bad_address", "data.hot_wallet: ") for text in wallets),
        (changed("data.address", "0x1", "hot_wallet.registered"), "bad_address", "data.address: "),
    ]
