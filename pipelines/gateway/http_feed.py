"""The HTTP feed: page after page of events, from a cursor on.

Belongs here: asking, waiting, retrying, and telling a bad answer from a good one. Does not belong here: the page's
envelope (`pages.py`), what an event must contain (`events.py`), where the cursor is kept (`store.py`).
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import stamina

from pipelines.gateway.batches import FeedBatch, RefusedLine
from pipelines.gateway.events import Refusal, parse_line
from pipelines.gateway.pages import MalformedPage, Page, read_page, read_page_around_bad_events
from warehouse.domain.networks import Family
from warehouse.errors import FeedError
from warehouse.settings import GatewaySettings, redact_url

PAGE_LIMIT = 1000
BODY_CAP_BYTES = 256 << 20

_PASSING_STATUSES = {408, 425, 429}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the feed is asked again before it counts as down. All times in seconds.

    Attributes:
        attempts: requests for one page, the first included.
        wait_initial_seconds: pause before the second attempt; it doubles from there.
        wait_max_seconds: longest pause that is not asked for by the server.
        retry_after_cap_seconds: longest pause granted to a server that asks for one.
        connect_seconds: time for a connection.
        read_seconds: time between two pieces of an answer.
        answer_seconds: time for a whole answer, however steadily it drips.
    """

    attempts: int = 8
    wait_initial_seconds: float = 0.5
    wait_max_seconds: float = 30.0
    retry_after_cap_seconds: float = 60.0
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    answer_seconds: float = 300.0


class _Passing(Exception):
    """A failure that may not come again; `wait_seconds` is the server's wish, if it has one."""

    def __init__(self, sentence: str, wait_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


def feed_source(gateway: GatewaySettings) -> str:
    """The name of this feed: scheme, host and port; a path adds a digest of it, since paths may hold keys."""
    url = gateway.base_url or ""
    path = urlsplit(url).path.strip("/")
    return redact_url(url) + (f"#{hashlib.sha256(path.encode()).hexdigest()[:8]}" if path else "")


def iter_pages(
    gateway: GatewaySettings,
    cursor: str | None,
    *,
    now: Callable[[], datetime],
    families: Mapping[str, Family],
    client: httpx.Client | None = None,
    patience: Patience = Patience(),
) -> Iterator[FeedBatch]:
    """Read the feed until it says there is no more.

    Args:
        gateway: address and token; without an address nothing is read.
        cursor: where to continue, None from the beginning.
        now: a clock, read once a page.
        families: the family of every known network code.
        client: to share connections; else one is made and closed. Proxy variables of the environment are not used.
        patience: how often and how long to try.

    Yields:
        One batch a page, its `cursor` being the page's next one, None where it does not move. A page that neither holds
        nor moves anything is not yielded. The next page is asked for only when the consumer comes back.

    Raises:
        FeedError: no usable answer after all attempts, a refusal (401, 404 …), or a cursor that runs in a circle.
    """
    if gateway.base_url is None:
        return
    source = feed_source(gateway)
    seen = {cursor}
    with nullcontext(client) if client else httpx.Client(trust_env=False) as session:
        has_more = True
        while has_more:
            page = _fetch_page(session, gateway, cursor, patience)
            moved = page.next_cursor if page.next_cursor and page.next_cursor != cursor else None
            in_circle = page.has_more and page.next_cursor in seen
            batch = _batch(page, source, None if in_circle else moved, now(), families)
            if batch.received or batch.cursor:
                yield batch
            if in_circle:
                raise FeedError(
                    f"the gateway feed {source} repeats a cursor and says there is more",
                    hint="the gateway must return a new next_cursor with each page",
                )
            cursor, has_more = moved or cursor, page.has_more
            seen.add(cursor)


def _batch(page: Page, source: str, cursor: str | None, now: datetime, families: Mapping[str, Family]) -> FeedBatch:
    batch = FeedBatch(source, cursor=cursor)
    for position, raw in enumerate(page.events, start=1):
        line = bytes(raw)
        parsed = parse_line(line, now=now, families=families, source=source, position=position)
        if isinstance(parsed, Refusal):
            batch.refusals.append(RefusedLine(source, line, position, parsed.reason_code, parsed.reason))
        else:
            batch.events.append(parsed)
    return batch


def _fetch_page(client: httpx.Client, gateway: GatewaySettings, cursor: str | None, patience: Patience) -> Page:
    last_malformed = b""

    def wait(error: Exception) -> bool | float:
        if not isinstance(error, _Passing):
            return False
        if error.wait_seconds is None:
            return True
        return min(error.wait_seconds, patience.retry_after_cap_seconds)

    attempts = stamina.retry_context(
        on=wait,
        attempts=patience.attempts,
        timeout=None,
        wait_initial=patience.wait_initial_seconds,
        wait_max=patience.wait_max_seconds,
        wait_jitter=patience.wait_initial_seconds,
    )
    try:
        for attempt in attempts:
            with attempt:
                body = _fetch(client, gateway, cursor, patience)
                try:
                    return read_page(body)
                except MalformedPage as error:
                    # The same bytes twice are no accident of the line: then only the bad events are left out.
                    if body == last_malformed and (page := _around_bad_events(body)):
                        return page
                    last_malformed = body
                    raise _Passing(str(error)) from None
    except _Passing as error:
        raise FeedError(
            f"the gateway feed {feed_source(gateway)} gave no usable answer in {patience.attempts} attempts: {error}",
            hint="check gateway.base_url and that the gateway is up; nothing is lost, the cursor stays",
        ) from error
    raise AssertionError("unreachable: the last attempt raises")


def _around_bad_events(body: bytes) -> Page | None:
    try:
        return read_page_around_bad_events(body)
    except MalformedPage:
        return None


def _fetch(client: httpx.Client, gateway: GatewaySettings, cursor: str | None, patience: Patience) -> bytes:
    """One request.

    Raises:
        _Passing: trying again may help.
        FeedError: it will not.
    """
    parameters: dict[str, str | int] = {"limit": PAGE_LIMIT}
    if cursor is not None:
        parameters["after"] = cursor
    headers = {"Accept": "application/json"}
    if gateway.token is not None:
        headers["Authorization"] = f"Bearer {gateway.token.get_secret_value()}"
    timeout = httpx.Timeout(patience.read_seconds, connect=patience.connect_seconds)
    url = f"{(gateway.base_url or '').rstrip('/')}/v1/events"
    deadline = time.monotonic() + patience.answer_seconds
    try:
        with client.stream("GET", url, params=parameters, headers=headers, timeout=timeout) as response:
            _check_status(response, feed_source(gateway))
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > BODY_CAP_BYTES:
                    raise _Passing(f"an answer of more than {BODY_CAP_BYTES} bytes")
                if time.monotonic() > deadline:
                    raise _Passing(f"an answer not complete after {patience.answer_seconds:g} s")
            return bytes(body)
    except (httpx.TransportError, httpx.DecodingError) as error:
        # Its text may hold the whole address; its kind says enough (ConnectError, ReadTimeout, RemoteProtocolError).
        raise _Passing(type(error).__name__) from error


def _check_status(response: httpx.Response, source: str) -> None:
    status = response.status_code
    if status == httpx.codes.OK:
        return
    if status in _PASSING_STATUSES or status >= 500:
        raise _Passing(f"status {status}", _retry_after_seconds(response.headers.get("Retry-After")))
    hints = {401: "check gateway.token", 403: "check gateway.token", 404: "check gateway.base_url"}
    raise FeedError(
        f"the gateway feed {source} refuses to answer: status {status}",
        hint=hints.get(status, "ask who runs the gateway"),
    )


def _retry_after_seconds(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, in either of its forms; None if it says nothing readable."""
    if header is None:
        return None
    if header.isascii() and header.strip().isdigit():
        return float(header[:10])  # not money: seconds
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
