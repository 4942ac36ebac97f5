"""The gateway simulator keeps the feed's contract, and its file survives a death in the middle of writing."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pipelines.demo.gateway import TOKEN, EventFile, make_server

LINES = b"".join(json.dumps({"event_id": f"evt_{number}"}).encode() + b"\n" for number in range(2500))


@pytest.fixture
def file(tmp_path: Path) -> EventFile:
    return EventFile(tmp_path / "events.ndjson")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    server = make_server(tmp_path / "events.ndjson", 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", headers=headers) as client:
        yield client
    server.shutdown()
    server.server_close()
    thread.join()


def read_all(client: httpx.Client, cursor: str | None, limit: int) -> tuple[list[str], str]:
    events: list[str] = []
    while True:
        page = client.get("/v1/events", params={"limit": limit} | ({"after": cursor} if cursor else {})).json()
        assert len(page["events"]) <= min(limit, 1000)
        events += [event["event_id"] for event in page["events"]]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            return events, cursor


def test_pages_hold_every_event_once_and_the_cursor_goes_on(client, file):
    assert read_all(client, None, 10) == ([], read_all(client, None, 10)[1])
    file.put(0, LINES)
    events, cursor = read_all(client, None, 700)
    assert events == [f"evt_{number}" for number in range(2500)]
    assert read_all(client, None, 5000)[0] == events
    file.put(len(LINES), b'{"event_id":"evt_new"}\n')
    assert read_all(client, cursor, 1000)[0] == ["evt_new"]


def test_a_stranger_and_a_strange_cursor_are_refused(client):
    assert client.get("/v1/events", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/v1/events", params={"after": "bm9uZQ=="}).status_code == 400
    assert client.get("/v1/events", params={"after": "%"}).status_code == 400
    assert client.get("/v1/payments").status_code == 404


@pytest.mark.parametrize("torn_at", [0, 1, 20, 40_000])
def test_a_torn_write_is_completed_and_half_a_line_is_never_served(file, tmp_path, torn_at):
    old = b'{"event_id":"evt_old"}\n'
    file.put(0, old)
    (tmp_path / "events.ndjson").write_bytes(old + LINES[:torn_at])
    lines, _, _ = file.page(0, 10_000)
    assert len(lines) == 1 + LINES[:torn_at].count(b"\n")
    for _ in range(2):
        file.put(len(old), LINES)
        assert (tmp_path / "events.ndjson").read_bytes() == old + LINES
