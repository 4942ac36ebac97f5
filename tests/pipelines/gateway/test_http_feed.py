"""Facts about the HTTP feed: every event arrives whatever the server does, and the cursor moves with its events."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest
from pydantic import SecretStr

from pipelines.gateway import http_feed
from pipelines.gateway.batches import FeedBatch
from pipelines.gateway.http_feed import Patience, feed_source, iter_pages
from pipelines.gateway.store import append, read_cursor
from tests.support.events import FAMILIES, generate_events, to_line
from tests.support.feed_server import FAULTS, TOKEN, FeedServer
from warehouse.errors import FeedError
from warehouse.lake import Lake
from warehouse.settings import GatewaySettings

NOW = datetime(2027, 1, 1, tzinfo=UTC)
QUICK = Patience(attempts=4, wait_initial_seconds=0.001, wait_max_seconds=0.002, read_seconds=5, connect_seconds=5)


def gateway_at(url: str, token: str = TOKEN) -> GatewaySettings:
    return GatewaySettings(base_url=url, token=SecretStr(token))


def pages(
    url: str,
    cursor: str | None = None,
    *,
    token: str = TOKEN,
    patience: Patience = QUICK,
    client: httpx.Client | None = None,
) -> Iterator[FeedBatch]:
    return iter_pages(
        gateway_at(url, token), cursor, now=lambda: NOW, families=FAMILIES, client=client, patience=patience
    )


def answering(*answers: httpx.Response | Exception) -> tuple[httpx.Client, list[httpx.Request]]:
    """Build a client whose server gives these answers in turn, the last one for ever; and list what it was asked."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        given = answers[min(len(asked), len(answers)) - 1]
        if isinstance(given, Exception):
            raise given
        return given

    return httpx.Client(transport=httpx.MockTransport(answer)), asked


def page(events: Sequence[bytes] = (), cursor: str = '"c1"', more: str = "false") -> httpx.Response:
    body = (
        b'{"events":['
        + b",".join(events)
        + b'],"next_cursor":'
        + cursor.encode()
        + b',"has_more":'
        + more.encode()
        + b"}"
    )
    return httpx.Response(200, content=body)


def test_every_event_arrives_in_pages_and_the_cursor_follows() -> None:
    events = generate_events(seed=21, count=120)
    with FeedServer(events) as server:
        batches = list(pages(server.url))

        assert [len(batch.events) for batch in batches] == [50, 50, 20]
        assert [event.line for batch in batches for event in batch.events] == [to_line(event) for event in events]
        assert [event.position for event in batches[2].events] == list(range(1, 21))
        assert "after" not in server.requests[0]
        assert [request["after"] for request in server.requests[1:]] == [batch.cursor for batch in batches[:2]]
        assert {request["limit"] for request in server.requests} == {"1000"}
        assert {batch.source for batch in batches} == {server.url}


def test_a_feed_continues_at_its_cursor_and_yields_nothing_when_nothing_is_new() -> None:
    with FeedServer(generate_events(seed=22, count=60)) as server:
        first, last = list(pages(server.url))
        assert [len(batch.events) for batch in pages(server.url, first.cursor)] == [10]
        assert list(pages(server.url, last.cursor)) == []


def test_the_next_page_is_asked_for_only_after_the_last_was_stored() -> None:
    with FeedServer(generate_events(seed=23, count=120)) as server:
        next(pages(server.url))
        assert len(server.requests) == 1


@pytest.mark.parametrize("seed", range(2))
def test_every_event_arrives_from_a_server_that_fails_half_the_time(seed: int, feed_lake: Lake) -> None:
    events = generate_events(seed=seed, count=240)
    received = accounted = 0
    with FeedServer(events, faults_seed=seed, page_size=20) as server:
        for batch in pages(server.url):
            result = append(feed_lake, batch)
            received += batch.received
            accounted += result.accepted + result.duplicates + result.conflicts + result.refused

        print("faults", server.counts)
        assert sum(server.counts[fault] for fault in FAULTS) > 3
    assert received == accounted > 240
    stored = feed_lake.rows("SELECT event_id FROM raw.gateway_events ORDER BY event_id")
    assert [row["event_id"] for row in stored] == sorted(event["event_id"] for event in events)
    assert feed_lake.rows("SELECT 1 FROM raw.gateway_quarantine") == []
    assert read_cursor(feed_lake, batch.source) == batch.cursor


def test_bad_events_of_a_page_are_refused_with_their_bytes_and_stop_nothing() -> None:
    good = [to_line(event) for event in generate_events(seed=24, count=3)]
    bad = [b'{"a" : 1,"a":2}', b"7", b"null", b'"\\u0041"', b'{"a":"\xff"}', b"[[],{}]"]
    with FeedServer([good[0], *bad, *good[1:]]) as server:
        (batch,) = pages(server.url)
    assert [event.line for event in batch.events] == good
    assert [(one.position, one.line) for one in batch.refusals] == list(enumerate(bad, start=2))


def test_a_page_that_stays_malformed_only_inside_events_loses_only_these() -> None:
    good = [to_line(event) for event in generate_events(seed=25, count=3)]
    bad = [b'{"a":NaN}', b'{"a":"\\ud800"}', b"[" * 5000 + b"]" * 5000, b'{"a":1,}', b'{"s":"]},{\\"["}x']
    with FeedServer([good[0], *bad, *good[1:]], page_size=6) as server:
        batches = list(pages(server.url))

        assert server.counts["page"] == 3, "the malformed page was asked for twice"
    assert [event.line for batch in batches for event in batch.events] == good
    assert [one.line for one in batches[0].refusals] == bad


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"<html></html>",
        b'{"events":{},"next_cursor":"a","has_more":false}',
        b'{"events":null,"next_cursor":"a","has_more":false}',
        b'{"events":[],"next_cursor":7,"has_more":false}',
        b'{"events":[],"next_cursor":"a","has_more":"no"}',
        b'{"events":[],"next_cursor":"a"}',
        b'{"events":[],"has_more":false}',
        b'{"next_cursor":"a","has_more":false}',
        b'{"events":[],"next_cursor":null,"has_more":true}',
        b'{"events":[],"next_cursor":"","has_more":true}',
        b'{"events":[NaN,"next_cursor":"a","has_more":false}',
        b'{"events":[{NaN],"next_cursor":"a","has_more":false}',
        b'{"events":[NaN],"next_cursor":"a","has_more":false',
        b'{"events":[NaN],"next_cursor":NaN,"has_more":false}',
        b'{"data":{"events":[NaN]},"next_cursor":"a","has_more":false}',
        b"[" * 100_000,
    ],
)
def test_a_malformed_page_is_asked_for_again_and_then_an_error(body: bytes) -> None:
    client, asked = answering(httpx.Response(200, content=body))

    with client, pytest.raises(FeedError, match=r"http://feed\.example:81 gave no usable answer in 4 attempts"):
        list(pages("http://feed.example:81", client=client))
    assert len(asked) == 4


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_a_passing_status_is_asked_again(status: int) -> None:
    client, asked = answering(httpx.Response(status), httpx.Response(status), page())

    with client:
        assert [batch.cursor for batch in pages("http://feed.example", client=client)] == ["c1"]
    assert len(asked) == 3


@pytest.mark.parametrize("status", [204, 301, 302, 400, 401, 403, 404, 422])
def test_a_refusal_is_an_error_at_once_and_tells_no_secret(status: int) -> None:
    client, asked = answering(httpx.Response(status, headers={"Location": "http://169.254.169.254/"}, text=TOKEN))

    with client, pytest.raises(FeedError) as raised:
        list(pages("http://feed.example:81/path-canary", client=client))
    assert len(asked) == 1
    assert str(status) in str(raised.value)
    for text in (str(raised.value), raised.value.hint or ""):
        assert TOKEN not in text
        assert "path-canary" not in text


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("http://feed.example/?key"),
        httpx.ReadTimeout(""),
        httpx.RemoteProtocolError(""),
        httpx.DecodingError(""),
    ],
)
def test_a_broken_connection_is_asked_again_and_then_an_error_without_the_address(error: Exception) -> None:
    client, _ = answering(error, page())
    with client:
        assert len(list(pages("http://feed.example", client=client))) == 1
    client, asked = answering(error)
    with client, pytest.raises(FeedError, match=type(error).__name__) as raised:
        list(pages("http://feed.example/key", client=client))
    assert len(asked) == 4
    assert "key" not in str(raised.value)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("0.2", 0.0, 0.1),
        ("1", 0.2, 0.9),
        ("99999999999999999999", 0.2, 0.9),
        (format_datetime(datetime(2099, 1, 1, tzinfo=UTC), usegmt=True), 0.2, 0.9),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0, 0.1),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0.0, 0.1),
        ("soon", 0.0, 0.1),
        ("٣", 0.0, 0.1),
    ],
)
def test_the_server_says_how_long_to_wait_up_to_a_cap(header: str, least: float, most: float) -> None:
    patience = Patience(attempts=2, wait_initial_seconds=0.001, wait_max_seconds=0.002, retry_after_cap_seconds=0.2)
    encoded = [(b"Retry-After", header.encode())]
    client, _ = answering(httpx.Response(429, headers=encoded), page())
    started = time.monotonic()
    with client:
        list(pages("http://feed.example", client=client, patience=patience))
    assert least <= time.monotonic() - started < most


def test_a_token_goes_out_as_bearer_and_a_wrong_one_is_an_error() -> None:
    client, asked = answering(page())
    with client:
        list(pages("http://feed.example/", client=client))
    assert asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert str(asked[0].url) == "http://feed.example/v1/events?limit=1000"

    with FeedServer([]) as server, pytest.raises(FeedError, match="401") as raised:
        list(pages(server.url, token="wrong-canary"))
    assert raised.value.hint == "check gateway.token"
    assert "wrong-canary" not in str(raised.value)


def test_an_opaque_cursor_comes_back_as_it_was() -> None:
    cursor = "a b&limit=5#/+%é=="
    client, asked = answering(page(cursor=f'"{cursor}"', more="true"), page())

    with client:
        list(pages("http://feed.example", client=client))
    assert asked[1].url.params["after"] == cursor
    assert asked[1].url.params["limit"] == "1000"


@pytest.mark.parametrize("cursors", [["c1", "c1"], ["c1", "c2", "c1"]])
def test_cursors_in_a_circle_are_an_error_after_their_events_were_handed_over(cursors: list[str]) -> None:
    lines = [to_line(event) for event in generate_events(seed=26, count=len(cursors))]
    client, _ = answering(*(page([line], f'"{cursor}"', "true") for line, cursor in zip(lines, cursors, strict=True)))
    received: list[FeedBatch] = []

    with client, pytest.raises(FeedError, match="repeats a cursor"):
        received.extend(pages("http://feed.example", client=client))
    assert [event.line for batch in received for event in batch.events] == lines
    assert received[-1].cursor is None


def test_a_dripping_answer_ends_at_its_deadline() -> None:
    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                time.sleep(0.01)
                yield b" "

    patience = Patience(attempts=1, answer_seconds=0.05)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Drip()))

    with httpx.Client(transport=transport) as client, pytest.raises(FeedError, match=r"not complete after 0\.05 s"):
        list(pages("http://feed.example", client=client, patience=patience))


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_feed, "BODY_CAP_BYTES", 1000)
    client, asked = answering(httpx.Response(200, content=b" " * 1001))

    with client, pytest.raises(FeedError, match="more than 1000 bytes"):
        list(pages("http://feed.example", client=client))
    assert len(asked) == 4


def test_without_an_address_nothing_is_read() -> None:
    assert list(iter_pages(GatewaySettings(), None, now=lambda: NOW, families=FAMILIES)) == []


def test_a_feed_is_named_without_path_and_two_paths_are_two_feeds() -> None:
    names = {feed_source(gateway_at(f"http://feed.example:81{path}")) for path in ("", "/", "/tenant-a", "/tenant-b/")}
    assert len(names) == 3
    assert all(name.startswith("http://feed.example:81") and "tenant" not in name for name in names)
