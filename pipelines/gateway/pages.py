"""One page of the HTTP feed: its bytes → the raw bytes of each event, the next cursor, and whether there is more.

Belongs here: the page's envelope. Does not belong here: what is inside an event (`events.py`), asking (`http_feed.py`).
"""

import re

import msgspec

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},:]', re.DOTALL)
_CLOSING = {ord("["): ord("]"), ord("{"): ord("}")}


class MalformedPage(Exception):
    """The body is no page of the feed. `structure_holds` tells that only single events are not JSON."""

    def __init__(self, sentence: str) -> None:
        """Keep the sentence, which holds nothing of the body."""
        super().__init__(sentence)


class Page(msgspec.Struct, frozen=True):
    """A page: the events as the bytes they came in."""

    events: list[msgspec.Raw]
    next_cursor: str | None
    has_more: bool


_DECODER = msgspec.json.Decoder(Page)


def read_page(body: bytes) -> Page:
    """Read a page whose body is JSON throughout.

    Raises:
        MalformedPage: it is not, or lacks keys, or they have other types, or has_more comes without a cursor.
    """
    try:
        page = _DECODER.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedPage(f"no page of the feed: {error}") from None
    if page.has_more and not page.next_cursor:
        raise MalformedPage("no page of the feed: has_more without next_cursor")
    return page


def read_page_around_bad_events(body: bytes) -> Page:
    """Read a page in which single events may be no JSON, as long as brackets and strings tell where each one ends.

    One event that no parser takes must not hold up all that come after it: it goes to quarantine like any bad line.

    Raises:
        MalformedPage: the page's own structure does not hold.
    """
    start, end, elements = _events_array(body)
    page = read_page(body[:start] + b"[]" + body[end:])
    return Page([msgspec.Raw(element) for element in elements], page.next_cursor, page.has_more)


def _events_array(body: bytes) -> tuple[int, int, list[bytes]]:
    """Start and end of the array under the page's key `events`, and the bytes of its elements."""
    open_brackets: list[int] = []
    elements: list[bytes] = []
    previous = [b"", b""]  # the two tokens before this one
    start = element_start = 0
    for match in _TOKEN.finditer(body):
        token, depth = match[0], len(open_brackets)
        inside = start > 0 and depth == 2
        if inside and token in (b",", b"]"):
            element = body[element_start : match.start()].strip(b" \t\r\n")
            element_start = match.end()
            if element or token == b"," or elements:
                elements.append(element)
        if token in (b"[", b"{"):
            if token == b"[" and depth == 1 and previous == [b'"events"', b":"] and not start:
                start, element_start = match.start(), match.end()
            open_brackets.append(_CLOSING[token[0]])
        elif token in (b"]", b"}"):
            if not open_brackets or open_brackets.pop() != token[0]:
                break
            if inside and token == b"]":
                return start, match.end(), elements
        previous = [previous[1], token]
    raise MalformedPage("no page of the feed: no complete list of events")
