"""JSON-RPC over HTTP with nodes that lie, break and refuse.

Belongs here: one endpoint and a pool of endpoints of one network; every answer checked for form; retries. Does not
belong here: what the words of a refusal mean (`refusals.py`), what a result means (`decode.py`, `evm.py`).

No message shows more of an endpoint than scheme, host and port: its path and query may be a provider's key.
"""

import itertools
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
import stamina

from pipelines.chains.refusals import Refusal, Verdict, shorten, understand
from warehouse.errors import CallReverted, ChainError, ChainUnavailable, RangeTooLarge
from warehouse.settings import redact_url

# httpx logs whole URLs, which may hold a provider's key.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

Call = tuple[str, Sequence[object]]

# Shorter pieces of an address are words, such as v3.
_SECRET_CHARACTERS = 6


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long one endpoint is tried before it counts as unavailable.

    Attributes:
        attempts: requests at most, the first one included.
        wait_seconds: first pause; it doubles each time.
        longest_wait_seconds: longest pause; a node that asks for a longer one is left for another endpoint.
        timeout_seconds: for connecting and for each piece of an answer.
        answer_seconds: for a whole answer.
        answer_bytes: longest answer that is read; a longer one counts as too large a range.
    """

    attempts: int = 5
    wait_seconds: float = 0.25
    longest_wait_seconds: float = 30.0
    timeout_seconds: float = 30.0
    answer_seconds: float = 120.0
    answer_bytes: int = 256 * 1024 * 1024


class _Passing(ChainUnavailable):
    """A failure that may pass: the same endpoint is asked again, after `wait_seconds` if the node named a time."""

    def __init__(self, message: str, *, network: str, wait_seconds: float | None = None) -> None:
        super().__init__(message, network=network)
        self.wait_seconds = wait_seconds


class _Answer(msgspec.Struct):
    """One JSON-RPC answer; the result stays bytes until its type is known."""

    id: Any = None
    result: msgspec.Raw = msgspec.Raw()
    error: Any = None


_NULL = msgspec.Raw(b"null")

_answer_decoder = msgspec.json.Decoder(_Answer)
_batch_decoder = msgspec.json.Decoder(list[_Answer])


class RpcEndpoint:
    """One JSON-RPC URL.

    Args:
        url: may hold a key; only its scheme, host and port are ever shown.
        network: named in every error.
        headers: sent with every request.
        policy: when to give up.
    """

    def __init__(
        self, url: str, *, network: str, headers: Mapping[str, str] | None = None, policy: RetryPolicy | None = None
    ) -> None:
        self.name = redact_url(url)
        self.network = network
        self._policy = policy or RetryPolicy()
        self._url = url
        self._secrets = _secrets(url, headers or {})
        self._ids = itertools.count(1)
        self._retrying = stamina.RetryingCaller(
            attempts=self._policy.attempts,
            timeout=self._policy.answer_seconds,
            wait_initial=self._policy.wait_seconds,
            wait_max=self._policy.longest_wait_seconds,
            wait_jitter=self._policy.wait_seconds,
        )
        try:
            self._client = httpx.Client(headers=dict(headers or {}), timeout=self._policy.timeout_seconds)
        except UnicodeEncodeError:
            raise ChainError(f"{network}: a header for {self.name} is not ASCII", network=network) from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def call(self, method: str, params: Sequence[object] = (), *, null: bool = False) -> msgspec.Raw:
        """The result of one call, as the bytes of its JSON.

        Args:
            method: such as `eth_chainId`.
            params: its parameters.
            null: whether `null` is an answer; otherwise a node that says so is asked again, then left.

        Raises:
            RangeTooLarge: the node wants a smaller question.
            ChainUnavailable: this endpoint gives no usable answer.
            ChainError: the node says the question is wrong.
        """
        return self._ask([(method, params)], null=null, batch=False)[0]

    def batch(self, calls: Sequence[Call], *, null: bool = False, partly: bool = False) -> list[msgspec.Raw]:
        """The results of several calls sent as one request, in the order of the calls. Raises as `call` does.

        With `partly`, a call that is refused while another is not gives `null`.
        """
        return self._ask(calls, null=null, batch=True, partly=partly) if calls else []

    def _ask(self, calls: Sequence[Call], *, null: bool, batch: bool, partly: bool = False) -> list[msgspec.Raw]:
        return self._retrying(_retry_after, self._ask_once, calls, null=null, batch=batch, partly=partly)

    def _ask_once(self, calls: Sequence[Call], *, null: bool, batch: bool, partly: bool) -> list[msgspec.Raw]:
        ids = [next(self._ids) for _ in calls]
        requests = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
            for number, (method, params) in zip(ids, calls, strict=True)
        ]
        status, retry_after, body = self._post(msgspec.json.encode(requests if batch else requests[0]))
        refuse = _Refuser(self, calls, status, retry_after)
        answers = self._parse(body, refuse, batch)
        refused = [answer for answer in answers if answer.error is not None]
        if refused and not (partly and len(refused) < len(answers)):
            refuse.error(refused[0].error)
        if status != httpx.codes.OK:
            refuse.words("")
        by_id: dict[int, msgspec.Raw] = {
            answer.id: answer.result if answer.error is None else _NULL for answer in answers if type(answer.id) is int
        }
        if len(answers) != len(ids) or by_id.keys() != set(ids):
            self._fail_passing("answers with the ids of other questions")
        results = [by_id[number] for number in ids]
        for (method, _), result in zip(calls, results, strict=True):
            if not bytes(result) or (not null and bytes(result) == b"null"):
                self._fail_passing(f"answers {method} with nothing")
        return results

    def _post(self, body: bytes) -> tuple[int, str | None, bytes]:
        """Status, Retry-After and body of the answer, read within the policy's time and size."""
        ends_at = time.monotonic() + self._policy.answer_seconds
        received = bytearray()
        try:
            headers = {"Content-Type": "application/json"}
            with self._client.stream("POST", self._url, content=body, headers=headers) as response:
                for piece in response.iter_bytes():
                    received += piece
                    if len(received) > self._policy.answer_bytes:
                        raise RangeTooLarge(self._say("sends an answer that is too long"), network=self.network)
                    if time.monotonic() > ends_at:
                        raise httpx.ReadTimeout("the answer takes too long")
                return response.status_code, response.headers.get("Retry-After"), bytes(received)
        except httpx.TimeoutException:
            # It has been waited for already, so the endpoint is not asked again; a smaller question may do.
            raise ChainUnavailable(self._say("does not answer in time"), network=self.network, timed_out=True) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise ChainError(self._say("has an address that cannot be used"), network=self.network) from None
        except httpx.ConnectError as error:
            self._fail_passing(f"cannot be reached: {shorten(str(error))}")
        except httpx.HTTPError as error:
            # Only the kind: the text of a protocol error may hold a header, which may be a key.
            self._fail_passing(f"breaks off: {type(error).__name__}")

    def _parse(self, body: bytes, refuse: "_Refuser", batch: bool) -> list[_Answer]:
        """The answers in a body; one error for a whole batch is one answer."""
        is_list = body.lstrip()[:1] == b"["
        try:
            body.decode()  # a result that stays bytes is not checked by the decoder
            answers = _batch_decoder.decode(body) if is_list else [_answer_decoder.decode(body)]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            text = body[:2000].decode("utf-8", "replace")
            if refuse.status != httpx.codes.OK:
                refuse.words("" if "<" in text else text)
            self._fail_passing("sends " + ("a web page" if "<html" in text.lower() else "cut or broken JSON"))
        if is_list != batch and not any(answer.error is not None for answer in answers):
            self._fail_passing("answers one question with many" if is_list else "answers many questions with one")
        return answers

    def _say(self, what: str) -> str:
        return f"{self.network}: the node {self.name} {what}"

    def without_secrets(self, words: str) -> str:
        """A node's words without what it was asked with: some repeat path, key or header."""
        for secret in self._secrets:
            words = words.replace(secret, "…")
        return words

    def _fail_passing(self, what: str) -> NoReturn:
        raise _Passing(self._say(what), network=self.network)

    def raise_refusal(self, refusal: Refusal, method: str, status: int) -> NoReturn:
        """Turn an understood refusal into the error that its verdict asks for."""
        reason = refusal.message or f"HTTP {status}"
        message = self._say(f"refuses {method}: {reason}")
        if refusal.verdict in (Verdict.SHRINK, Verdict.NARROW):
            narrow = refusal.verdict is Verdict.NARROW
            raise RangeTooLarge(message, network=self.network, suggested=refusal.suggested, narrow=narrow)
        if refusal.verdict is Verdict.REVERTED:
            raise CallReverted(message, network=self.network)
        if refusal.verdict is Verdict.FATAL:
            raise ChainError(message, network=self.network)
        wait = refusal.wait_seconds
        if refusal.verdict is Verdict.WAIT and (wait is None or wait <= self._policy.longest_wait_seconds):
            raise _Passing(message, network=self.network, wait_seconds=wait)
        raise ChainUnavailable(message, network=self.network)


class _Refuser:
    """Raises what the refusal of one request means; it knows what was asked and the HTTP frame of the answer."""

    def __init__(self, endpoint: RpcEndpoint, calls: Sequence[Call], status: int, retry_after: str | None) -> None:
        self._endpoint, self._retry_after, self.status = endpoint, retry_after, status
        self._methods = ", ".join(dict.fromkeys(method for method, _ in calls))
        self._from_block = next((_from_block(params) for method, params in calls if method == "eth_getLogs"), None)

    def error(self, error: Any) -> NoReturn:
        """Raise for a JSON-RPC error, which some nodes send as a bare string."""
        fields = error if isinstance(error, dict) else {"message": str(error)}
        code = fields.get("code")
        self.words(str(fields.get("message", "")), code if isinstance(code, int) else 0)

    def words(self, message: str, code: int | None = None) -> NoReturn:
        """Raise for a message and the HTTP status."""
        refusal = understand(
            self._endpoint.without_secrets(message),
            status=self.status,
            code=code,
            retry_after=self._retry_after,
            from_block=self._from_block,
        )
        self._endpoint.raise_refusal(refusal, self._methods, self.status)


def _secrets(url: str, headers: Mapping[str, str]) -> list[str]:
    """What of an address and its headers may be a key: pieces of some length, the longest first."""
    parts = urlsplit(url)
    pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query)), *headers.values()]
    pieces += [piece for piece in (parts.username, parts.password) if piece]
    pieces += [word for value in headers.values() for word in value.split()]
    return sorted({piece for piece in pieces if len(piece) >= _SECRET_CHARACTERS}, key=len, reverse=True)


def _from_block(params: Sequence[object]) -> int | None:
    first = params[0] if params else None
    start = first.get("fromBlock") if isinstance(first, dict) else None
    return int(start, 16) if isinstance(start, str) and start.startswith("0x") else None


def _retry_after(error: Exception) -> bool | float:
    """Stamina's question whether to try again; a number is the pause in seconds that the node asked for."""
    if not isinstance(error, _Passing):
        return False
    return True if error.wait_seconds is None else error.wait_seconds
