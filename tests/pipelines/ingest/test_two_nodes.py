"""Several nodes, or one that fails half-way: one pass is one node's view, and what it brought is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.chains.evm import EvmSource
from pipelines.chains.rpc_pool import RpcPool
from pipelines.demo.anvil import Anvil
from pipelines.ingest import plan
from pipelines.ingest.evm import EvmIngest
from pipelines.ingest.window import read_window
from pipelines.refresh import Refresh
from tests.pipelines.ingest.test_evm import created
from tests.support.deployment import Deployment
from tests.support.evm_truth import QUICK
from tests.support.hostile_node import HostileNode, calls_of, html_reply, log_filters
from tests.support.two_branches import FINALITY, KEY, SHOP, pay
from warehouse.errors import ChainUnavailable, FinalBlockChanged
from warehouse.lake import Lake


def two_nodes(folder: Path, first: HostileNode, second: HostileNode) -> Deployment:
    """A deployment with two rpc_urls that is told of one address."""
    deployment = Deployment(folder, bsc_url="http://replaced", has_lake=True)
    deployment.drop("address.ndjson", [created(1)])
    urls = f'rpc_urls = ["{first.url}", "{second.url}"]'
    deployment.config.write_text(deployment.config.read_text().replace('rpc_urls = ["http://replaced"]', urls))
    return deployment


def stored_amounts(deployment: Deployment) -> list[str]:
    with Lake.open(deployment.settings.paths, read_only=True) as lake:
        rows = lake.rows("SELECT amount_text FROM raw.evm_transfer_logs ORDER BY block_number")
    return [row["amount_text"] for row in rows]


def test_ranges_of_another_nodes_chain_are_not_believed(
    branches: tuple[Anvil, Anvil], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "LINKED_BLOCKS", 0)
    a, b = branches
    for node, amount in ((a, 10), (b, 777)):
        pay(node, amount)
        node.mine(blocks=3 * FINALITY)
    with HostileNode(a.url) as first, HostileNode(b.url) as second:
        deployment = two_nodes(tmp_path / "d", first, second)
        # The first says what is final, and gives no logs; the second has them, of another chain.
        first.rule = lambda request: html_reply(403) if log_filters(request) else None
        (problem,) = deployment.sync()[-1].problems
        assert "another node" in str(problem)
        first.rule = None
        assert deployment.sync()[-1].problems == []
    assert stored_amounts(deployment) == ["1", "10"]


def test_an_alarm_keeps_its_name_with_several_nodes(branches: tuple[Anvil, Anvil], tmp_path: Path) -> None:
    a, b = branches
    for node, amount in ((a, 10), (b, 20)):
        pay(node, amount)
        node.mine(blocks=2 * FINALITY)
    with HostileNode(a.url) as first, HostileNode(a.url) as second:
        deployment = two_nodes(tmp_path / "d", first, second)
        deployment.sync()
        b.mine()
        first.upstream = b.url
        second.rule = lambda _: html_reply(403)
        (problem,) = deployment.sync()[-1].problems
    assert isinstance(problem, FinalBlockChanged)


def test_what_was_read_before_the_nodes_failed_is_kept(
    branches: tuple[Anvil, Anvil], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "LINKED_BLOCKS", 0)
    a, _ = branches
    pay(a, 10)
    a.mine(blocks=3 * FINALITY)
    with HostileNode(a.url) as front:
        deployment = Deployment(tmp_path / "d", bsc_url=front.url, has_lake=True)
        few_blocks = "required_confirmations = 15\nmax_block_range = 1"
        deployment.config.write_text(deployment.config.read_text().replace("required_confirmations = 15", few_blocks))
        deployment.drop("address.ndjson", [created(1)])
        fails_from = 8
        front.rule = lambda request: (
            html_reply(403)
            if any(int(asked.get("fromBlock", "0x0"), 16) >= fails_from for asked in log_filters(request))
            else None
        )
        with Refresh.open(deployment.settings) as refresh:
            assert refresh.run_pass().problems == []
            assert len(refresh.run_pass().problems) == 1
        with Lake.open(deployment.settings.paths, read_only=True) as lake:
            window = read_window(lake, KEY)
        assert window is not None
        assert fails_from - 1 <= window.head.number < a.block_number() - FINALITY
        front.rule = None
        deployment.sync()
    assert stored_amounts(deployment) == ["1", "10"]


def test_a_head_and_its_logs_come_from_one_node(branches: tuple[Anvil, Anvil], tmp_path: Path) -> None:
    a, b = branches
    pay(a, 10)
    pay(b, 20)
    with HostileNode(a.url) as first, HostileNode(b.url) as second:
        deployment = two_nodes(tmp_path / "d", first, second)
        # The first breaks whenever it is asked for logs by hash: what it said of the head must not count either.
        first.rule = lambda request: (
            first.altered(request, lambda answers: answers.__setitem__(slice(None), answers[:1]))
            if any("blockHash" in one for one in log_filters(request))
            else None
        )
        deployment.sync()
        with Lake.open(deployment.settings.paths, read_only=True) as lake:
            rows = lake.rows("SELECT block_hash, amount_text FROM raw.evm_transfer_logs ORDER BY block_number")
        assert [row["amount_text"] for row in rows] == ["1", "20"]
        by_hash = {
            one["blockHash"] for request in second.requests for one in log_filters(request) if "blockHash" in one
        }
        assert rows[1]["block_hash"] in by_hash


def test_blocks_read_before_a_node_fails_are_kept(branches: tuple[Anvil, Anvil], tmp_path: Path) -> None:
    a, _ = branches
    for amount in (10, 20, 30):
        pay(a, amount)
    with HostileNode(a.url) as front:
        deployment = Deployment(tmp_path / "d", bsc_url=front.url, has_lake=True)
        deployment.drop("address.ndjson", [created(1)])
        (network,) = deployment.settings.active_networks()
        tokens = deployment.settings.tokens("live", "BSC")
        with RpcPool.from_settings(network, QUICK) as pool:
            source = EvmSource(network, tokens, pool)
            head = source.head()
            newest = source.headers(range(head.number - 2, head.number + 1))
            lost = newest[2].hash
            # Requests of one block each, and the newest block is not known to the node that answers.
            front.rule = lambda request: (
                front.altered(request, _too_many)
                if len(log_filters(request)) > 2
                else front.altered(request, lambda answers: answers[0].update(result=None))
                if any(call["params"][0] == lost for call in calls_of(request))
                else None
            )
            segment = source.follow([newest[0].ref], head.number, [SHOP])
            assert [ref.number for ref in segment.blocks] == [head.number - 2, head.number - 1]
            assert segment.logs["amount_text"].to_list() == ["20"]
            with pytest.raises(ChainUnavailable):
                source.follow([newest[1].ref], head.number, [SHOP])
            assert EvmIngest(network, tokens, source).network is network


def _too_many(answers: Any) -> None:
    answers[:] = [{"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batch response is too large"}}]
