"""The demo's payment gateway as the outside sees it: `GET /v1/events` over HTTP, out of one append-only file.

Belongs here: the file of events and serving it as the feed's contract says. Does not belong here: which events there
are (`traffic.py`). Started as a process of its own: `python -m pipelines.demo.gateway --events FILE --port 9100`.
"""

from __future__ import annotations

import argparse
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

# The demo is for this machine alone, so its token is no secret.
TOKEN = "demo-gateway-token"  # noqa: S105
PAGE_EVENTS_MAX = 1000
_CURSOR = b"demo:"


class EventFile:
    """Events, one a line, only ever appended; a cursor is a place in it.

    Args:
        path: the file; need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def size_bytes(self) -> int:
        """How long it is now."""
        return self._path.stat().st_size if self._path.exists() else 0

    def put(self, offset: int, lines: bytes) -> None:
        """Write lines at the place they belong to. Repeating it is harmless: it ends what a dead process began.

        Args:
            offset: how long the file is without these lines.
            lines: whole lines; the same ones whenever this offset is given again.
        """
        if not lines or self.size_bytes() >= offset + len(lines):
            return
        with self._path.open("r+b" if self._path.exists() else "xb") as file:
            file.seek(offset)
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

    def page(self, offset: int, limit: int) -> tuple[list[bytes], int, bool]:
        """Up to `limit` whole lines from an offset on, the offset after them, and whether there are more."""
        lines: list[bytes] = []
        if not self._path.exists():
            return lines, offset, False
        with self._path.open("rb") as file:
            file.seek(offset)
            while (line := file.readline()).endswith(b"\n"):
                if len(lines) == limit:
                    return lines, offset, True
                lines.append(line[:-1])
                offset += len(line)
        return lines, offset, False


class _Handler(BaseHTTPRequestHandler):
    events: EventFile
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answer one request."""
        address = urlsplit(self.path)
        parameters = {key: values[-1] for key, values in parse_qs(address.query).items()}
        if address.path != "/v1/events":
            self._send(404, {"error": "the only page is /v1/events"})
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, {"error": "a bearer token is needed"})
        else:
            self._answer(parameters)

    def _answer(self, parameters: dict[str, str]) -> None:
        try:
            offset = _offset(parameters["after"]) if "after" in parameters else 0
            limit = int(parameters.get("limit", PAGE_EVENTS_MAX))
        except ValueError:
            self._send(400, {"error": "after or limit is not what it should be"})
            return
        lines, offset, has_more = self.events.page(offset, max(1, min(limit, PAGE_EVENTS_MAX)))
        events = [msgspec.Raw(line) for line in lines]
        self._send(200, {"events": events, "next_cursor": _cursor(offset), "has_more": has_more})

    def _send(self, status: int, answer: dict[str, object]) -> None:
        body = msgspec.json.encode(answer)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def _cursor(offset: int) -> str:
    return urlsafe_b64encode(_CURSOR + str(offset).encode()).decode()


def _offset(cursor: str) -> int:
    text = urlsafe_b64decode(cursor)
    if not text.startswith(_CURSOR):
        raise ValueError("a cursor of somebody else")
    offset = int(text.removeprefix(_CURSOR))
    if offset < 0:
        raise ValueError("a cursor before the beginning")
    return offset


def make_server(events: Path, port: int) -> ThreadingHTTPServer:
    """A server of a file of events, listening but not serving yet; port 0 for a free one."""
    handler = type("Handler", (_Handler,), {"events": EventFile(events)})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    return server


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="pipelines.demo.gateway")
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args(arguments)
    make_server(options.events, options.port).serve_forever()


if __name__ == "__main__":
    main()
