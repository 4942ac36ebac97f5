"""Receipts: what is believed of them, and nodes that do not give them as they should."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.chains import receipts
from pipelines.chains.receipts import POLICY, ReceiptSource, TransactionRef, decode, to_frame
from pipelines.chains.rpc_pool import RpcPool
from tests.support.evm_truth import bsc_settings
from tests.support.hostile_node import Reply, answered, asks, html_reply, json_reply, refusal
from tests.support.node_oracle import node_says

pytestmark = pytest.mark.chain

REAL = Path(__file__).parents[2] / "data" / "real"
TIME = datetime(2026, 1, 1, tzinfo=UTC)
HASH, BLOCK_HASH, SENDER = "0x" + "ab" * 32, "0x" + "cd" * 32, "0x" + "51" * 20
REF = TransactionRef(7, BLOCK_HASH, HASH, TIME)
SAID = {
    "transactionHash": HASH, "blockHash": BLOCK_HASH, "blockNumber": "0x7", "from": SENDER, "gasUsed": "0xfde8",
    "effectiveGasPrice": "0x12a05f200", "status": "0x1", "logs": [], "type": "0x2",
}  # fmt: skip


def decoded(**changes: Any) -> receipts.Receipt | None:
    return decode(json.dumps(SAID | changes).encode(), REF)


def test_the_fee_is_gas_times_price():
    found = decoded(transactionHash=HASH.upper().replace("0X", "0x"))
    assert found is not None
    # 65,000 * 5,000,000,000
    assert (found.gas_used, found.gas_price, found.fee, found.status) == (65_000, 5 * 10**9, 325 * 10**12, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"transactionHash": "0x" + "ac" * 32},
        {"blockHash": "0x" + "ce" * 32},
        {"blockNumber": "0x8"},
        {"blockHash": None},
        {"gasUsed": None},
        {"gasUsed": "65000"},
        {"gasUsed": "0x" + "f" * 16},
        {"from": "0x51"},
        {"effectiveGasPrice": "0x"},
        {"effectiveGasPrice": "-0x1"},
        {"effectiveGasPrice": "0x" + "f" * 31},  # a fee beyond any coin there is
        {"status": "0x2"},
    ],
)
def test_a_receipt_of_something_else_or_of_impossible_figures_is_not_believed(changes):
    assert decoded(**changes) is None


@pytest.mark.parametrize("text", [b"null", b"[]", b'"0x"', b"{}", b"1"])
def test_what_is_no_receipt_is_none(text):
    assert decode(text, REF) is None


@pytest.mark.parametrize(
    "changes", [{"effectiveGasPrice": None}, {"l1Fee": "0x1"}, {"blobGasUsed": "0x20000"}], ids=["price", "l1", "blob"]
)
def test_where_gas_times_price_is_not_all_that_was_paid_there_is_no_fee(changes):
    found = decoded(**changes)
    assert found is not None
    assert (found.gas_used, found.fee) == (65_000, None)


def test_the_real_receipts_of_ethereum_block_18000000_and_of_polygon():
    answers = json.loads((REAL / "eth" / "squid_18000000_receipts.json").read_text())
    answers += [json.loads(path.read_text())["result"] for path in (REAL / "polygon").glob("*TransactionReceipt*")]
    found = []
    for answer in answers:
        ref = TransactionRef(int(answer["blockNumber"], 16), answer["blockHash"], answer["transactionHash"], TIME)
        found.append(decode(json.dumps(answer).encode(), ref))
    by_hash = {receipt.ref.tx_hash: receipt for receipt in found if receipt}
    assert len(by_hash) == len(answers) == 98
    polygon = by_hash["0x479778ca2e619d83288288b1e6504e37d35e66de72cf33a0cf4faa204368c784"]
    assert (polygon.gas_used, polygon.gas_price, polygon.fee) == (131_370, 10**9, 131_370 * 10**9)


@pytest.fixture
def refs(chain) -> list[TransactionRef]:
    """The transactions of all logs of the chain, by its own word."""
    logs = node_says(chain.url, "eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})
    named = {(int(log["blockNumber"], 16), log["blockHash"], log["transactionHash"], TIME) for log in logs}
    return sorted(TransactionRef(*name) for name in named)


@pytest.fixture
def ask() -> Iterator[Callable[..., receipts.Asked]]:
    pools = []

    def asking(refs: list[TransactionRef], *urls: str) -> receipts.Asked:
        pools.append(RpcPool.from_settings(bsc_settings(*urls), POLICY))
        return ReceiptSource(pools[-1]).ask(refs)

    yield asking
    for pool in pools:
        pool.close()


def test_receipts_are_what_the_node_says(chain, refs, ask):
    asked = ask(refs, chain.url)
    assert [receipt.ref for receipt in asked.receipts] == refs
    assert len(refs) > receipts.BATCH, "more than one request"
    rows = to_frame(asked.receipts, mode="live", network="BSC").rows(named=True)
    for row in rows[::40]:
        said = node_says(chain.url, "eth_getTransactionReceipt", row["tx_hash"])
        gas, price = int(said["gasUsed"], 16), int(said["effectiveGasPrice"], 16)
        assert (row["gas_used"], int(row["effective_gas_price_wei"]), int(row["fee_wei"])) == (gas, price, gas * price)
        assert (row["from_address"], row["block_hash"], row["status"]) == (said["from"], said["blockHash"], 1)


REFUSED = refusal({"id": 1}, "the method eth_getTransactionReceipt does not exist", -32601)
LIMITED = refusal({"id": 1}, "rate limit exceeded", -32005, 429)


@pytest.mark.parametrize(
    "reply",
    [REFUSED, LIMITED, html_reply(502), Reply(b"["), json_reply([])],
    ids=["refused", "rate limit", "web page", "cut", "empty"],
)
def test_a_node_that_refuses_costs_one_request_and_is_then_left_alone(refs, hostile, reply):
    hostile.rule = lambda request: reply if asks(request, "eth_getTransactionReceipt") else None
    with RpcPool.from_settings(bsc_settings(hostile.url), POLICY) as pool:
        source = ReceiptSource(pool)
        assert [source.ask(refs) for _ in range(2)] == [receipts.Asked([], set(), is_refused=True)] * 2
    assert len(hostile.requests) == 1


@pytest.mark.parametrize(
    "answer", [None, {}, SAID, "0x1", {"blockHash": BLOCK_HASH}], ids=["null", "empty", "another", "text", "part"]
)
def test_receipts_a_node_does_not_have_or_makes_up_are_absent(refs, ask, hostile, answer):
    hostile.rule = lambda request: answered(request, answer) if asks(request, "eth_getTransactionReceipt") else None
    assert ask(refs[:3], hostile.url) == receipts.Asked([], set(refs[:3]), is_refused=False)


def test_what_one_node_lacks_another_may_have(chain, refs, ask, hostile):
    hostile.rule = lambda request: answered(request, None) if asks(request, "eth_getTransactionReceipt") else None
    assert len(ask(refs[:3], hostile.url, chain.url).receipts) == 3


def test_a_node_that_refuses_one_receipt_gives_the_others(refs, ask, hostile):
    def rule(request: Any) -> Reply:
        def change(answers: list[dict[str, Any]]) -> None:
            answers[1] = {"id": answers[1]["id"], "error": {"code": -32000, "message": "transaction indexing"}}

        return hostile.altered(request, change)

    hostile.rule = rule
    asked = ask(refs[:3], hostile.url)
    assert ([receipt.ref for receipt in asked.receipts], asked.absent) == ([refs[0], refs[2]], {refs[1]})


def test_a_node_that_takes_few_questions_at_once_gets_few(refs, ask, hostile):
    too_many = refusal([], "batch size too large, limit 10", -32600)
    hostile.rule = lambda request: too_many if len(request) > 10 else None
    assert len(ask(refs[:30], hostile.url).receipts) == 30


def test_a_pass_asks_no_longer_than_its_time(chain, refs, ask, monkeypatch):
    monkeypatch.setattr(receipts, "ASKING_SECONDS", 0.0)
    asked = ask(refs, chain.url)
    assert ([receipt.ref for receipt in asked.receipts], asked.absent) == (refs[: receipts.BATCH], set())
