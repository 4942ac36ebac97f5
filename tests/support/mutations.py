"""Seeded ways to break a line of the feed: bytes, JSON, keys and values.

Belongs here: mutation families for fuzzing. Does not belong here: lines with a known fate (`malformed.py`).
A mutated line may still be an event; what counts is that nothing is lost or passes silently.
"""

import json
import random
from collections.abc import Callable
from typing import Any

Mutation = Callable[[bytes, random.Random], bytes]

_ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    " ",
    "0",
    "-1",
    "1e5",
    "NaN",
    "\u202e",
    "\ud83d\ude00",
    [],
    {},
    [[]],
    {"a": {}},
)
_ODD_BYTES = (b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x7f", b"\t", b"\r", b"\xe2\x80\xa8")
_ODD_LITERALS = (
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"01",
    b"1.",
    b"1e999",
    b"-0.0",
    b"1e-999",
    b"'x'",
    b"True",
    b"undefined",
)


def mutate(family: str, line: bytes, rng: random.Random) -> bytes:
    """Break a valid line in the way of one family; never returns a line break."""
    return MUTATIONS[family](line, rng).replace(b"\n", b" ")


def _structured(change: Callable[[dict[str, Any], random.Random], None]) -> Mutation:
    def apply(line: bytes, rng: random.Random) -> bytes:
        event = json.loads(line)
        change(event, rng)
        return json.dumps(event, ensure_ascii=rng.random() < 0.5).encode(errors="surrogatepass")

    return apply


def _any_place(event: dict[str, Any], rng: random.Random) -> tuple[dict[str, Any], str]:
    """An object inside the event and one of its keys."""
    places = [(event, key) for key in event] + [(event["data"], key) for key in event["data"]]
    customer = event["data"].get("customer")
    if isinstance(customer, dict):
        places += [(customer, key) for key in customer]
    return rng.choice(places)


def _at(rng: random.Random, line: bytes) -> int:
    return rng.randrange(len(line))


def _remove_key(event: dict[str, Any], rng: random.Random) -> None:
    target, key = _any_place(event, rng)
    del target[key]


def _rename_key(event: dict[str, Any], rng: random.Random) -> None:
    target, key = _any_place(event, rng)
    target[rng.choice((key.upper(), key + " ", key[::-1]))] = target.pop(key)


def _odd_value(event: dict[str, Any], rng: random.Random) -> None:
    target, key = _any_place(event, rng)
    target[key] = rng.choice(_ODD_VALUES)


def _stringified(event: dict[str, Any], rng: random.Random) -> None:
    target, key = _any_place(event, rng)
    target[key] = json.dumps(target[key])


def _long_value(event: dict[str, Any], rng: random.Random) -> None:
    target, key = _any_place(event, rng)
    target[key] = rng.choice("xé字") * rng.choice((129, 513, 4097))


def _swap_values(event: dict[str, Any], rng: random.Random) -> None:
    (left, left_key), (right, right_key) = _any_place(event, rng), _any_place(event, rng)
    left[left_key], right[right_key] = right[right_key], left[left_key]


def _nul_or_surrogate(event: dict[str, Any], rng: random.Random) -> None:
    target, key = _any_place(event, rng)
    if isinstance(target[key], str):
        target[key] += rng.choice(("\0", "\ud800", "\udfff", "\ud83d\ude00"))


def _other_type(event: dict[str, Any], rng: random.Random) -> None:
    event["type"] = rng.choice(
        ("session.created", "address.created", "merchant.updated", "payout.sent", "", "SESSION.CREATED")
    )


def _other_time(event: dict[str, Any], rng: random.Random) -> None:
    text = rng.choice(
        (
            "2026-02-30T00:00:00Z",
            "2199-01-01T00:00:00Z",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "1e9",
            "0001-01-01T00:00:00+14:00",
        )
    )
    event["occurred_at"] = text


def _other_amount(event: dict[str, Any], rng: random.Random) -> None:
    event["data"]["amount"] = rng.choice(("0", "-1", "1e3", "1,5", "1" * 21, "0." + "1" * 19, 5, "\u0665", " 1"))


def _other_address(event: dict[str, Any], rng: random.Random) -> None:
    key = "hot_wallet" if "hot_wallet" in event["data"] else "address"
    text = event["data"].get(key, "0x" + "a" * 40)
    if isinstance(text, str) and text:
        place = rng.randrange(len(text))
        event["data"][key] = text[:place] + rng.choice(("", "0", "l", text[place].swapcase())) + text[place + 1 :]


def _extra_key(event: dict[str, Any], rng: random.Random) -> None:
    rng.choice((event, event["data"]))[f"extra_{rng.randrange(9)}"] = rng.choice(_ODD_VALUES)


def _same_id_other_content(event: dict[str, Any], rng: random.Random) -> None:
    event["revision"] = rng.randrange(10**6)


def _deep(event: dict[str, Any], rng: random.Random) -> None:
    value: Any = 1
    for _ in range(rng.choice((5, 29, 33, 60))):
        value = [value] if rng.random() < 0.5 else {"k": value}
    event["deep"] = value


def _drop_colon(line: bytes, _rng: random.Random) -> bytes:
    return line.replace(b":", b"", 1)


def _duplicate_key(line: bytes, rng: random.Random) -> bytes:
    key, value = rng.choice(list(json.loads(line).items()))
    pair = json.dumps({key: rng.choice((value, "other"))})[1:-1].encode()
    return line[:-1] + b"," + pair + b"}"


def _odd_literal(line: bytes, rng: random.Random) -> bytes:
    return line[:-1] + b',"odd":' + rng.choice(_ODD_LITERALS) + b"}"


def _respelled(line: bytes, rng: random.Random) -> bytes:
    items = list(json.loads(line).items())
    rng.shuffle(items)
    return json.dumps(dict(items), indent=rng.choice((None, 1)), ensure_ascii=rng.random() < 0.5).encode()


MUTATIONS: dict[str, Mutation] = {
    "unchanged": lambda line, _: line,
    "respelled": _respelled,
    "flip_bit": lambda line, rng: (
        at := _at(rng, line),
        line[:at] + bytes([line[at] ^ 1 << rng.randrange(8)]) + line[at + 1 :],
    )[1],
    "drop_byte": lambda line, rng: (at := _at(rng, line), line[:at] + line[at + 1 :])[1],
    "double_byte": lambda line, rng: (at := _at(rng, line), line[: at + 1] + line[at:])[1],
    "insert_odd_bytes": lambda line, rng: (at := _at(rng, line), line[:at] + rng.choice(_ODD_BYTES) + line[at:])[1],
    "random_bytes": lambda _, rng: rng.randbytes(rng.randint(1, 80)),
    "cut_end": lambda line, rng: line[: _at(rng, line)],
    "cut_start": lambda line, rng: line[_at(rng, line) :],
    "cut_middle": lambda line, _: line[: len(line) // 3] + line[2 * len(line) // 3 :],
    "twice_on_a_line": lambda line, _: line + line,
    "comma_after": lambda line, _: line + b",",
    "in_a_list": lambda line, _: b"[" + line + b"]",
    "in_a_string": lambda line, _: json.dumps(line.decode()).encode(),
    "byte_order_mark": lambda line, _: b"\xef\xbb\xbf" + line,
    "utf_16": lambda line, _: line.decode().encode("utf-16"),
    "latin_1": lambda line, _: line.decode().encode("latin-1", "replace") + b"\xe9",
    "single_quotes": lambda line, _: line.replace(b'"', b"'"),
    "trailing_comma": lambda line, _: line[:-1] + b",}",
    "comment": lambda line, _: line + b"// end",
    "carriage_return": lambda line, _: line + b"\r",
    "spaces_around": lambda line, rng: b" " * rng.randint(1, 9) + line + b"\t",
    "drop_colon": _drop_colon,
    "duplicate_key": _duplicate_key,
    "odd_literal": _odd_literal,
    "remove_key": _structured(_remove_key),
    "rename_key": _structured(_rename_key),
    "odd_value": _structured(_odd_value),
    "stringified": _structured(_stringified),
    "long_value": _structured(_long_value),
    "swap_values": _structured(_swap_values),
    "nul_or_surrogate": _structured(_nul_or_surrogate),
    "other_type": _structured(_other_type),
    "other_time": _structured(_other_time),
    "other_amount": _structured(_other_amount),
    "other_address": _structured(_other_address),
    "extra_key": _structured(_extra_key),
    "same_id_other_content": _structured(_same_id_other_content),
    "deep": _structured(_deep),
    # Rarely, because thousands of lines are held at once.
    "too_long": lambda line, rng: line + b" " * (1 << 20 if rng.random() < 0.05 else 10_000),
}
