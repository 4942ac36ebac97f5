"""The EVM source against a real local node: what it yields equals what the node itself says."""

import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from pipelines.chains.decode import TRANSFER_LOG_SCHEMA, TRANSFER_TOPIC, DishonestAnswer
from pipelines.chains.evm import EvmSource, LogBatch
from pipelines.chains.rpc import RetryPolicy
from pipelines.chains.rpc_pool import RpcPool
from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import deploy_token, minting, transfer
from tests.support.anvil_fixtures import BSC_GENESIS, BSC_USDC, BSC_USDT, start_bsc
from tests.support.hostile_node import HostileNode, Reply, Rule, asks, html_reply, log_filters, refusal
from tests.support.node_oracle import OracleTransfer, all_transfers
from warehouse.errors import ChainUnavailable, WrongChain
from warehouse.settings import NetworkSettings, load_settings

pytestmark = pytest.mark.chain

QUICK = RetryPolicy(attempts=2, wait_seconds=0.001, timeout_seconds=5)
WATCHED = [f"0x{0xD00000 + number:040x}" for number in range(40)]
OUTSIDERS = [f"0x{0xE00000 + number:040x}" for number in range(10)]
BLOCKS = 60


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    """A chain of random transfers: to, from and between watched and other wallets, zero, to oneself, forged tokens."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    node = start_bsc()
    try:
        forged = deploy_token(node, name="Tether USD", symbol="USDT", decimals=18)
        tokens = (BSC_USDT, BSC_USDC, forged)
        everyone = [*WATCHED, *OUTSIDERS]
        node.send_and_mine([minting(token, wallet, 10**30) for token in tokens for wallet in everyone])
        for block in range(BLOCKS):
            amounts = (0, 1, draw.getrandbits(60), draw.getrandbits(80))
            node.send_and_mine(
                [
                    transfer(draw.choice(tokens), draw.choice(everyone), draw.choice(everyone), draw.choice(amounts))
                    for _ in range(draw.randint(0, 12))
                ],
                at=BSC_GENESIS + timedelta(hours=1, seconds=block // 2),
            )
        node.send_and_mine([transfer(BSC_USDT, WATCHED[3], WATCHED[3], 7), minting(BSC_USDC, WATCHED[0], 2**200)])
        node.mine(blocks=5)
        yield node
    finally:
        node.stop()


@pytest.fixture(scope="module")
def truth(chain) -> list[OracleTransfer]:
    watched, tokens = set(WATCHED), {BSC_USDT, BSC_USDC}
    return [one for one in all_transfers(chain.url) if one.token in tokens and {one.sender, one.receiver} & watched]


def bsc_settings(*urls: str, **changes: Any) -> NetworkSettings:
    settings = load_settings(environ={}).networks["live"]["BSC"]
    return NetworkSettings.model_validate({**settings.model_dump(), "rpc_urls": urls, **changes})


@pytest.fixture
def make_source() -> Iterator[Any]:
    pools = []

    def make(*urls: str, **changes: Any) -> EvmSource:
        settings = bsc_settings(*urls, **changes)
        pools.append(RpcPool.from_settings(settings, QUICK))
        return EvmSource(settings, settings.token_list(), pools[-1])

    yield make
    for pool in pools:
        pool.close()


@pytest.fixture
def hostile(chain) -> Iterator[HostileNode]:
    with HostileNode(chain.url) as node:
        yield node


def as_truth(frame: pl.DataFrame) -> list[OracleTransfer]:
    return [
        OracleTransfer(
            row["block_number"],
            row["log_index"],
            row["block_hash"],
            row["block_time"],
            row["tx_hash"],
            row["token_address"],
            row["from_address"],
            row["to_address"],
            int(row["amount_text"]),
        )
        for row in frame.iter_rows(named=True)
    ]


def assert_covers(batches: Sequence[LogBatch], first: int, last: int) -> None:
    """The batches follow one another without gap and hold only rows of their own range."""
    at = first
    for batch in batches:
        assert batch.from_block == at
        assert batch.frame.schema == pl.Schema(TRANSFER_LOG_SCHEMA)
        assert batch.frame["block_number"].is_between(batch.from_block, batch.to_block).all()
        at = batch.to_block + 1
    assert at == last + 1


def assert_equals_truth(source: EvmSource, chain: Anvil, truth: list[OracleTransfer]) -> list[LogBatch]:
    last = chain.block_number()
    batches = list(source.backfill(WATCHED, 0, last))
    assert_covers(batches, 0, last)
    assert as_truth(pl.concat(batch.frame for batch in batches)) == truth
    return batches


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


@pytest.mark.parametrize(("depth", "final"), [(1, lambda newest: newest), (20, lambda n: n - 19), (10**6, lambda n: 0)])
def test_by_depth_the_final_block_has_so_many_confirmations(make_source, chain, depth, final):
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
    frame = make_source(chain.url).headers(range(chain.block_number() + 1))
    assert frame["block_number"].to_list() == list(range(chain.block_number() + 1))
    assert frame["parent_hash"].to_list()[1:] == frame["block_hash"].to_list()[:-1]
    assert frame["block_time"].is_sorted()


def test_the_first_block_at_or_after_a_time_is_found(make_source, chain):
    source = make_source(chain.url)
    last = chain.block_number()
    times = source.headers(range(last + 1))["block_time"].to_list()
    for time in {*times, times[0] - timedelta(days=1), times[-1] + timedelta(seconds=1), times[9] + timedelta(0, 0.5)}:
        expected = next((number for number, at in enumerate(times) if at >= time), last + 1)
        assert source.block_at_or_after(time, 0, last) == expected


def test_times_come_from_headers_where_logs_have_none(make_source, chain, truth, hostile):
    def without_times(answers: Any) -> None:
        for answer in answers[1:]:
            for log in answer["result"]:
                del log["blockTimestamp"]

    hostile.rule = lambda request: hostile.altered(request, without_times) if log_filters(request) else None
    assert_equals_truth(make_source(hostile.url), chain, truth)


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
    hostile.rule = lambda request: html_reply(404)
    make_source(hostile.url, chain.url).check()
    with pytest.raises(ChainUnavailable):
        make_source(hostile.url).check()


def test_decimals_are_read_from_the_contract(make_source, chain):
    source = make_source(chain.url)
    assert source.token_decimals(BSC_USDT) == 18
    with pytest.raises(WrongChain, match="has no decimals"):
        source.token_decimals(OUTSIDERS[0])


# --- nodes that refuse, lag and lie


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


def test_a_node_that_times_out_is_asked_for_less(make_source, chain, truth, hostile):
    slow = limited(20, "")
    hostile.rule = lambda request: Reply(b"", hang_seconds=2) if slow(request) else None
    settings = bsc_settings(hostile.url, max_block_range=70)
    with RpcPool.from_settings(settings, RetryPolicy(attempts=2, timeout_seconds=0.4)) as pool:
        assert_equals_truth(EvmSource(settings, settings.token_list(), pool), chain, truth)


def first_log(change: dict[str, Any]) -> Any:
    """Change the first log of the first answer that has one."""

    def alter(answers: Any) -> None:
        log = next(log for answer in answers[1:] for log in answer["result"])
        log.update(change)

    return alter


def double_differently(answers: Any) -> None:
    logs = next(answer["result"] for answer in answers[1:] if answer["result"])
    logs.append({**logs[0], "data": "0x" + "01" * 32})


LIES = {
    "a removed log": first_log({"removed": True}),
    "a block outside the range": first_log({"blockNumber": "0xffffff"}),
    "a forged token": first_log({"address": "0x" + "fa" * 20}),
    "another wallet": first_log({"topics": [TRANSFER_TOPIC, "0x" + "0" * 24 + "ee" * 20, "0x" + "0" * 24 + "ee" * 20]}),
    "another event": first_log({"topics": ["0x" + "8c" * 32, "0x" + "00" * 32, "0x" + "00" * 32]}),
    "two hashes for a block": first_log({"blockHash": "0x" + "bb" * 32}),
    "a log twice with two amounts": double_differently,
    "a header of another block": lambda answers: answers[0]["result"].update(number="0x1"),
    "a header that is none": lambda answers: answers[0].update(result={"number": "0x1"}),
    "logs that are none": lambda answers: answers[1].update(result={"logs": []}),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_yields_nothing_and_the_next_endpoint_is_asked(make_source, chain, truth, hostile, lie):
    hostile.rule = lambda request: hostile.altered(request, lie) if log_filters(request) else None
    with pytest.raises(DishonestAnswer) as caught:
        next(make_source(hostile.url).backfill(WATCHED, 0, chain.block_number()))
    assert hostile.name in str(caught.value)
    assert HostileNode.KEY not in str(caught.value)
    assert_equals_truth(make_source(hostile.url, chain.url), chain, truth)


def test_a_log_repeated_in_an_answer_counts_once(make_source, chain, truth, hostile):
    def repeat(answers: Any) -> None:
        for answer in answers[1:]:
            answer["result"] += answer["result"]

    hostile.rule = lambda request: hostile.altered(request, repeat) if log_filters(request) else None
    assert_equals_truth(make_source(hostile.url), chain, truth)


def test_what_was_yielded_before_a_failure_stays_and_the_rest_is_asked_for_later(make_source, chain, truth, hostile):
    source = make_source(hostile.url, max_block_range=10)
    hostile.rule = lambda request: (
        html_reply(503) if log_filters(request) and int(log_filters(request)[0]["toBlock"], 16) > 30 else None
    )
    batches: list[LogBatch] = []
    with pytest.raises(ChainUnavailable):
        for batch in source.backfill(WATCHED, 0, chain.block_number()):
            batches.append(batch)  # noqa: PERF402 - extend() would keep nothing when the source fails
    hostile.rule = None
    batches += source.backfill(WATCHED, batches[-1].to_block + 1, chain.block_number())
    assert_covers(batches, 0, chain.block_number())
    assert as_truth(pl.concat(batch.frame for batch in batches)) == truth
