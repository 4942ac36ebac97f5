"""Every provider's words are understood: shrink, narrow, wait, elsewhere, fatal."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pipelines.chains.refusals import MESSAGE_LIMIT, Verdict, understand

# (who, HTTP status, code, words, verdict, suggested range when blocks from 1000 on were asked for)
PROVIDERS = [
    (
        "Infura",
        200,
        -32005,
        "query returned more than 10000 results. Try with this block range [0x3E8, 0x44C].",
        Verdict.SHRINK,
        (1000, 1100),
    ),
    ("Infura, throughput", 429, -32005, "project ID request rate exceeded", Verdict.WAIT, None),
    ("Infura, credits", 402, -32005, "daily request count exceeded, request rate limited", Verdict.ELSEWHERE, None),
    (
        "Alchemy",
        400,
        -32602,
        "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the "
        "response size. Based on your parameters, this block range should work: [0x3e8, 0x3f2]",
        Verdict.SHRINK,
        (1000, 1010),
    ),
    (
        "Alchemy, free",
        400,
        -32600,
        "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range.",
        Verdict.SHRINK,
        (1000, 1009),
    ),
    (
        "Alchemy, time-out",
        400,
        -32000,
        "Query timeout exceeded. Consider reducing your block range. This block range should work: [0x3e8, 0x3e9]",
        Verdict.SHRINK,
        (1000, 1001),
    ),
    ("a time-out with a range", 504, None, "timed out, try [0x3e8, 0x3e9]", Verdict.SHRINK, (1000, 1001)),
    ("Alchemy, units", 429, 429, "exceeded its compute units per second capacity", Verdict.WAIT, None),
    ("QuickNode", 413, None, "eth_getLogs is limited to a 10,000 range", Verdict.SHRINK, (1000, 10_999)),
    ("Ankr", 200, -32600, "block range is too wide", Verdict.SHRINK, None),
    (
        "Ankr, results",
        200,
        -32600,
        "query exceeds max results 20000, retry with the range 1000-1700",
        Verdict.SHRINK,
        (1000, 1700),
    ),
    ("BSC dataseed", 200, -32005, "limit exceeded", Verdict.WAIT, None),
    ("publicnode", 200, -32701, "exceed maximum block range: 50000", Verdict.SHRINK, (1000, 50_999)),
    ("publicnode, many topics", 503, None, "", Verdict.WAIT, None),
    ("dRPC", 200, 35, "ranges over 10000 blocks are not supported on freetier", Verdict.SHRINK, (1000, 10_999)),
    ("geth", 200, -32000, "exceed max addresses or topics per search position", Verdict.NARROW, None),
    ("Bor", 200, -32602, "exceed max addresses or topics per search position", Verdict.NARROW, None),
    ("geth, behind", 200, -32602, "invalid block range params", Verdict.ELSEWHERE, None),
    ("geth, behind, newer", 200, -32000, "block range extends beyond current head block", Verdict.ELSEWHERE, None),
    ("geth, pruned", 200, -32000, "missing trie node 0xabc (path )", Verdict.ELSEWHERE, None),
    ("java-tron", 200, -32602, "exceed max block range: 5000", Verdict.SHRINK, (1000, 5999)),
    ("java-tron, topics", 200, -32602, "exceed max topics: 1000", Verdict.NARROW, None),
    ("java-tron, results", 200, -32005, "query returned more than 10000 results", Verdict.SHRINK, None),
    (
        "TronGrid",
        403,
        None,
        "The key exceeds the frequency limit(15), and the query server is suspended for 30s",
        Verdict.WAIT,
        None,
    ),
    ("too many, requests", 200, -32005, "Too Many Requests", Verdict.WAIT, None),
    ("too many, blocks", 200, -32005, "requested too many blocks from 0 to 5000", Verdict.SHRINK, None),
    ("method is off", 200, -32601, "the method eth_getLogs does not exist/is not available", Verdict.ELSEWHERE, None),
    ("wrong question", 200, -32602, "invalid argument 0: hex string without 0x prefix", Verdict.FATAL, None),
    ("a contract that reverts", 200, 3, "execution reverted: not today", Verdict.REVERTED, None),
    ("says nothing", 200, -32000, "", Verdict.WAIT, None),
    ("bad key", 401, None, "", Verdict.ELSEWHERE, None),
    ("no money", 402, None, "", Verdict.ELSEWHERE, None),
    ("too long a body", 413, None, "", Verdict.SHRINK, None),
    ("moved", 302, None, "", Verdict.ELSEWHERE, None),
    ("broken", 502, None, "", Verdict.WAIT, None),
]


@pytest.mark.parametrize(
    ("status", "code", "words", "verdict", "suggested"),
    [row[1:] for row in PROVIDERS],
    ids=[row[0] for row in PROVIDERS],
)
def test_a_providers_words_are_understood(status, code, words, verdict, suggested):
    refusal = understand(words, status=status, code=code, from_block=1000)
    assert (refusal.verdict, refusal.suggested) == (verdict, suggested)


def test_a_limit_in_blocks_suggests_nothing_when_no_blocks_were_asked_for():
    assert understand("exceed maximum block range: 50000", code=-32701).suggested is None


@pytest.mark.parametrize(
    ("retry_after", "words", "seconds"),
    [
        ("7", "", 7.0),
        ("-1", "", 0.0),
        ("soon", "", None),
        (None, "suspended for 30s", 30.0),
        (None, "", None),
        (format_datetime(datetime(2001, 1, 1, tzinfo=UTC)), "", 0.0),
    ],
)
def test_the_time_to_wait_is_read(retry_after, words, seconds):
    assert understand(words, status=429, retry_after=retry_after).wait_seconds == seconds


def test_a_date_to_wait_for_is_counted_from_now():
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60))
    seconds = understand("", status=429, retry_after=in_a_minute).wait_seconds
    assert seconds is not None
    assert 50 < seconds <= 60


def test_a_nodes_words_are_shown_short_and_without_its_address():
    refusal = understand("see https://node.example/v3/SECRET?key=SECRET\n " + "x" * 10_000, code=-32000)
    assert "SECRET" not in refusal.message
    assert len(refusal.message) == MESSAGE_LIMIT
    assert "\n" not in refusal.message
