"""A real HTTP server of the gateway's feed that misbehaves on purpose, by seed.

Belongs here: the feed's contract (cursor, limit, token) and its faults. Does not belong here: the events it serves.
"""

import json
import random
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.support.events import FeedEvent, to_line

TOKEN = "feed-token-canary"
FAULTS = ("429", "429_date", "500", "502", "503", "cut", "malformed", "missing_key", "html", "slow", "closed")
CONSECUTIVE_FAULTS = 3


class FeedServer:
    """Serves events over HTTP while the context is open.

    Args:
        events: dictionaries, or lines as bytes (which may be no JSON at all).
        faults_seed: None for a server that behaves; else about every second request fails, at most three in a row.
        page_size: events a page, at most what the client asks for.

    Attributes:
        counts: how often each fault, page and repeated event happened.
        requests: query parameters of every request, in order.
    """

    def __init__(
        self, events: Sequence[FeedEvent | bytes], faults_seed: int | None = None, *, page_size: int = 50
    ) -> None:
        self.lines = [line if isinstance(line, bytes) else to_line(line) for line in events]
        self.page_size = page_size
        self.counts: Counter[str] = Counter()
        self.requests: list[dict[str, str]] = []
        self._rng = None if faults_seed is None else random.Random(faults_seed)
        self._faults_in_a_row = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"feed": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Base address to put into gateway.base_url."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Start serving."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fault(self) -> str:
        """The fault of this request, "" for none."""
        with self._lock:
            if self._rng is None or self._faults_in_a_row == CONSECUTIVE_FAULTS or self._rng.random() < 0.5:
                self._faults_in_a_row = 0
                return ""
            self._faults_in_a_row += 1
            fault = self._rng.choice(FAULTS)
            self.counts[fault] += 1
            return fault

    def page(self, after: str | None, limit: int) -> bytes:
        """The body of one page."""
        start = _position(after)
        end = min(len(self.lines), start + min(limit, self.page_size))
        with self._lock:
            self.counts["page"] += 1
            # At least once: a page may begin before its cursor and hold an event twice.
            overlap = self._rng.randint(0, min(3, start)) if self._rng else 0
            lines = self.lines[start - overlap : end]
            if self._rng and lines and self._rng.random() < 0.3:
                lines.append(self._rng.choice(lines))
            self.counts["repeated"] += len(lines) - (end - start)
        cursor = json.dumps(_cursor(end)).encode()
        more = b"true" if end < len(self.lines) else b"false"
        return b'{"events":[' + b",".join(lines) + b'],"next_cursor":' + cursor + b',"has_more":' + more + b"}"


class _Handler(BaseHTTPRequestHandler):
    feed: FeedServer
    protocol_version = "HTTP/1.1"
    timeout = 5

    def do_GET(self) -> None:
        """Answer one request, rightly or wrongly."""
        address = urlsplit(self.path)
        parameters = {key: values[0] for key, values in parse_qs(address.query).items()}
        self.feed.requests.append(parameters)
        if address.path != "/v1/events":
            self._send(404, b"{}")
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, b"{}")
        else:
            body = self.feed.page(parameters.get("after"), int(parameters.get("limit", "1000")))
            self._fail(self.feed.fault(), body)

    def _fail(self, fault: str, body: bytes) -> None:
        if fault == "429":
            self._send(429, b"{}", {"Retry-After": "0"})
        elif fault == "429_date":
            self._send(429, b"{}", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})
        elif fault in ("500", "502", "503"):
            self._send(int(fault), b"<html>upstream</html>")
        elif fault == "cut":
            self._send(200, body[: len(body) // 2], {"Content-Length": str(len(body))})
            self.close_connection = True
        elif fault == "malformed":
            self._send(200, body[: len(body) // 2])
        elif fault == "missing_key":
            self._send(200, b'{"events":[]}')
        elif fault == "html":
            self._send(200, b"<!doctype html><title>maintenance</title>")
        elif fault == "closed":
            self.close_connection = True
        else:
            if fault == "slow":
                time.sleep(0.02)
            self._send(200, body)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (
            {"Content-Type": "application/json", "Content-Length": str(len(body))} | (headers or {})
        ).items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


def _cursor(position: int) -> str:
    return urlsafe_b64encode(f"opaque:{position}".encode()).decode()


def _position(cursor: str | None) -> int:
    return int(urlsafe_b64decode(cursor).decode().removeprefix("opaque:")) if cursor else 0
