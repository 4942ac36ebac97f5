"""Endpoints that refuse, break and lie, each a real HTTP server."""

import logging
import time
from collections.abc import Iterator

import pytest

from pipelines.chains.rpc import RetryPolicy, RpcEndpoint
from tests.support.hostile_node import (
    HostileNode,
    Reply,
    answered,
    calls_of,
    compressed,
    html_reply,
    json_reply,
    refusal,
)
from tests.support.rpc_endpoints import LOGS, QUICK, assert_names_only, endpoint_of
from warehouse.errors import ChainError, ChainUnavailable, RangeTooLarge


@pytest.fixture
def node() -> Iterator[HostileNode]:
    with HostileNode() as node:
        yield node


@pytest.fixture
def endpoint(node) -> Iterator[RpcEndpoint]:
    endpoint = endpoint_of(node)
    yield endpoint
    endpoint.close()


def test_a_call_gives_the_bytes_of_its_result(node, endpoint):
    assert bytes(endpoint.call("eth_chainId")) == b'"0x38"'
    assert node.requests[0]["method"] == "eth_chainId"
    assert node.request_headers[0]["X-Key"] == "abc"


def test_a_batch_gives_results_in_the_order_of_its_calls_whatever_the_order_of_the_answers(node, endpoint):
    node.rule = lambda request: json_reply([{"id": call["id"], "result": call["method"]} for call in request[::-1]])
    assert [bytes(result) for result in endpoint.batch([("one", []), ("two", [])])] == [b'"one"', b'"two"']


def test_an_empty_batch_asks_nothing(node, endpoint):
    assert endpoint.batch([]) == []
    assert node.requests == []


def test_a_compressed_answer_is_read(node, endpoint):
    node.rule = lambda request: compressed(answered(request, "0x1"))
    assert bytes(endpoint.call("eth_chainId")) == b'"0x1"'


PASSING = {
    "429": lambda request: refusal(request, "Too Many Requests", -32005, 429, Retry_After="0"),
    "429 without JSON": lambda _: html_reply(429, Retry_After="0"),
    "503": lambda _: html_reply(503, Retry_After="0.01"),
    "200 that says rate limited": lambda request: refusal(request, "rate limit exceeded", -32005),
    "error as text": lambda request: json_reply({"id": request["id"], "error": "too many requests"}),
    "web page": lambda _: html_reply(),
    "cut JSON": lambda request: Reply(answered(request, "0x38").body[:-3]),
    "cut body": lambda request: Reply(answered(request, "0x38").body, cut=True),
    "JSON too deep": lambda _: Reply(b'{"result": ' + b"[" * 100_000),
    "empty body": lambda _: Reply(b""),
    "not UTF-8": lambda _: Reply(b'{"id": 1, "result": "\xff\xfe"}'),
    "not compressed as said": lambda _: Reply(b"{}", headers={"Content-Encoding": "gzip"}),
    "a result under a failing status": lambda request: json_reply({"id": request["id"], "result": "0x1"}, 500),
    "null": lambda request: answered(request, None),
    "no result": lambda request: json_reply({"id": request["id"]}),
    "other id": lambda request: json_reply({"id": request["id"] + 1, "result": "0x1"}),
    "id as text": lambda request: json_reply({"id": str(request["id"]), "result": "0x1"}),
    "id as true": lambda _: json_reply({"id": True, "result": "0x1"}),
    "a batch": lambda request: json_reply([{"id": request["id"], "result": "0x1"}]),
    "bare value": lambda _: json_reply("0x38"),
}


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING.keys())
def test_what_may_pass_is_asked_again(node, endpoint, reply):
    first = {"id": 1}
    node.queue = [reply(first)]
    assert bytes(endpoint.call("eth_chainId")) == b'"0x38"'
    assert len(node.requests) == 2


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING.keys())
def test_what_does_not_pass_ends_as_unavailable(node, endpoint, reply):
    node.rule = reply
    with pytest.raises(ChainUnavailable) as caught:
        endpoint.call("eth_chainId")
    assert len(node.requests) == QUICK.attempts
    assert_names_only(node, caught.value)


BROKEN_BATCHES = {
    "an answer is missing": lambda request: answered(request[1:], "0x1"),
    "an answer comes twice": lambda request: answered([request[0], request[0]], "0x1"),
    "one answer too many": lambda request: answered([*request, {"id": 999}], "0x1"),
    "one null": lambda request: json_reply(
        [{"id": request[0]["id"], "result": "0x1"}, {"id": request[1]["id"], "result": None}]
    ),
    "one answer for all": lambda request: json_reply({"id": request[0]["id"], "result": "0x1"}),
    "one passing error": lambda request: json_reply(
        [{"id": request[0]["id"], "result": "0x1"}, {"id": request[1]["id"], "error": {"code": 429, "message": "busy"}}]
    ),
    "one passing error for all": lambda request: refusal(request, "rate limit", 429),
    "an empty list": lambda _: json_reply([]),
}


@pytest.mark.parametrize("reply", BROKEN_BATCHES.values(), ids=BROKEN_BATCHES.keys())
def test_a_broken_batch_is_asked_again_and_then_given_up(node, endpoint, reply):
    node.rule = reply
    with pytest.raises(ChainUnavailable):
        endpoint.batch([("eth_chainId", []), ("eth_blockNumber", [])])
    assert len(node.requests) == QUICK.attempts


def test_null_is_an_answer_where_the_caller_says_so(node, endpoint):
    node.default = None
    assert bytes(endpoint.call("eth_getTransactionReceipt", ["0x1"], null=True)) == b"null"


def test_the_time_a_node_asks_for_is_waited(node, endpoint):
    node.queue = [html_reply(429, Retry_After="0.2")]
    began = time.monotonic()
    endpoint.call("eth_chainId")
    assert time.monotonic() - began >= 0.2


def test_a_node_that_asks_for_too_long_a_wait_is_left_at_once(node, endpoint):
    node.rule = lambda _: html_reply(429, Retry_After="3600")
    with pytest.raises(ChainUnavailable):
        endpoint.call("eth_chainId")
    assert len(node.requests) == 1


@pytest.mark.parametrize("status", [401, 402, 403, 404, 302])
def test_a_status_that_will_not_pass_is_not_asked_again(node, endpoint, status):
    node.rule = lambda _: html_reply(status)
    with pytest.raises(ChainUnavailable, match=str(status)):
        endpoint.call("eth_chainId")
    assert len(node.requests) == 1


def test_too_large_a_range_is_told_with_the_suggested_one(node, endpoint):
    words = "query returned more than 10000 results. Try with this block range [0x3e8, 0x3f0]."
    node.rule = lambda request: refusal(request, words, -32005)
    with pytest.raises(RangeTooLarge) as caught:
        endpoint.call(*LOGS)
    assert caught.value.suggested == (1000, 1008)
    assert len(node.requests) == 1


def test_a_limit_in_blocks_counts_from_the_block_asked_for(node, endpoint):
    node.rule = lambda _: Reply(b"eth_getLogs is limited to a 10,000 range", 413)
    with pytest.raises(RangeTooLarge) as caught:
        endpoint.batch([("eth_blockNumber", []), LOGS])
    assert caught.value.suggested == (1000, 10_999)


def test_too_many_addresses_are_told_apart_from_too_many_blocks(node, endpoint):
    node.rule = lambda request: refusal(request, "exceed max addresses or topics per search position")
    with pytest.raises(RangeTooLarge) as caught:
        endpoint.call(*LOGS)
    assert caught.value.details["narrow"]


def test_an_answer_that_is_too_long_counts_as_too_large_a_range(node):
    endpoint = endpoint_of(node, RetryPolicy(attempts=1, answer_bytes=1000))
    node.default = "0x" + "0" * 2000
    with pytest.raises(RangeTooLarge):
        endpoint.call(*LOGS)
    endpoint.close()


def test_a_wrong_question_is_not_asked_again(node, endpoint):
    node.rule = lambda request: refusal(request, "invalid argument 0", -32602)
    with pytest.raises(ChainError, match="invalid argument 0") as caught:
        endpoint.call("eth_getLogs", [{}])
    assert not isinstance(caught.value, ChainUnavailable)
    assert len(node.requests) == 1


def test_a_node_that_hangs_is_given_up_once_and_marked_as_timed_out(node):
    endpoint = endpoint_of(node, RetryPolicy(attempts=3, timeout_seconds=0.1))
    node.rule = lambda _: Reply(b"{}", hang_seconds=5)
    with pytest.raises(ChainUnavailable, match="in time") as caught:
        endpoint.call("eth_chainId")
    assert caught.value.details["timed_out"]
    assert len(node.requests) == 1
    endpoint.close()


def test_a_node_that_drips_its_answer_is_given_up(node):
    endpoint = endpoint_of(node, RetryPolicy(attempts=3, timeout_seconds=1, answer_seconds=0.2))
    node.rule = lambda request: Reply(answered(request, "0x38").body, drip_seconds=0.02)
    with pytest.raises(ChainUnavailable, match="in time"):
        endpoint.call("eth_chainId")
    assert len(node.requests) == 1
    endpoint.close()


def test_an_address_that_cannot_be_used_is_an_error_at_once():
    endpoint = RpcEndpoint("ftp://127.0.0.1/SECRET", network="BSC", policy=QUICK)
    with pytest.raises(ChainError, match="cannot be used") as caught:
        endpoint.call("eth_chainId")
    assert "SECRET" not in str(caught.value)


def test_a_node_that_is_down_is_unavailable():
    with HostileNode() as gone:
        endpoint = endpoint_of(gone)
    with pytest.raises(ChainUnavailable, match="cannot be reached") as caught:
        endpoint.call("eth_chainId")
    assert_names_only(gone, caught.value)
    endpoint.close()


@pytest.mark.parametrize("header", ["clé", "two\nlines"])
def test_a_header_that_cannot_be_sent_is_an_error_that_does_not_show_it(node, header):
    with pytest.raises(ChainError) as caught:
        RpcEndpoint(node.url, network="BSC", headers={"X-Key": header}, policy=QUICK).call("eth_chainId")
    assert header not in str(caught.value)


def test_no_message_or_log_line_shows_the_key_of_an_address(node, endpoint, caplog):
    caplog.set_level(logging.DEBUG)
    node.rule = lambda request: refusal(request, f"bad request to {node.url}", -32000)
    with pytest.raises(ChainUnavailable) as caught:
        endpoint.call("eth_chainId")
    assert_names_only(node, caught.value)
    assert HostileNode.KEY not in caplog.text


def test_calls_of_one_connection_have_ids_of_their_own(node, endpoint):
    endpoint.call("one")
    endpoint.batch([("two", []), ("three", [])])
    ids = [call["id"] for request in node.requests for call in calls_of(request)]
    assert len(set(ids)) == 3
