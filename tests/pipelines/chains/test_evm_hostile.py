"""The EVM source and nodes that refuse, lag, hang and lie: nothing is lost, nothing false is kept."""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from pipelines.chains.decode import TRANSFER_TOPIC, DishonestAnswer
from pipelines.chains.evm import EvmSource, LogBatch
from pipelines.chains.rpc import RetryPolicy
from pipelines.chains.rpc_pool import RpcPool
from tests.support.evm_truth import (
    WATCHED,
    as_truth,
    assert_covers,
    assert_equals_truth,
    bsc_settings,
)
from tests.support.hostile_node import (
    HostileNode,
    Reply,
    Rule,
    answered,
    asks,
    html_reply,
    log_answers,
    log_filters,
    refusal,
)
from warehouse.errors import ChainUnavailable

pytestmark = pytest.mark.chain


def limited(most_blocks: int, words: str, status: int = 200) -> Rule:
    """A node that takes so many blocks at once and says so in a provider's words."""

    def rule(request: Any) -> Reply | None:
        for asked in log_filters(request):
            first, last = int(asked["fromBlock"], 16), int(asked["toBlock"], 16)
            if last - first + 1 > most_blocks:
                return refusal(
                    request, words.format(first=hex(first), last=hex(first + most_blocks - 1)), -32000, status
                )
        return None

    return rule


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("query returned more than 10000 results. Try with this block range [{first}, {last}].", 200),
        ("Log response size exceeded. this block range should work: [{first}, {last}]", 400),
        ("exceed maximum block range: 13", 200),
        ("eth_getLogs is limited to a 13 range", 413),
        ("block range is too wide", 200),
    ],
)
def test_a_nodes_limit_is_learnt_and_nothing_is_lost(make_source, chain, truth, hostile, words, status):
    hostile.rule = limited(13, words, status)
    batches = assert_equals_truth(make_source(hostile.url), chain, truth)
    sizes = [batch.to_block - batch.from_block + 1 for batch in batches[:-1]]
    assert all(6 <= size <= 13 for size in sizes)
    refused = len([request for request in hostile.requests if log_filters(request)]) - len(batches)
    assert refused <= 12


def test_a_refused_single_block_is_asked_for_with_fewer_addresses(make_source, truth, hostile):
    def rule(request: Any) -> Reply | None:
        for asked in log_filters(request):
            if max(len(position) for position in asked["topics"][1:] if position) > 3:
                return refusal(request, "query exceeds max results 10", -32600)
        return None

    hostile.rule = rule
    batches = list(make_source(hostile.url).backfill(WATCHED, 20, 30))
    assert_covers(batches, 20, 30)
    rows = as_truth(pl.concat(batch.frame for batch in batches))
    assert rows == [one for one in truth if 20 <= one.block <= 30]


def test_too_many_addresses_are_split_without_shortening_the_range(make_source, chain, truth, hostile):
    def rule(request: Any) -> Reply | None:
        for asked in log_filters(request):
            if max(len(position) for position in asked["topics"][1:] if position) > 15:
                return refusal(request, "exceed max addresses or topics per search position")
        return None

    hostile.rule = rule
    assert len(assert_equals_truth(make_source(hostile.url), chain, truth)) == 1


def test_a_node_that_refuses_even_the_smallest_question_gives_way_to_the_next(make_source, chain, truth, hostile):
    hostile.rule = limited(0, "block range is too wide")
    assert_equals_truth(make_source(hostile.url, chain.url), chain, truth)
    with pytest.raises(ChainUnavailable, match="too wide"):
        list(make_source(hostile.url).backfill(WATCHED, 0, 3))


def test_more_than_a_thousand_addresses_go_in_several_questions(make_source, chain, truth, hostile):
    many = [*WATCHED, *(f"0x{0xF00000 + number:040x}" for number in range(2500))]
    frame = pl.concat(batch.frame for batch in make_source(hostile.url).backfill(many, 0, chain.block_number()))
    assert as_truth(frame) == truth
    longest = max(len(asked["topics"][-1]) for request in hostile.requests for asked in log_filters(request))
    assert longest == 1000


def test_a_node_that_is_behind_gives_way_to_the_next(make_source, chain, truth, hostile):
    behind = 30

    def rule(request: Any) -> Reply | None:
        if not log_filters(request) or int(log_filters(request)[0]["toBlock"], 16) <= behind:
            return None
        answers = [{"id": call["id"], "result": [] if call["method"] == "eth_getLogs" else None} for call in request]
        return Reply(json.dumps(answers).encode())

    hostile.rule = rule
    assert_equals_truth(make_source(hostile.url, chain.url, max_block_range=10), chain, truth)
    with pytest.raises(ChainUnavailable, match="with nothing"):
        list(make_source(hostile.url).backfill(WATCHED, 0, chain.block_number()))


def test_a_node_that_times_out_is_asked_for_less(chain, truth, hostile):
    slow = limited(20, "")
    hostile.rule = lambda request: Reply(b"", hang_seconds=2) if slow(request) else None
    settings = bsc_settings(hostile.url, max_block_range=70)
    with RpcPool.from_settings(settings, RetryPolicy(attempts=2, timeout_seconds=0.4)) as pool:
        assert_equals_truth(EvmSource(settings, settings.token_list(), pool), chain, truth)


def first_log(change: dict[str, Any]) -> Any:
    """Change the first log of the first answer that has one."""

    def alter(answers: Any) -> None:
        log = next(log for answer in log_answers(answers) for log in answer["result"])
        log.update(change)

    return alter


def double_differently(answers: Any) -> None:
    logs = next(answer["result"] for answer in log_answers(answers) if answer["result"])
    logs.append({**logs[0], "data": "0x" + "01" * 32})


LIES = {
    "a removed log": first_log({"removed": True}),
    "a block outside the range": first_log({"blockNumber": "0xffffff"}),
    "a forged token": first_log({"address": "0x" + "fa" * 20}),
    "another wallet": first_log({"topics": [TRANSFER_TOPIC, "0x" + "0" * 24 + "ee" * 20, "0x" + "0" * 24 + "ee" * 20]}),
    "another event": first_log({"topics": ["0x" + "8c" * 32, "0x" + "00" * 32, "0x" + "00" * 32]}),
    "another time than its block's": first_log({"blockTimestamp": "0x1"}),
    "an impossible time": first_log({"blockTimestamp": "0xfffffffffffffff"}),
    "an impossible place": first_log({"logIndex": "0x20000"}),
    "two hashes for a block": first_log({"blockHash": "0x" + "bb" * 32}),
    "a log twice with two amounts": double_differently,
    "a header of another block": lambda answers: answers[0]["result"].update(number="0x1"),
    "a header that is none": lambda answers: answers[0].update(result={"number": "0x1"}),
    "logs that are none": lambda answers: log_answers(answers)[0].update(result={"logs": []}),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_yields_nothing_and_the_next_endpoint_is_asked(make_source, chain, truth, hostile, lie):
    hostile.rule = lambda request: hostile.altered(request, lie) if log_filters(request) else None
    with pytest.raises(DishonestAnswer) as caught:
        next(make_source(hostile.url).backfill(WATCHED, 0, chain.block_number()))
    assert hostile.name in str(caught.value)
    assert HostileNode.KEY not in str(caught.value)
    assert_equals_truth(make_source(hostile.url, chain.url), chain, truth)


def test_a_last_block_with_another_hash_in_its_logs_is_refused(make_source, truth, hostile):
    lie = first_log({"blockHash": "0x" + "bb" * 32})
    hostile.rule = lambda request: hostile.altered(request, lie) if log_filters(request) else None
    last = truth[-1].block
    with pytest.raises(DishonestAnswer, match=f"two hashes for block {last}"):
        next(make_source(hostile.url).backfill(WATCHED, last, last))


def test_headers_that_do_not_fit_the_logs_are_refused(make_source, chain, hostile):
    def without_times(answers: Any) -> None:
        for answer in log_answers(answers):
            for log in answer["result"]:
                del log["blockTimestamp"]

    def other_hash(answers: Any) -> None:
        answers[0]["result"]["hash"] = "0x" + "bb" * 32

    def rule(request: Any) -> Reply | None:
        if not isinstance(request, list):
            return None
        return hostile.altered(request, without_times if log_filters(request) else other_hash)

    hostile.rule = rule
    with pytest.raises(DishonestAnswer, match="different hashes"):
        next(make_source(hostile.url).backfill(WATCHED, 0, chain.block_number() - 1))


@pytest.mark.parametrize("result", [{"chain": 56}, 56, "56", "0x"])
def test_a_node_that_names_no_chain_id_is_not_used(make_source, hostile, result):
    hostile.rule = lambda request: answered(request, result) if asks(request, "eth_chainId") else None
    with pytest.raises(DishonestAnswer, match="names no chain id"):
        make_source(hostile.url).head()


@pytest.mark.parametrize("most", [7, 1])
def test_a_limit_of_calls_in_a_batch_is_learnt(make_source, chain, hostile, most):
    hostile.rule = lambda request: html_reply(413) if isinstance(request, list) and len(request) > most else None
    numbers = list(range(chain.block_number()))
    assert [header.number for header in make_source(hostile.url).headers(numbers)] == numbers


def test_a_node_that_takes_no_batch_at_all_gives_way_to_the_next(make_source, chain, hostile):
    hostile.rule = lambda request: html_reply(413) if isinstance(request, list) else None
    source = make_source(hostile.url, chain.url)
    assert source.head().number == chain.block_number()
    assert len(source.headers([1, 2])) == 2
    for ask in (lambda alone: alone.head(), lambda alone: alone.headers([1, 2])):
        with pytest.raises(ChainUnavailable, match="HTTP 413"):
            ask(make_source(hostile.url))


def test_a_log_repeated_in_an_answer_counts_once(make_source, chain, truth, hostile):
    def repeat(answers: Any) -> None:
        for answer in log_answers(answers):
            answer["result"] += answer["result"]

    hostile.rule = lambda request: hostile.altered(request, repeat) if log_filters(request) else None
    assert_equals_truth(make_source(hostile.url), chain, truth)


def collect(batches: list[LogBatch], source: Iterator[LogBatch]) -> None:
    for batch in source:
        batches.append(batch)  # noqa: PERF402 - list.extend keeps nothing when its source fails


def test_what_was_yielded_before_a_failure_stays_and_the_rest_is_asked_for_later(make_source, chain, truth, hostile):
    source = make_source(hostile.url, max_block_range=10)
    hostile.rule = lambda request: (
        html_reply(503) if log_filters(request) and int(log_filters(request)[0]["toBlock"], 16) > 30 else None
    )
    batches: list[LogBatch] = []
    with pytest.raises(ChainUnavailable):
        collect(batches, source.backfill(WATCHED, 0, chain.block_number()))
    hostile.rule = None
    batches += source.backfill(WATCHED, batches[-1].to_block + 1, chain.block_number())
    assert_covers(batches, 0, chain.block_number())
    assert as_truth(pl.concat(batch.frame for batch in batches)) == truth
