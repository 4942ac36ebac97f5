"""A JSON-RPC node that misbehaves on demand, over real HTTP.

It passes everything to an upstream node, or answers `default` to every call, except where a rule gives another reply.
"""

import contextlib
import gzip
import json
import threading
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """What the node sends. `cut` promises more bytes than it sends; `hang_seconds` waits before anything is sent.

    `drip_seconds` waits before each byte of the body.
    """

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    hang_seconds: float = 0
    drip_seconds: float = 0


# A request is one call (a dict) or a batch (a list of dicts).
Rule = Callable[[Any], Reply | None]


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(value).encode(), status, {name.replace("_", "-"): text for name, text in headers.items()})


def refusal(request: Any, message: str, code: int = -32000, status: int = 200, **headers: str) -> Reply:
    """A JSON-RPC error; to a batch, one for the whole batch, as several providers do."""
    number = None if isinstance(request, list) else request["id"]
    return json_reply({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}, status, **headers)


def html_reply(status: int = 200, **headers: str) -> Reply:
    body = b"<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"
    return Reply(body, status, {name.replace("_", "-"): text for name, text in headers.items()})


def calls_of(request: Any) -> list[dict[str, Any]]:
    return request if isinstance(request, list) else [request]


def asks(request: Any, method: str) -> bool:
    return any(call["method"] == method for call in calls_of(request))


def log_filters(request: Any) -> list[dict[str, Any]]:
    return [call["params"][0] for call in calls_of(request) if call["method"] == "eth_getLogs"]


def answered(request: Any, result: Any) -> Reply:
    """The same result to every call of a request."""
    answers = [{"jsonrpc": "2.0", "id": call["id"], "result": result} for call in calls_of(request)]
    return json_reply(answers if isinstance(request, list) else answers[0])


def log_answers(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the answers to a batch, those to eth_getLogs."""
    return [answer for answer in answers if isinstance(answer["result"], list)]


class HostileNode:
    """A context manager; `url` carries a key in its path and query, which no message may show."""

    KEY = "SECRET-PROVIDER-KEY"

    def __init__(self, upstream: str | None = None, *, default: Any = "0x38", rule: Rule | None = None) -> None:
        self.upstream = upstream
        self.default = default
        self.rule = rule
        self.queue: list[Reply | None] = []
        self.requests: list[Any] = []
        self.request_headers: list[Mapping[str, str]] = []
        self._lock = threading.Lock()
        self._released = threading.Event()

    def __enter__(self) -> Self:
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: two would wait for each other (Nagle)

            def do_POST(self) -> None:
                node._serve(self)

            def log_message(self, format: str, *args: object) -> None:
                """Keep the test's output quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v3/{self.KEY}?apikey={self.KEY}"

    @property
    def name(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        request = json.loads(body)
        with self._lock:
            self.requests.append(request)
            self.request_headers.append(dict(handler.headers))
            queued = self.queue.pop(0) if self.queue else None
        reply = queued or (self.rule(request) if self.rule else None) or self._normal(request, body)
        if reply.hang_seconds:
            self._released.wait(reply.hang_seconds)
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body) + (100 if reply.cut else 0)))
        handler.end_headers()
        for piece in [bytes([byte]) for byte in reply.body] if reply.drip_seconds else [reply.body]:
            self._released.wait(reply.drip_seconds)
            with contextlib.suppress(ConnectionError):  # a client may leave a node that is this slow
                handler.wfile.write(piece)
                handler.wfile.flush()
        handler.close_connection = reply.cut

    def _normal(self, request: Any, body: bytes) -> Reply:
        if self.upstream is None:
            return answered(request, self.default)
        return Reply(self.ask_upstream(body))

    def ask_upstream(self, body: bytes) -> bytes:
        """What the real node behind this one answers."""
        assert self.upstream is not None
        forwarded = urllib.request.Request(self.upstream, body, {"Content-Type": "application/json"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(forwarded, timeout=30) as answer:
            return answer.read()

    def altered_request(self, request: Any, words: Mapping[str, str]) -> Reply:
        """The upstream's answer to the request with some words in it replaced."""
        text = json.dumps(request)
        for word, other in words.items():
            text = text.replace(f'"{word}"', f'"{other}"')
        return Reply(self.ask_upstream(text.encode()))

    def altered(self, request: Any, change: Callable[[Any], None]) -> Reply:
        """The upstream's answer with something changed in it."""
        answer = json.loads(self.ask_upstream(json.dumps(request).encode()))
        change(answer)
        return json_reply(answer)


def compressed(reply: Reply) -> Reply:
    return Reply(gzip.compress(reply.body), reply.status, {**reply.headers, "Content-Encoding": "gzip"})
