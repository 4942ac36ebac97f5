"""The EVM source against a real local node: what it yields equals what the node itself says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from pipelines.chains.decode import DishonestAnswer
from pipelines.chains.headers import BlockRef, to_frame
from pipelines.demo.anvil import Anvil
from tests.support.anvil_fixtures import BSC_USDT
from tests.support.evm_truth import (
    OUTSIDERS,
    WATCHED,
    as_truth,
    assert_covers,
    assert_equals_truth,
)
from tests.support.hostile_node import answered, asks, calls_of, html_reply, log_answers, log_filters
from warehouse.errors import ChainUnavailable, WrongChain

pytestmark = pytest.mark.chain


# --- against the node itself


@pytest.mark.parametrize("blocks", [1, 7, 2000])
def test_the_batches_equal_the_nodes_own_logs_whatever_the_range(make_source, chain, truth, blocks):
    assert len(truth) > 100
    assert any(one.amount == 0 for one in truth)
    assert any(one.sender == one.receiver for one in truth)
    assert_equals_truth(make_source(chain.url, max_block_range=blocks), chain, truth)


def test_an_amount_beyond_38_digits_keeps_its_text(make_source, chain):
    frame = pl.concat(batch.frame for batch in make_source(chain.url).backfill(WATCHED, 0, chain.block_number()))
    huge = frame.filter(pl.col("amount_base_units").is_null())
    assert huge["amount_text"].to_list() == [str(2**200)]
    fits = frame.filter(pl.col("amount_base_units").is_not_null())
    assert [str(amount) for amount in fits["amount_base_units"]] == fits["amount_text"].to_list()


def test_addresses_in_any_spelling_are_the_same_addresses(make_source, chain, truth):
    source = make_source(chain.url)
    shouted = ["0x" + address[2:].upper() for address in WATCHED]
    frame = pl.concat(batch.frame for batch in source.backfill([*WATCHED, *shouted], 0, chain.block_number()))
    assert as_truth(frame) == truth


def test_a_part_of_the_chain_gives_its_part_of_the_logs(make_source, chain, truth):
    batches = list(make_source(chain.url, max_block_range=5).backfill(WATCHED, 20, 40))
    assert_covers(batches, 20, 40)
    rows = as_truth(pl.concat(batch.frame for batch in batches))
    assert rows == [one for one in truth if 20 <= one.block <= 40]


def test_progress_is_told_after_each_batch(make_source, chain):
    told: list[tuple[int, int]] = []
    source = make_source(chain.url, max_block_range=10)
    list(source.backfill(WATCHED, 0, 30, on_progress=lambda covered, last: told.append((covered, last))))
    assert told[0] == (9, 30)
    assert told[-1] == (30, 30)


def test_an_empty_range_yields_nothing_and_asks_nothing(make_source, hostile):
    assert list(make_source(hostile.url).backfill(WATCHED, 10, 9)) == []
    assert hostile.requests == []


def test_without_addresses_the_range_is_covered_by_one_empty_batch(make_source, hostile):
    batches = list(make_source(hostile.url).backfill([], 3, 9))
    assert_covers(batches, 3, 9)
    assert hostile.requests == []


# --- heads, headers, times


def test_the_head_is_the_newest_and_the_finalised_block(make_source, chain):
    head = make_source(chain.url).head()
    assert (head.number, head.finalized_number) == (chain.block_number(), chain.block_number() - 2)
    block = chain.rpc("eth_getBlockByNumber", hex(head.finalized_number), False)
    assert head.finalized_hash == block["hash"]
    assert head.finalized_time == datetime.fromtimestamp(int(block["timestamp"], 16), UTC)


@pytest.mark.parametrize(
    ("depth", "final"), [(1, lambda newest: newest), (20, lambda newest: newest - 19), (10**6, lambda _: 0)]
)
def test_r21_by_depth_the_final_block_has_so_many_confirmations(make_source, chain, depth, final):
    head = make_source(chain.url, finality="depth", finality_depth=depth).head()
    assert head.finalized_number == final(head.number)


def test_a_node_without_a_finalised_block_is_told_with_what_to_set(make_source, hostile):
    hostile.rule = lambda request: (
        hostile.altered(request, lambda answers: answers[1].update(result=None)) if isinstance(request, list) else None
    )
    with pytest.raises(ChainUnavailable, match="no finalised block") as caught:
        make_source(hostile.url).head()
    assert 'finality = "depth"' in str(caught.value.hint)


def test_a_final_block_above_the_newest_is_refused(make_source, hostile):
    hostile.rule = lambda request: (
        hostile.altered(request, lambda answers: answers[1]["result"].update(number="0xffffff"))
        if isinstance(request, list)
        else None
    )
    with pytest.raises(DishonestAnswer, match="above its newest"):
        make_source(hostile.url).head()


def test_headers_are_rows_of_the_raw_table_linked_by_their_hashes(make_source, chain):
    headers = make_source(chain.url).headers(range(chain.block_number() + 1))
    frame = to_frame(headers, mode="live", network="BSC")
    assert frame["block_number"].to_list() == list(range(chain.block_number() + 1))
    assert frame["parent_hash"].to_list()[1:] == frame["block_hash"].to_list()[:-1]
    assert frame["block_time"].is_sorted()


def test_the_first_block_at_or_after_a_time_is_found(make_source, chain):
    source = make_source(chain.url)
    last = chain.block_number()
    times = [header.time for header in source.headers(range(last + 1))]
    for time in {*times, times[0] - timedelta(days=1), times[-1] + timedelta(seconds=1), times[9] + timedelta(0, 0.5)}:
        expected = next((number for number, at in enumerate(times) if at >= time), last + 1)
        assert source.block_at_or_after(time, 0, last) == expected


def test_times_come_from_headers_where_logs_have_none(make_source, chain, truth, hostile):
    def without_times(answers: Any) -> None:
        for answer in log_answers(answers):
            for log in answer["result"]:
                del log["blockTimestamp"]

    hostile.rule = lambda request: hostile.altered(request, without_times) if log_filters(request) else None
    assert_equals_truth(make_source(hostile.url), chain, truth)


def test_a_search_needs_no_older_headers_than_it_must(make_source, chain, hostile):
    newest = chain.block_number()
    pruned = [hex(number) for number in range(newest - 5)]
    hostile.rule = lambda request: (
        answered(request, None)
        if asks(request, "eth_getBlockByNumber") and any(call["params"][0] in pruned for call in calls_of(request))
        else None
    )
    source = make_source(hostile.url)
    time = source.headers([newest - 2])[0].time
    assert source.block_at_or_after(time, newest - 5, newest) <= newest - 2


def test_a_node_that_stands_still_gives_way_to_one_that_does_not(make_source, chain, hostile):
    old = chain.block_number() - 20
    hostile.rule = lambda request: (
        hostile.altered_request(request, {"latest": hex(old), "finalized": hex(old - 2)})
        if asks(request, "eth_getBlockByNumber")
        else None
    )
    source = make_source(hostile.url, chain.url)
    assert source.head().number == chain.block_number()
    asked = len(hostile.requests)
    source.headers([1])
    assert len(hostile.requests) == asked, "the node that stands still is asked first again"
    assert make_source(hostile.url).head().number == old


def test_headers_come_only_from_a_node_on_the_chain_of_the_final_block(make_source, chain):
    elsewhere = BlockRef(7, "0x" + "aa" * 32)
    with pytest.raises(DishonestAnswer, match="as block 7, another node 0xaaaa"):
        make_source(chain.url).headers([3], elsewhere)
    with pytest.raises(DishonestAnswer, match="as block 7"):
        next(make_source(chain.url).backfill(WATCHED, 0, 5, chain=elsewhere))


# --- the right chain, the right tokens


def test_a_node_of_another_chain_is_refused_by_name_of_both(make_source):
    with Anvil(1) as ethereum:
        source = make_source(ethereum.url)
        for ask in (source.check, source.head, lambda: list(source.backfill(WATCHED, 0, 0))):
            with pytest.raises(WrongChain, match=r"serves chain 1, but the settings say 56"):
                ask()


def test_one_wrong_endpoint_among_good_ones_is_found(make_source, chain, hostile):
    hostile.rule = lambda request: (
        hostile.altered(request, lambda answer: answer.update(result="0x1")) if asks(request, "eth_chainId") else None
    )
    source = make_source(chain.url, hostile.url)
    with pytest.raises(WrongChain, match=hostile.name):
        source.check()


def test_one_silent_endpoint_among_good_ones_passes_the_check(make_source, chain, hostile):
    hostile.rule = lambda _: html_reply(404)
    make_source(hostile.url, chain.url).check()
    with pytest.raises(ChainUnavailable):
        make_source(hostile.url).check()


def test_decimals_are_read_from_the_contract(make_source, chain):
    source = make_source(chain.url)
    assert source.token_decimals(BSC_USDT) == 18
    with pytest.raises(WrongChain, match="has no decimals"):
        source.token_decimals(OUTSIDERS[0])
