"""Facts about single lines of the feed: what is an event, and what is not and why."""

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from pipelines.gateway.events import REASON_CODES, Event, Refusal, parse_line
from pipelines.gateway.jsontext import canonical, decode
from tests.pipelines.gateway.malformed import Malformed, corpus
from tests.support.events import FAMILIES, generate_events, to_line
from tests.support.valid_events import EVM, SESSION, changed, swapped, valid, valid_types

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CORPUS = corpus()


def parse(line: bytes) -> Event | Refusal:
    return parse_line(line, now=NOW, families=FAMILIES, source="test", position=1)


def accepted(line: bytes) -> Event:
    event = parse(line)
    assert isinstance(event, Event), event
    return event


def test_the_corpus_is_large_and_covers_every_reason_a_line_can_have() -> None:
    assert len(CORPUS) >= 120
    assert {row.code for row in CORPUS} == set(REASON_CODES) - {"conflict", "corrupt_archive"}


@pytest.mark.parametrize("row", CORPUS, ids=lambda row: row.name)
def test_a_malformed_line_is_refused_with_its_exact_reason(row: Malformed) -> None:
    refusal = parse(row.line)

    assert isinstance(refusal, Refusal), row.line[:200]
    assert (refusal.reason_code, refusal.reason[: len(row.reason)]) == (row.code, row.reason)
    assert refusal.reason.isprintable()
    assert len(refusal.reason) < 500


@pytest.mark.parametrize("type_name", valid_types())
def test_every_type_is_accepted_in_its_plain_form(type_name: str) -> None:
    event = accepted(json.dumps(valid(type_name)).encode())

    assert (event.type, event.mode, event.source, event.position) == (type_name, "live", "test", 1)
    assert json.loads(event.event) == valid(type_name)


@pytest.mark.parametrize(
    ("type_name", "object_id", "address"),
    [
        ("merchant.updated", "mer_7", None),
        ("hot_wallet.registered", f"BSC:{EVM.lower()}", EVM.lower()),
        ("address.created", "7", "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c"),
        ("address.swept", "7", None),
        ("session.created", SESSION, None),
        ("session.failed", SESSION, None),
    ],
)
def test_an_event_names_its_object_in_one_form(type_name: str, object_id: str, address: str | None) -> None:
    event = accepted(json.dumps(valid(type_name)).encode())

    assert (event.object_id, event.address) == (object_id, address)


def test_a_session_id_in_upper_case_names_the_same_session() -> None:
    event = accepted(changed("data.session_id", SESSION.upper()))

    assert event.object_id == SESSION
    assert json.loads(event.event)["data"]["session_id"] == SESSION.upper()


def test_unknown_keys_are_kept() -> None:
    event = accepted(swapped(b'"cart":1', b'"cart":1},"extra":{"deep":[1,null]'))

    assert json.loads(event.event)["data"]["extra"] == {"deep": [1, None]}


@pytest.mark.parametrize("key", ["description", "callback_url", "metadata", "payment_url"])
def test_a_nullable_key_may_be_null_but_not_missing(key: str) -> None:
    assert accepted(changed(f"data.{key}", None)).event


def test_a_time_zone_may_be_missing_or_null() -> None:
    event = valid("merchant.updated")
    event["data"]["timezone"] = None
    accepted(json.dumps(event).encode())
    del event["data"]["timezone"]
    accepted(json.dumps(event).encode())


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-30T18:00:00Z", datetime(2026, 1, 30, 18, tzinfo=UTC)),
        ("2026-01-30T18:00:00.5Z", datetime(2026, 1, 30, 18, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-30T18:00:00.000001+00:00", datetime(2026, 1, 30, 18, 0, 0, 1, tzinfo=UTC)),
        ("2026-01-30T23:30:00+05:30", datetime(2026, 1, 30, 18, tzinfo=UTC)),
        ("2026-01-30T13:00-0500", datetime(2026, 1, 30, 18, tzinfo=UTC)),
        ("2026-01-30T19:00:00+01", datetime(2026, 1, 30, 18, tzinfo=UTC)),
    ],
)
def test_a_time_with_any_offset_is_kept_exactly_in_utc(text: str, instant: datetime) -> None:
    occurred_at = accepted(changed("occurred_at", text)).occurred_at

    assert occurred_at == instant
    assert occurred_at.utcoffset() == timedelta(0)


def test_an_event_exactly_five_minutes_ahead_is_accepted() -> None:
    accepted(changed("occurred_at", "2026-06-01T12:05:00Z"))


@pytest.mark.parametrize(
    ("path", "value", "type_name"),
    [
        ("data.amount", "0", "address.swept"),
        ("data.amount", "0.000000000000000001", "session.created"),
        ("data.amount", "9" * 20 + "." + "9" * 18, "session.created"),
        ("data.platform_fee_rate", "0", "merchant.updated"),
        ("data.platform_fee_rate", "0.99999999", "merchant.updated"),
        ("data.address_id", 2**53 - 1, "address.activated"),
        ("data.reference", "r" * 512, "session.created"),
        ("data.reference", "", "session.created"),
        ("data.customer.name", "\u202e😀 e\u0301", "session.created"),
        ("event_id", "~ !" + "e" * 125, "session.created"),
        ("merchant_id", "ü" * 128, "session.created"),
        ("data.hot_wallet", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "address.swept"),
        ("data.address", EVM.lower(), "hot_wallet.registered"),
    ],
)
def test_a_value_at_the_edge_is_accepted(path: str, value: object, type_name: str) -> None:
    accepted(changed(path, value, type_name))


def test_a_line_of_exactly_one_mebibyte_and_32_levels_is_read() -> None:
    line = swapped(b'"cart":1', b'"cart":' + b"[" * 29 + b"]" * 29)

    accepted(line + b" " * ((1 << 20) - len(line)))
    assert isinstance(parse(swapped(b'"cart":1', b'"cart":' + b"[" * 30 + b"]" * 30)), Refusal)


def test_brackets_inside_strings_do_not_nest() -> None:
    accepted(swapped(b'"cart":1', b'"cart":"' + b'[{\\"' * 100 + b'"'))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (b"1", b"1.0"),
        (b"1", b"10e-1"),
        (b"100", b"1E+2"),
        (b"0", b"-0.0"),
        (b"0.5", b"5e-1"),
        (b'"\\u00eb"', '"ë"'.encode()),
    ],
)
def test_texts_that_parse_to_the_same_value_have_the_same_digest(left: bytes, right: bytes) -> None:
    events = [accepted(swapped(b'"cart":1', b'"cart":' + text)) for text in (left, right)]

    assert events[0].event == events[1].event
    assert events[0].content_sha256 == events[1].content_sha256


def test_the_order_of_keys_and_spaces_do_not_change_the_digest() -> None:
    event = valid()
    backwards = dict(reversed(event.items()))

    assert (
        accepted(json.dumps(event).encode()).content_sha256
        == accepted(json.dumps(backwards, indent=1).encode() + b"\r").content_sha256
    )


@pytest.mark.parametrize("text", [b"12345678901234567890123", b"0.1000000000000000055511151231257827", b"1e-300"])
def test_numbers_never_pass_through_a_float(text: bytes) -> None:
    value = decode(text)

    assert value == (Decimal(text.decode()))
    assert Decimal(canonical(value)) == Decimal(text.decode())


def test_every_event_of_a_generated_world_is_accepted() -> None:
    events = generate_events(seed=7, count=2000)
    later = datetime(2027, 1, 1, tzinfo=UTC)

    parsed = [parse_line(to_line(event), now=later, families=FAMILIES) for event in events]

    assert [one for one in parsed if isinstance(one, Refusal)] == []
    assert {event["type"] for event in events} == set(valid_types())


def test_a_hostile_unterminated_string_costs_no_more_than_its_length() -> None:
    line = (b"[" * 40 + b'"' + b'\\"' * (1 << 19))[: 1 << 20]
    started = time.monotonic()

    assert isinstance(parse(line), Refusal)
    assert time.monotonic() - started < 2
