"""What happens to every request before and after its endpoint, as plain ASGI.

Belongs here: headers that no answer lacks, admission (key, rate, body), and the last resort for exceptions. Does not
belong here: routing and endpoints. Order, from the outside: AnswerHeaders, CORS, Admission, routes.
"""

import logging
import secrets

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import authenticate, refuse_suspended
from api.body import bounded_body
from api.deployment import Deployment, Exchange
from api.errors import ApiError, NotFound, RateLimitExceeded, ServerError, Unauthorized, error_response
from api.presentation import show_moment_or_null
from api.rate_limits import ClientAddresses, RateStatus

_LOG = logging.getLogger(__name__)

# Routes that need no key. A monitor that polls the first two must not be told to slow down.
PROBES = frozenset({"/health", "/ready"})
PUBLIC = PROBES | {"/docs", "/openapi.json"}

EXPOSED_HEADERS = (
    "X-Request-Id",
    "X-Data-As-Of",
    "X-Mode",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "Retry-After",
)


class AnswerHeaders:
    """Gives every answer, whoever wrote it, its id, mode, data time and rate headers."""

    def __init__(self, app: ASGIApp, deployment: Deployment) -> None:
        self.app = app
        self.deployment = deployment
        self.addresses = ClientAddresses(deployment.settings.api.trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event stream."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = Exchange(request_id=f"req_{secrets.token_hex(16)}")
        exchange.attach(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                rate = exchange.rate or await to_thread.run_sync(self._current_rate, scope)
                _set_headers(MutableHeaders(scope=message), exchange, rate)
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _current_rate(self, scope: Scope) -> RateStatus:
        """The bucket of an answer given before admission: a CORS preflight, or a failure of admission itself."""
        try:
            return self.deployment.rates.peek(self.addresses.caller(scope))
        except Exception:
            _LOG.exception("The rate counters cannot be read")
            return self.deployment.rates.unknown()


class Admission:
    """Lets a request in: key, rate limit, standing, body. Catches whatever fails further in."""

    def __init__(self, app: ASGIApp, deployment: Deployment) -> None:
        self.app = app
        self.deployment = deployment
        self.addresses = ClientAddresses(deployment.settings.api.trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event stream."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_started = False

        async def send_and_note(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        try:
            await to_thread.run_sync(self._admit, scope, Exchange.of(scope))
            await self.app(scope, await bounded_body(scope, receive), send_and_note)
        except ApiError as error:
            await error_response(error)(scope, receive, send)
        except Exception:
            # The id is all that the caller learns; this entry is where it leads.
            _LOG.exception("Request %s failed", Exchange.of(scope).request_id)
            if is_started:
                raise
            await error_response(ServerError())(scope, receive, send)

    def _admit(self, scope: Scope, exchange: Exchange) -> None:
        """Fill in the exchange, or refuse.

        Raises:
            Unauthorized: no usable key where one is needed.
            RateLimitExceeded: the bucket of the key, or of the address, is empty.
            Forbidden: the merchant is suspended.
            NotFound: the path is not text.
        """
        exchange.snapshot = self.deployment.reader.snapshot()
        path = scope["path"]
        if path in PROBES:
            exchange.rate = self.deployment.rates.peek(self.addresses.caller(scope))
            return
        if path in PUBLIC:
            self._spend(exchange, self.addresses.caller(scope))
            return
        try:
            exchange.key = authenticate(self.deployment.store, Headers(scope=scope))
        except Unauthorized:
            self._spend(exchange, self.addresses.caller(scope))
            raise
        self._spend(exchange, f"key:{exchange.key.key_id}")
        refuse_suspended(exchange.key)
        if not _is_text(path):
            raise NotFound

    def _spend(self, exchange: Exchange, caller: str) -> None:
        exchange.rate = self.deployment.rates.spend(caller)
        if exchange.rate.is_exceeded:
            raise RateLimitExceeded(exchange.rate.retry_after_seconds)


def _set_headers(headers: MutableHeaders, exchange: Exchange, rate: RateStatus) -> None:
    caller = exchange.caller
    headers["X-Request-Id"] = exchange.request_id
    headers["X-Mode"] = caller.key.mode if caller else ""
    headers["X-Data-As-Of"] = (show_moment_or_null(caller.data_as_of) if caller else None) or ""
    for name, value in rate.headers():
        headers[name] = value
    # Answers hold one merchant's money: no cache on the way may keep them, no browser may guess their type.
    headers["Cache-Control"] = "no-store"
    headers["X-Content-Type-Options"] = "nosniff"


def _is_text(path: str) -> bool:
    """Whether the path decodes to characters that exist; lone surrogates come from malformed percent codes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
