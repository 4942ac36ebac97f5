"""Request bodies, bounded in size and time before anything looks at them.

Belongs here: the limits and reading a body whole. Does not belong here: parsing it.
"""

import asyncio

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from api.errors import InvalidRequest

BODY_BYTES_MAX = 64 * 1024
BODY_SECONDS_MAX = 10.0


async def bounded_body(scope: Scope, receive: Receive) -> Receive:
    """Read the whole body, and give a `receive` that replays it.

    Raises:
        InvalidRequest: it is encoded, larger than `BODY_BYTES_MAX`, or not complete after `BODY_SECONDS_MAX`.
    """
    headers = Headers(scope=scope)
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise InvalidRequest("Encoded request bodies are not accepted", header="Content-Encoding")
    declared = headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > BODY_BYTES_MAX):
        raise _too_large()
    if declared.strip("0") == "" and "transfer-encoding" not in headers:
        return receive
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            body, is_disconnected = await _read(receive)
    except TimeoutError:
        seconds = int(BODY_SECONDS_MAX)
        raise InvalidRequest("The request body did not arrive in time", maximum_seconds=seconds) from None
    return _replay(body, receive, is_disconnected)


async def _read(receive: Receive) -> tuple[bytes, bool]:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body), True
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise _too_large()
        if not message.get("more_body", False):
            return bytes(body), False


def _replay(body: bytes, receive: Receive, is_disconnected: bool) -> Receive:
    is_sent = False

    async def replay() -> Message:
        nonlocal is_sent
        if is_disconnected:
            return {"type": "http.disconnect"}
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _too_large() -> InvalidRequest:
    return InvalidRequest("The request body is too large", maximum_bytes=BODY_BYTES_MAX)
