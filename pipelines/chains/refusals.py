"""What a node means when it refuses: ask for less, wait, ask another node, or give up.

Belongs here: the words of the providers and what follows from them. Does not belong here: acting on it (`rpc.py`,
`evm.py`). Providers share no error codes (-32005 means "too many results" and "too many requests"), so the message
decides, then the HTTP status, then the code.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

# A node writes its messages, so only their beginning is read and shown.
MESSAGE_LIMIT = 300


class Verdict(StrEnum):
    """What to do about a refusal."""

    SHRINK = "shrink"  # the same question over fewer blocks
    NARROW = "narrow"  # the same question with fewer addresses
    WAIT = "wait"  # the same question later
    ELSEWHERE = "elsewhere"  # the same question to another endpoint
    FATAL = "fatal"  # this node finds the question itself wrong
    REVERTED = "reverted"  # the contract's answer, the same on every node


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal, understood.

    Attributes:
        verdict: what to do.
        message: the node's words, shortened and without addresses of the web.
        suggested: first and last block that the node says would work.
        wait_seconds: how long the node asks to wait.
    """

    verdict: Verdict
    message: str
    suggested: tuple[int, int] | None = None
    wait_seconds: float | None = None


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# The first pattern that is found decides, so the narrower wording comes first.
_VERDICTS: tuple[tuple[re.Pattern[str], Verdict], ...] = (
    (_words(r"execution reverted"), Verdict.REVERTED),
    (
        _words(
            r"max(imum)? (addresses|topics)",  # geth, Bor, Erigon, java-tron
            r"too many (topics|addresses|sub-?topics)",
        ),
        Verdict.NARROW,
    ),
    (
        _words(
            r"daily request count",  # Infura: credits of the day
            r"payment required|quota|monthly|credits",
            r"invalid block range|beyond (the )?current head",  # geth: the node is behind
            r"missing trie node|pruned|history|archive",  # the node no longer has it
            r"header not found|block not found|unknown block",
            r"api.?key|(invalid|unknown) project|unauthori[sz]ed|forbidden",
        ),
        Verdict.ELSEWHERE,
    ),
    (
        _words(
            r"batch.*(too large|limit|size|more than|exceed)",  # geth, Erigon, Nethermind, dRPC
            r"(log|block)s? (query )?range (must be|too)",
            r"query returned (more than|too many)",  # Infura, java-tron
            r"response size|response (is )?too (large|big)|result(s)? (is )?too (large|big)",  # Alchemy
            r"block range|ranges? over [\d,]+ blocks",  # Alchemy, Ankr, publicnode, dRPC
            r"limited to (a )?(0 - )?[\d,]+ (blocks? )?range",  # QuickNode
            r"too many (blocks|logs|results)|exceeds? max results|logs matched",  # Ankr
            r"query time(d )?out|query timeout",
            r"range is too (wide|large)|exceeds the range",
        ),
        Verdict.SHRINK,
    ),
    (
        _words(
            r"rate.?limit|request rate|too many requests|request limit",
            r"frequency limit|limit exceeded",  # TronGrid, BSC dataseed
            r"compute units|throughput|per second|try again|temporar|suspended|overload|busy|capacity",
            r"timed? ?out|deadline exceeded",
        ),
        Verdict.WAIT,
    ),
    (
        _words(r"method not found|does not exist|not available|not supported|unsupported|disabled|not allowed"),
        Verdict.ELSEWHERE,
    ),
)
_BY_STATUS = {
    401: Verdict.ELSEWHERE,
    402: Verdict.ELSEWHERE,
    403: Verdict.ELSEWHERE,
    404: Verdict.ELSEWHERE,
    405: Verdict.ELSEWHERE,
    408: Verdict.WAIT,
    413: Verdict.SHRINK,
    429: Verdict.WAIT,
}
_BY_CODE = {
    -32700: Verdict.FATAL,
    -32600: Verdict.FATAL,
    -32601: Verdict.ELSEWHERE,
    -32602: Verdict.FATAL,
    -32603: Verdict.WAIT,
    -32005: Verdict.WAIT,
    -32004: Verdict.ELSEWHERE,
}

_HEX_RANGE = re.compile(r"\[\s*(0x[0-9a-f]{1,15})\s*,\s*(0x[0-9a-f]{1,15})\s*\]", re.IGNORECASE)
_DECIMAL_RANGE = re.compile(r"range\s+(\d{1,15})\s*-\s*(\d{1,15})\b", re.IGNORECASE)
# "maximum block range: 50000", "limited to a 10,000 range", "ranges over 10000 blocks", "up to a 10 block range"
_BLOCK_CAP = re.compile(
    r"(?:max(?:imum)? block range:?|limited to an?|limited to(?: 0 -)?|ranges? over|up to an?)"
    r"\s*(\d[\d,]{0,12})(k?)(?=\s|$|[.])",
    re.IGNORECASE,
)
_SUSPENDED = re.compile(r"suspended for (\d{1,4})\s*s", re.IGNORECASE)
_WEB_ADDRESS = re.compile(r"\w+://\S+")


def understand(
    message: str,
    *,
    status: int = 200,
    code: int | None = None,
    retry_after: str | None = None,
    from_block: int | None = None,
) -> Refusal:
    """What a refusal means.

    Args:
        message: the node's words, of a JSON-RPC error or of an HTTP body.
        status: the HTTP status of the answer.
        code: the code of the JSON-RPC error.
        retry_after: the HTTP header of that name.
        from_block: first block that was asked for; a limit given as a number of blocks is counted from it.
    """
    words = shorten(message)
    verdict = _verdict(words, status, code)
    hex_range = _HEX_RANGE.search(words)
    if hex_range and verdict in (Verdict.WAIT, Verdict.FATAL):
        verdict = Verdict.SHRINK  # Alchemy's time-outs name a range that would work
    suggested = _suggested_range(words, from_block) if verdict is Verdict.SHRINK else None
    return Refusal(verdict, words, suggested, _wait_seconds(words, retry_after))


def shorten(message: str) -> str:
    """A node's words fit to be shown: one short line, without web addresses (they may carry the provider's key)."""
    return _WEB_ADDRESS.sub("(address)", " ".join(message[: 4 * MESSAGE_LIMIT].split()))[:MESSAGE_LIMIT]


def _verdict(words: str, status: int, code: int | None) -> Verdict:
    for pattern, verdict in _VERDICTS:
        if pattern.search(words):
            return verdict
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return Verdict.WAIT
    if code is None:
        return Verdict.ELSEWHERE
    # A code that says nothing, such as -32000: waiting is bounded and ends with another endpoint.
    return _BY_CODE.get(code, Verdict.WAIT)


def _suggested_range(words: str, from_block: int | None) -> tuple[int, int] | None:
    named = _HEX_RANGE.search(words)
    if named:
        return int(named[1], 16), int(named[2], 16)
    named = _DECIMAL_RANGE.search(words)
    if named:
        return int(named[1]), int(named[2])
    cap = _BLOCK_CAP.search(words)
    if cap and from_block is not None:
        blocks = int(cap[1].replace(",", "")) * (1000 if cap[2] else 1)
        return (from_block, from_block + blocks - 1) if blocks else None
    return None


def _wait_seconds(words: str, retry_after: str | None) -> float | None:
    if retry_after:
        try:
            return max(0.0, float(retry_after))  # not money: seconds
        except ValueError:
            pass
        try:
            moment = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    suspended = _SUSPENDED.search(words)
    return float(suspended[1]) if suspended else None  # not money: seconds
