"""One line of the gateway feed → one checked event, or the reason why not.

Belongs here: the envelope and the table of event types with their keys (spec gateway-feed.md). Does not belong here:
what an event means, whether the objects it names exist, whether it came before: that is for the store and the models.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pipelines.gateway import fields
from pipelines.gateway.fields import Field, text
from pipelines.gateway.jsontext import Problem, canonical, decode, quoted
from warehouse.domain.networks import CURRENCIES, MODES, Family

FUTURE_TOLERANCE = timedelta(minutes=5)
REASON_CODES = (
    "invalid_json",
    "invalid_utf8",
    "missing_key",
    "ill_typed",
    "unknown_type",
    "bad_amount",
    "bad_address",
    "bad_time",
    "future_time",
    "conflict",
    "too_long",
    "corrupt_archive",
)


class Event(msgspec.Struct, frozen=True, gc=False):
    """An accepted event: the columns of raw.gateway_events, and the bytes it was read from.

    `address` is the canonical form of the deposit or hot wallet address that the event introduces, else None. `event`
    is the whole event as canonical JSON with addresses as received; `content_sha256` is of that text. `line` is kept
    until the event is stored, because a conflict is quarantined with its own bytes.
    """

    event_id: str
    type: str
    occurred_at: datetime
    merchant_id: str | None
    mode: str
    object_id: str
    address: str | None
    metadata: str | None
    event: str
    content_sha256: str
    source: str
    position: int
    line: bytes


class Refusal(msgspec.Struct, frozen=True):
    """Why a line is no event: a stable code and a sentence that names the key."""

    reason_code: str
    reason: str


class EventType(msgspec.Struct, frozen=True):
    """What one type of event must contain, and which object it speaks of."""

    fields: tuple[Field, ...]
    object_id: Callable[[Mapping[str, Any], str | None, str], str]
    platform: bool = False


def _of_session(data: Mapping[str, Any], _merchant_id: str | None, _address: str) -> str:
    return data["session_id"].lower()


def _of_address(data: Mapping[str, Any], _merchant_id: str | None, _address: str) -> str:
    return str(data["address_id"])


def _of_hot_wallet(data: Mapping[str, Any], _merchant_id: str | None, address: str) -> str:
    return f"{data['network']}:{address}"


def _of_merchant(_data: Mapping[str, Any], merchant_id: str | None, _address: str) -> str:
    return merchant_id or ""


_TEXT = text(512)
_LONG_TEXT = text(4096)
_URL = text(2048)
_SESSION_ID = Field("session_id", fields.uuid)
_ADDRESS_ID = Field("address_id", fields.address_id)
_TX_HASH = Field("tx_hash", fields.identifier)
_AMOUNT = Field("amount", fields.amount)
_CURRENCY = Field("currency", fields.CURRENCY)
_REASON = Field("reason", _LONG_TEXT)
# Network and address are checked together, by check_place: what an address must look like depends on the network.
_NETWORK = Field("network", _TEXT)
_ADDRESS = Field("address", _TEXT)

_MERCHANT_UPDATED = (
    Field("name", _TEXT),
    Field("email", _TEXT),
    Field("default_currency", fields.one_of(CURRENCIES)),
    Field("platform_fee_rate", fields.rate),
    Field("withdrawal_fee_rate", fields.rate),
    Field("status", fields.one_of(("active", "suspended"))),
    Field("timezone", fields.timezone, nullable=True, required=False),
)
_SESSION_CREATED = (
    _SESSION_ID,
    Field("reference", _TEXT),
    Field("amount", fields.positive_amount),
    _CURRENCY,
    _NETWORK,
    Field("customer", fields.customer),
    Field("description", _LONG_TEXT, nullable=True),
    Field("callback_url", _URL, nullable=True),
    Field("metadata", fields.mapping, nullable=True),
    Field("payment_url", _URL, nullable=True),
    Field("expires_at", fields.time),
)
_SIGHTING = EventType((_SESSION_ID, _TX_HASH, _AMOUNT), _of_session)
_SWEPT = (_ADDRESS_ID, _TX_HASH, _AMOUNT, Field("hot_wallet", fields.address_of_any_family))

TYPES: dict[str, EventType] = {
    "merchant.updated": EventType(_MERCHANT_UPDATED, _of_merchant),
    "hot_wallet.registered": EventType((_NETWORK, _ADDRESS), _of_hot_wallet, platform=True),
    "address.created": EventType((_ADDRESS_ID, _NETWORK, _CURRENCY, _ADDRESS), _of_address),
    "address.activated": EventType((_ADDRESS_ID,), _of_address),
    "address.deactivated": EventType((_ADDRESS_ID,), _of_address),
    "address.gas_funded": EventType((_ADDRESS_ID, _TX_HASH, _AMOUNT), _of_address),
    "session.created": EventType(_SESSION_CREATED, _of_session),
    "session.address_assigned": EventType((_SESSION_ID, _ADDRESS_ID), _of_session),
    "session.payment_received": _SIGHTING,
    "session.payment_confirmed": _SIGHTING,
    "session.expired": EventType((_SESSION_ID,), _of_session),
    "session.failed": EventType((_SESSION_ID, _REASON), _of_session),
    "address.swept": EventType(_SWEPT, _of_address),
    "address.sweep_failed": EventType((_ADDRESS_ID, _REASON), _of_address),
}

_MODE = fields.one_of(MODES)


def parse_line(
    line: bytes, *, now: datetime, families: Mapping[str, Family], source: str = "", position: int = 0
) -> Event | Refusal:
    """Check one line of the feed completely.

    Args:
        line: the event's JSON text as received, without a line break.
        now: the present, to refuse events more than five minutes ahead of it.
        families: the family of every known network code.
        source: where the line came from, kept with the event.
        position: which line (or element of a page) of the source it was, from 1.

    Returns:
        The event, or why the line is refused. Never raises for anything a sender can write.
    """
    try:
        return _event(line, decode(line), now, families, (source, position))
    except Problem as problem:
        return Refusal(problem.reason_code, problem.reason)


def _event(line: bytes, value: object, now: datetime, families: Mapping[str, Family], origin: tuple[str, int]) -> Event:
    if not isinstance(value, dict):
        raise Problem("ill_typed", "the event is not an object")
    event_id = _checked(value, "event_id", fields.identifier)
    type_name = _checked(value, "type", _TEXT)
    event_type = TYPES.get(type_name)
    if event_type is None:
        raise Problem("unknown_type", f"unknown type {quoted(type_name)}", "type")
    occurred_at = _checked(value, "occurred_at", fields.time)
    if occurred_at > now + FUTURE_TOLERANCE:
        raise Problem("future_time", "more than 5 minutes ahead of now", "occurred_at")
    merchant_id = _merchant_id(value, event_type)
    mode = _checked(value, "mode", _MODE)
    data = _checked(value, "data", fields.mapping)
    try:
        fields.check_fields(data, event_type.fields)
        address = _check_place(data, event_type.fields, families)
    except Problem as problem:
        raise problem.below("data") from None
    event = canonical(value)
    return Event(
        event_id=event_id,
        type=type_name,
        occurred_at=occurred_at,
        merchant_id=merchant_id,
        mode=mode,
        object_id=event_type.object_id(data, merchant_id, address),
        address=address or None,
        metadata=canonical(data["metadata"]) if data.get("metadata") is not None else None,
        event=event,
        content_sha256=hashlib.sha256(event.encode()).hexdigest(),
        source=origin[0],
        position=origin[1],
        line=line,
    )


def _checked(value: Mapping[str, object], key: str, check: Callable[[object], Any]) -> Any:
    if key not in value:
        raise Problem("missing_key", "missing", key)
    try:
        return check(value[key])
    except Problem as problem:
        raise problem.below(key) from None


def _merchant_id(value: Mapping[str, object], event_type: EventType) -> str | None:
    if not event_type.platform:
        return _checked(value, "merchant_id", fields.merchant_id)
    if "merchant_id" not in value:
        raise Problem("missing_key", "missing", "merchant_id")
    if value["merchant_id"] is not None:
        raise Problem("ill_typed", "not null, though the event is the platform's", "merchant_id")
    return None


def _check_place(data: Mapping[str, Any], event_fields: tuple[Field, ...], families: Mapping[str, Family]) -> str:
    """Check the network, and the address on it where there is one; returns the canonical address or ""."""
    if _NETWORK not in event_fields:
        return ""
    try:
        family = fields.network(data["network"], families)
    except Problem as problem:
        raise problem.below("network") from None
    if _ADDRESS not in event_fields:
        return ""
    try:
        return fields.address(data["address"], family)
    except Problem as problem:
        raise problem.below("address") from None
