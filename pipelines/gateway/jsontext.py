"""Strict JSON as the feed needs it: one text in, one value out, and the one canonical text of a value.

Belongs here: what makes a line JSON at all (UTF-8, no duplicate keys, no NaN, bounded depth and numbers) and when two
JSON texts say the same. Does not belong here: what an event must contain (`fields.py`, `events.py`).

Numbers never pass through a binary float: integers stay `int`, everything with a point or an exponent is `Decimal`.
"""

import json
import re
from collections.abc import Iterator
from decimal import Context, Decimal, InvalidOperation, Overflow, Underflow
from typing import NoReturn

import msgspec

LINE_CAP_BYTES = 1 << 20
DEPTH_CAP = 32
NUMBER_CAP_CHARACTERS = 400
# Beyond the range of a double other readers of the lake (DuckDB's JSON functions among them) refuse the whole text.
NUMBER_CAP_EXPONENT = 307

_WIDE = Context(prec=2 * NUMBER_CAP_CHARACTERS, traps=[InvalidOperation, Overflow, Underflow])
_ENCODER = msgspec.json.Encoder(decimal_format="number", order="sorted")
_UNSTORABLE_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# An unterminated string runs to the end, so that no byte is looked at twice however hostile the text is.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


class Problem(Exception):
    """What is wrong with one event.

    Attributes:
        reason_code: one of the reason codes of the quarantine.
        sentence: what is wrong, without the key.
        key: dotted path of the offending key, "" when the whole line is meant.
    """

    def __init__(self, reason_code: str, sentence: str, key: str = "") -> None:
        """Keep the three parts; the path may be completed by whoever knows the parent."""
        super().__init__(sentence)
        self.reason_code = reason_code
        self.sentence = sentence
        self.key = key

    def below(self, parent: str) -> "Problem":
        """The same finding with its key seen from one level up."""
        return Problem(self.reason_code, self.sentence, f"{parent}.{self.key}" if self.key else parent)

    @property
    def reason(self) -> str:
        """`key: sentence`, always storable text."""
        return f"{self.key}: {self.sentence}" if self.key else self.sentence


def quoted(text: object) -> str:
    """A hostile value for a message: ASCII only, at most 80 characters."""
    shown = ascii(text)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def decode(line: bytes) -> object:
    """Parse one JSON text strictly.

    Args:
        line: the bytes as received, without the line break.

    Returns:
        The value: dict, list, str, int, Decimal, bool or None.

    Raises:
        Problem: too_long, invalid_utf8, invalid_json or ill_typed (NUL, lone surrogate, unrepresentable number).
    """
    if len(line) > LINE_CAP_BYTES:
        raise Problem("too_long", f"{len(line)} bytes, at most {LINE_CAP_BYTES} are read")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise Problem("invalid_utf8", f"not UTF-8 at byte {error.start}") from None
    # Fewer brackets than the cap cannot nest deeper than it; only rare lines pay for the exact count.
    if line.count(b"{") + line.count(b"[") > DEPTH_CAP and _depth(line) > DEPTH_CAP:
        raise Problem("invalid_json", f"nested deeper than {DEPTH_CAP}")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Problem("invalid_json", f"not JSON at character {error.pos}: {error.msg}") from None
    # NUL and lone surrogates can only come in as escapes: raw ones are refused by the steps above.
    if _UNSTORABLE_ESCAPE.search(text):
        for key, string in _strings(value, ""):
            _check_storable(key, string)
    return value


def canonical(value: object) -> str:
    """The one text of a JSON value: keys sorted, no spaces, equal numbers written alike.

    Two texts that parse to the same value have the same canonical text (1, 1.0 and 10e-1 are the same number).
    """
    return _ENCODER.encode(value).decode()


def _depth(line: bytes) -> int:
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(line):
        first = line[match.start()]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
    return deepest


def _strings(value: object, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield key, name
            yield from _strings(item, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, key)


def _check_storable(key: str, string: str) -> None:
    found = _UNSTORABLE.search(string)
    if found:
        sentence = "holds a NUL character" if found[0] == "\0" else "holds a lone surrogate"
        shown = key if key.isascii() and key.isprintable() and len(key) <= 200 else quoted(key)
        raise Problem("ill_typed", sentence, shown)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise Problem("invalid_json", f"duplicate key {quoted(name)}")
            seen.add(name)
    return value


def _integer(literal: str) -> int:
    if len(literal) > NUMBER_CAP_EXPONENT:
        raise Problem("ill_typed", f"number out of range: {quoted(literal)}")
    return int(literal)


def _decimal(literal: str) -> Decimal:
    if len(literal) > NUMBER_CAP_CHARACTERS:
        raise Problem("ill_typed", f"number out of range: {quoted(literal)}")
    try:
        value = _WIDE.create_decimal(literal)
    except ArithmeticError:
        raise Problem("ill_typed", f"number out of range: {quoted(literal)}") from None
    if value.is_zero():
        return Decimal(0)
    if abs(value.adjusted()) > NUMBER_CAP_EXPONENT:
        raise Problem("ill_typed", f"number out of range: {quoted(literal)}")
    value = value.normalize(_WIDE)
    return Decimal(int(value)) if value == value.to_integral_value() else value


def _constant(literal: str) -> NoReturn:
    raise Problem("invalid_json", f"{literal} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_decimal, parse_int=_integer, parse_constant=_constant, strict=True
)
