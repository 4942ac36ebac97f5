"""The checks of single values in a gateway event: one small function per kind of value.

Belongs here: what a text, an amount, a time, an identifier must look like. Does not belong here: which keys which event
type has (`events.py`) and JSON itself (`jsontext.py`). A check raises `Problem` without the key; the caller adds it.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

import pytz

from pipelines.gateway.jsontext import Problem, quoted
from warehouse.domain.addresses import canonical_address
from warehouse.domain.money import parse_plain_decimal
from warehouse.domain.networks import CURRENCIES, Family

INTEGER_CAP = 2**53 - 1
IDENTIFIER_CAP_CHARACTERS = 128

_PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]{1,128}")
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
# datetime.fromisoformat reads more than ISO 8601 date-times with offset, and not the same in every Python.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
)

Check = Callable[[object], object]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One key of an event's data."""

    key: str
    check: Check
    nullable: bool = False
    required: bool = True


def text(cap_characters: int) -> Check:
    """A check for a string of at most `cap_characters` characters."""

    def check(value: object) -> object:
        if not isinstance(value, str):
            raise Problem("ill_typed", "not a string")
        if len(value) > cap_characters:
            raise Problem("too_long", f"{len(value)} characters, at most {cap_characters}")
        return value

    return check


def one_of(allowed: Collection[str]) -> Check:
    """A check for a string out of a fixed vocabulary."""
    sentence = f"not one of {', '.join(allowed)}"

    def check(value: object) -> object:
        if not isinstance(value, str) or value not in allowed:
            raise Problem("ill_typed", sentence)
        return value

    return check


def identifier(value: object) -> str:
    """1 to 128 printable ASCII characters: event ids and transaction hashes."""
    if not isinstance(value, str):
        raise Problem("ill_typed", "not a string")
    if len(value) > IDENTIFIER_CAP_CHARACTERS:
        raise Problem("too_long", f"{len(value)} characters, at most {IDENTIFIER_CAP_CHARACTERS}")
    if not _PRINTABLE_ASCII.fullmatch(value):
        raise Problem("ill_typed", "not 1 to 128 printable ASCII characters")
    return value


def merchant_id(value: object) -> str:
    """A non-empty string of at most 128 characters."""
    if not isinstance(value, str) or not value:
        raise Problem("ill_typed", "not a non-empty string")
    if len(value) > IDENTIFIER_CAP_CHARACTERS:
        raise Problem("too_long", f"{len(value)} characters, at most {IDENTIFIER_CAP_CHARACTERS}")
    return value


def uuid(value: object) -> str:
    """A UUID in its 8-4-4-4-12 form, in either case; returned in lower case."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise Problem("ill_typed", "not a UUID")
    return value.lower()


def address_id(value: object) -> int:
    """An integer from 1 to 2^53-1, written as one."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Problem("ill_typed", "not an integer")
    if not 1 <= value <= INTEGER_CAP:
        raise Problem("ill_typed", f"not from 1 to {INTEGER_CAP}")
    return value


def amount(value: object) -> Decimal:
    """A plain decimal ≥ 0 with at most 20 integer digits and 18 decimals, as a string."""
    if not isinstance(value, str):
        raise Problem("ill_typed", "not a string of a plain decimal")
    try:
        return parse_plain_decimal(value)
    except ValueError:
        raise Problem("bad_amount", "not a plain decimal") from None


def positive_amount(value: object) -> Decimal:
    """An amount above zero."""
    parsed = amount(value)
    if not parsed:
        raise Problem("bad_amount", "not above zero")
    return parsed


def rate(value: object) -> Decimal:
    """A plain decimal from 0 to below 1 with at most 8 decimals, as a string."""
    if not isinstance(value, str):
        raise Problem("ill_typed", "not a string of a plain decimal")
    try:
        parsed = parse_plain_decimal(value, max_scale=8)
    except ValueError:
        raise Problem("bad_amount", "not a plain decimal with at most 8 decimals") from None
    if parsed >= 1:
        raise Problem("bad_amount", "not below 1")
    return parsed


def time(value: object) -> datetime:
    """An ISO 8601 date-time with offset, up to microseconds; returned in UTC."""
    if not isinstance(value, str):
        raise Problem("ill_typed", "not a string")
    if not _TIME.fullmatch(value):
        raise Problem("bad_time", "not an ISO 8601 date-time with offset, up to microseconds")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem("bad_time", "no such time") from None


def timezone(value: object) -> str:
    """A name of the IANA time zone database (the pinned copy in pytz, the same on every machine)."""
    if not isinstance(value, str):
        raise Problem("ill_typed", "not a string")
    if value not in pytz.all_timezones_set:
        raise Problem("ill_typed", f"not an IANA time zone: {quoted(value)}")
    return value


def mapping(value: object) -> dict[str, object]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise Problem("ill_typed", "not an object")
    return value


def customer(value: object) -> dict[str, object]:
    """`{email, name}`: both keys present, each a text or null."""
    parsed = mapping(value)
    check_fields(parsed, _CUSTOMER)
    return parsed


def network(value: str, families: Mapping[str, Family]) -> Family:
    """The family of a known network's code."""
    family = families.get(value)
    if family is None:
        raise Problem("ill_typed", f"unknown network {quoted(value)}")
    return family


def address(value: str, family: Family) -> str:
    """The canonical form of an address of one family."""
    try:
        return _canonical_address(family, value)
    except ValueError as error:
        raise Problem("bad_address", str(error)) from None


def address_of_any_family(value: object) -> str:
    """An address whose network the event does not name: valid for at least one family."""
    if not isinstance(value, str):
        raise Problem("ill_typed", "not a string")
    for family in Family:
        try:
            return _canonical_address(family, value)
        except ValueError:
            continue
    raise Problem("bad_address", "no address of any known network family")


def check_fields(data: Mapping[str, object], fields: tuple[Field, ...]) -> None:
    """Check every listed key of an object; keys not listed are left alone.

    Raises:
        Problem: the first finding in the order of `fields`, with the key's name.
    """
    for field in fields:
        value = data.get(field.key)
        if value is None:
            if field.key not in data:
                if field.required:
                    raise Problem("missing_key", "missing", field.key)
                continue
            if field.nullable:
                continue
            raise Problem("ill_typed", "null", field.key)
        try:
            field.check(value)
        except Problem as problem:
            raise problem.below(field.key) from None


@lru_cache(maxsize=8192)
def _canonical_address(family: Family, value: str) -> str:
    # Hot wallets come again with every sweep, and a checksum costs a hash.
    return canonical_address(family, value)


CURRENCY = one_of(CURRENCIES)
_CUSTOMER = (Field("email", text(512), nullable=True), Field("name", text(512), nullable=True))
