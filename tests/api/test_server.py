"""The real server on a real socket: slow clients, large bodies, odd requests."""

import json
import socket
import time
from dataclasses import dataclass

import httpx
import pytest

from tests.support.api import DASHBOARD, new_key, running_server, settings_in
from warehouse.settings import Settings

pytestmark = pytest.mark.process

SESSIONS = f"{DASHBOARD}/sessions"


@dataclass(frozen=True)
class Served:
    """A running server and a key for it."""

    port: int
    key: str
    settings: Settings


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with two workers over an empty data directory."""
    directory = tmp_path_factory.mktemp("server")
    settings = settings_in(directory)
    key = new_key(settings)
    with running_server(directory, workers=2) as port:
        yield Served(port, key, settings)


def ask(server, method: str = "GET", path: str = SESSIONS, **options) -> httpx.Response:
    headers = {"X-API-Key": server.key, **options.pop("headers", {})}
    return httpx.request(method, f"http://127.0.0.1:{server.port}{path}", headers=headers, timeout=30, **options)


def raw_answer(server, request: bytes, *, timeout_seconds: float = 20) -> tuple[bytes, float]:
    """Send bytes and read until the server closes; the answer and how long it took."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout_seconds) as client:
        client.sendall(request)
        received = b""
        while chunk := client.recv(65536):
            received += chunk
    return received, time.monotonic() - began


def test_it_answers_with_all_headers(server):
    answer = ask(server)
    assert answer.status_code == 200
    assert answer.headers["X-Mode"] == "live"
    assert answer.headers["X-Data-As-Of"] == ""
    assert answer.json()["data"]["sessions"] == []


def test_r4_workers_share_one_bucket(server):
    key = new_key(server.settings)
    # A connection for each request, so that both workers get some.
    with httpx.Client(headers={"X-API-Key": key}, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        answers = [client.get(f"http://127.0.0.1:{server.port}{SESSIONS}") for _ in range(104)]
    assert [answer.status_code for answer in answers] == [200] * 100 + [429] * 4
    assert answers[-1].headers["Retry-After"].isdigit()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity"])
def test_encoded_bodies_are_refused(server, encoding):
    answer = ask(server, "POST", content=b"x", headers={"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_PARAMETER")


def test_bodies_up_to_64_kib_are_read_and_larger_ones_refused_declared_or_not(server):
    assert ask(server, "POST", content=b"x" * 65536).status_code == 404
    declared = ask(server, "POST", content=b"x" * 65537)
    assert (declared.status_code, declared.json()["error"]["details"]) == (400, {"maximum_bytes": 65536})
    chunked = ask(server, "POST", content=(b"x" * 1000 for _ in range(66)))
    assert chunked.status_code == 400


def test_a_huge_declared_length_is_refused_before_it_is_sent(server):
    head = f"POST {SESSIONS} HTTP/1.1\r\nHost: x\r\nX-API-Key: {server.key}\r\nContent-Length: 9999999999\r\n\r\n"
    answer, seconds = raw_answer(server, head.encode())
    assert answer.startswith(b"HTTP/1.1 400")
    assert seconds < 5


def test_a_body_that_never_ends_is_cut_off_with_400_after_ten_seconds(server):
    head = f"POST {SESSIONS} HTTP/1.1\r\nHost: x\r\nX-API-Key: {server.key}\r\nContent-Length: 100\r\n\r\nabc"
    answer, seconds = raw_answer(server, head.encode())
    assert answer.startswith(b"HTTP/1.1 400")
    assert b'"maximum_seconds":10' in answer
    assert 9 < seconds < 14


def test_trickled_headers_are_cut_off_after_five_seconds(server):
    clients = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(20)]
    began = time.monotonic()
    for client in clients:
        client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    for client in clients:
        # Closed without an answer, or with an error: never served.
        assert b"200" not in client.recv(65536)
        client.close()
    assert 4 < time.monotonic() - began < 12


def test_too_many_headers_never_reach_the_application(server):
    request = b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + b"\r\n"
    try:
        answer, _ = raw_answer(server, request)
    except ConnectionError:
        answer = b""
    assert not answer.startswith(b"HTTP/1.1 200")
    assert ask(server).status_code in (200, 429)


@pytest.mark.parametrize("path", ["/%ff", "/%ED%A0%80", f"{SESSIONS}/%ff", f"{SESSIONS}/%00", f"{SESSIONS}/..%2f.."])
def test_malformed_paths_are_404(server, path):
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {server.key}\r\nConnection: close\r\n\r\n"
    answer, _ = raw_answer(server, request.encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404")
    assert json.loads(body)["error"]["code"] == "NOT_FOUND"


def test_raw_utf8_in_a_query_string_is_read_as_text(server):
    # As many characters as a search may have; taken for Latin-1 they would be twice as many, and refused.
    target = f"{SESSIONS}?search=".encode() + "ü".encode() * 512
    head = b" HTTP/1.1\r\nHost: x\r\nX-API-Key: " + server.key.encode() + b"\r\nConnection: close\r\n\r\n"
    answer, _ = raw_answer(server, b"GET " + target + head)
    assert answer.startswith(b"HTTP/1.1 200")
    answer, _ = raw_answer(server, b"GET " + target + "ü".encode() + head)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b'"parameter":"search"' in answer
