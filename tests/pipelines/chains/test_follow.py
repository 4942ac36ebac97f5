"""Blocks followed to the head by their hashes: whole, from one node, whatever the node says in between."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.chains.decode import DishonestAnswer
from pipelines.chains.evm import EvmSource
from pipelines.chains.follow import Segment
from pipelines.chains.headers import BlockRef
from pipelines.demo.anvil import Anvil
from tests.pipelines.chains.test_evm_hostile import LIES
from tests.support.evm_truth import WATCHED, as_truth
from tests.support.hostile_node import HostileNode, Reply, answered, asks, html_reply, log_filters, refusal
from tests.support.node_oracle import OracleTransfer
from warehouse.errors import ChainUnavailable, FinalBlockChanged

pytestmark = pytest.mark.chain

FIRST = 30


def ref(chain: Anvil, number: int) -> BlockRef:
    return BlockRef(number, chain.rpc("eth_getBlockByNumber", hex(number), False)["hash"])


def followed(source: EvmSource, chain: Anvil, addresses: list[str] | None = None) -> Segment:
    return source.follow([ref(chain, FIRST)], chain.block_number(), addresses or WATCHED)


def assert_whole(segment: Segment, chain: Anvil, truth: list[OracleTransfer]) -> None:
    """Every block from FIRST to the head, and every log after FIRST."""
    assert [block.number for block in segment.blocks] == list(range(FIRST, chain.block_number() + 1))
    assert [header.ref for header in segment.headers] == list(segment.blocks[1:])
    assert as_truth(segment.logs) == [one for one in truth if one.block > FIRST]


def is_by_hash(request: Any) -> bool:
    return any("blockHash" in asked for asked in log_filters(request))


def test_the_head_is_reached_with_all_logs(make_source, chain, truth):
    assert_whole(followed(make_source(chain.url), chain), chain, truth)


def test_nothing_new_asks_for_no_logs(make_source, chain, hostile):
    newest = ref(chain, chain.block_number())
    segment = make_source(hostile.url).follow([newest], newest.number, WATCHED)
    assert (segment.blocks, segment.headers, segment.logs.height) == ((newest,), (), 0)
    assert not any(log_filters(request) for request in hostile.requests)


def test_an_address_that_was_not_read_is_read_in_known_blocks_too(make_source, chain, truth):
    known = [ref(chain, number) for number in range(FIRST, FIRST + 10)]
    new = WATCHED[:3]
    segment = make_source(chain.url).follow(known, chain.block_number(), WATCHED, unread=new)
    expected = [
        one for one in truth if one.block >= FIRST + 10 or (one.block > FIRST and {one.sender, one.receiver} & set(new))
    ]
    assert as_truth(segment.logs) == expected


def test_more_than_a_thousand_addresses_are_asked_for_in_parts(make_source, chain, truth):
    many = [*WATCHED, *(f"0x{0xF00000 + number:040x}" for number in range(1200))]
    assert_whole(followed(make_source(chain.url), chain, many), chain, truth)


@pytest.mark.parametrize("most_calls", [1, 4])
def test_a_node_that_takes_few_calls_at_once_gets_few(make_source, chain, truth, hostile, most_calls):
    hostile.rule = lambda request: (
        html_reply(413) if isinstance(request, list) and len(request) > 1 + most_calls else None
    )
    assert_whole(followed(make_source(hostile.url), chain), chain, truth)


def test_a_node_that_takes_few_addresses_gets_few(make_source, chain, truth, hostile):
    def rule(request: Any) -> Reply | None:
        for asked in log_filters(request):
            if max(len(position) for position in asked["topics"][1:] if position) > 15:
                return refusal(request, "exceed max addresses or topics per search position")
        return None

    hostile.rule = rule
    assert_whole(followed(make_source(hostile.url), chain), chain, truth)


PASSING: dict[str, Callable[[Any], Reply]] = {
    "429": lambda request: refusal(request, "slow down", -32029, 429),
    "429 with a time": lambda request: refusal(request, "slow down", -32029, 429, Retry_After="0"),
    "-32005 as a rate": lambda request: refusal(request, "request rate exceeded", -32005),
    "503 and a page": lambda _: html_reply(503),
    "a page with 200": lambda _: html_reply(),
    "cut JSON": lambda _: Reply(b'[{"jsonrpc":"2.0","id":1,"resu', cut=True),
    "null": lambda request: answered(request, None),
}


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING.keys())
def test_what_passes_is_waited_for(make_source, chain, truth, hostile, reply):
    seen: list[Any] = []

    def once(request: Any) -> Reply | None:
        if not is_by_hash(request) or seen:
            return None
        seen.append(request)
        return reply(request)

    hostile.rule = once
    assert_whole(followed(make_source(hostile.url), chain), chain, truth)
    assert seen


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING.keys())
def test_what_does_not_pass_is_left_for_another_node(make_source, chain, truth, hostile, reply):
    hostile.rule = lambda request: reply(request) if is_by_hash(request) else None
    with pytest.raises(ChainUnavailable) as caught:
        followed(make_source(hostile.url), chain)
    assert hostile.name in str(caught.value)
    assert HostileNode.KEY not in str(caught.value)
    assert_whole(followed(make_source(hostile.url, chain.url), chain), chain, truth)


def test_too_many_results_are_asked_for_in_parts(make_source, chain, truth, hostile):
    hostile.rule = lambda request: (
        refusal(request, "query returned more than 10000 results", -32005) if len(log_filters(request)) > 6 else None
    )
    assert_whole(followed(make_source(hostile.url), chain), chain, truth)


@pytest.mark.parametrize("name", [name for name in LIES if name not in ("two hashes for a block",)])
def test_a_lie_is_not_kept(make_source, chain, truth, hostile, name):
    hostile.rule = lambda request: hostile.altered(request, LIES[name]) if is_by_hash(request) else None
    with pytest.raises(DishonestAnswer):
        followed(make_source(hostile.url), chain)
    assert_whole(followed(make_source(hostile.url, chain.url), chain), chain, truth)


def test_logs_of_another_version_of_the_block_are_refused(make_source, chain, hostile):
    hostile.rule = lambda request: (
        hostile.altered(request, LIES["two hashes for a block"]) if is_by_hash(request) else None
    )
    with pytest.raises(DishonestAnswer, match="another version of the block"):
        followed(make_source(hostile.url), chain)


def test_a_chain_that_does_not_link_ends_where_it_breaks(make_source, chain, truth, hostile):
    def unlink(answers: Any) -> None:
        for answer in answers:
            if answer["result"] and answer["result"]["number"] == hex(FIRST + 6):
                answer["result"]["parentHash"] = "0x" + "cc" * 32

    hostile.rule = lambda request: (
        hostile.altered(request, unlink)
        if asks(request, "eth_getBlockByNumber") and isinstance(request, list)
        else None
    )
    segment = followed(make_source(hostile.url), chain)
    assert [block.number for block in segment.blocks] == list(range(FIRST, FIRST + 6))
    assert as_truth(segment.logs) == [one for one in truth if FIRST < one.block < FIRST + 6]


def test_another_final_block_is_an_alarm_of_this_node(make_source, chain, truth, hostile):
    wrong = BlockRef(FIRST, "0x" + "dd" * 32)
    with pytest.raises(FinalBlockChanged, match=f"the block {FIRST} was final as {wrong.hash}"):
        make_source(chain.url).follow([wrong], chain.block_number(), WATCHED)
    with pytest.raises(FinalBlockChanged):
        make_source(chain.url).standing([wrong], ref(chain, chain.block_number()))

    def other_chain(answers: Any) -> None:
        for answer in answers if isinstance(answers, list) else [answers]:
            answer["result"]["hash"] = "0x" + "ee" * 32

    hostile.rule = lambda request: (
        hostile.altered(request, other_chain) if asks(request, "eth_getBlockByNumber") else None
    )
    assert_whole(followed(make_source(hostile.url, chain.url), chain), chain, truth)


def test_a_node_without_the_final_block_is_behind(make_source, chain, hostile):
    hostile.rule = lambda request: answered(request, None) if asks(request, "eth_getBlockByNumber") else None
    with pytest.raises(ChainUnavailable, match=f"behind the final block {FIRST}"):
        followed(make_source(hostile.url), chain)


def test_times_come_from_the_followed_headers_where_logs_have_none(make_source, chain, truth, hostile):
    def without_times(answers: Any) -> None:
        for answer in answers[1:]:
            for log in answer["result"]:
                del log["blockTimestamp"]

    hostile.rule = lambda request: hostile.altered(request, without_times) if is_by_hash(request) else None
    assert_whole(followed(make_source(hostile.url), chain), chain, truth)
    known = [ref(chain, number) for number in range(FIRST, chain.block_number() + 1)]
    segment = make_source(hostile.url).follow(known, chain.block_number(), WATCHED, unread=WATCHED)
    assert as_truth(segment.logs) == [one for one in truth if one.block > FIRST]
