"""Two branches of one chain, each on a node of its own: blocks leave, come back, become final on either.

The two nodes share their first blocks through anvil's state file, so a block that comes back is the same block.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.chains.evm import EvmSource
from pipelines.chains.rpc_pool import RpcPool
from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import minting, place_token, transfer
from pipelines.ingest.evm import EvmIngest
from pipelines.ingest.window import read_window
from tests.pipelines.ingest.test_evm import created
from tests.support.anvil_fixtures import BSC_GENESIS, BSC_USDT
from tests.support.deployment import Deployment
from tests.support.evm_truth import QUICK
from tests.support.hostile_node import HostileNode, calls_of, log_filters
from warehouse.errors import ChainUnavailable, FinalBlockChanged
from warehouse.lake import Lake

FINALITY = 8
PAYER = "0x" + "51" * 20
SHOP = f"0x{1:040x}"
KEY = {"mode": "live", "network": "BSC"}


def pay(node: Anvil, base_units: int) -> None:
    node.send_and_mine([transfer(BSC_USDT, PAYER, SHOP, base_units)])


@pytest.fixture(scope="module")
def common_past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a node with some final blocks, one of them with a payment of 1."""
    state = tmp_path_factory.mktemp("past") / "state.json"
    with Anvil(56, genesis_time=BSC_GENESIS, finality_blocks=FINALITY, args=("--dump-state", str(state))) as node:
        place_token(node, BSC_USDT, name="USDT", symbol="USDT", decimals=18)
        node.send_and_mine([minting(BSC_USDT, PAYER, 10**30)])
        pay(node, 1)
        node.mine(at=BSC_GENESIS + timedelta(hours=1), blocks=2 * FINALITY)
    return state


@pytest.fixture
def branches(common_past: Path, tmp_path: Path) -> Iterator[tuple[Anvil, Anvil]]:
    """Two nodes that agree up to now."""
    nodes = []
    for name in ("a", "b"):
        state = shutil.copy(common_past, tmp_path / f"{name}.json")
        nodes.append(Anvil(56, finality_blocks=FINALITY, args=("--load-state", str(state))))
    with nodes[0], nodes[1]:
        assert nodes[0].rpc("eth_getBlockByNumber", "latest", False) == nodes[1].rpc(
            "eth_getBlockByNumber", "latest", False
        )
        yield nodes[0], nodes[1]


class Follower:
    """A deployment behind one address, behind which the nodes can be exchanged."""

    def __init__(self, folder: Path, front: HostileNode) -> None:
        self.front = front
        self.deployment = Deployment(folder, bsc_url=front.url, required_confirmations=2)
        self.deployment.drop("address.ndjson", [created(1)])

    def sync(self, node: Anvil | None = None) -> list[Any]:
        """Passes until nothing is new; the problems of the last."""
        if node is not None:
            self.front.upstream = node.url
        return self.deployment.sync()[-1].problems

    def amounts(self) -> list[int]:
        """What was received, as the published tables have it, by base units."""
        return [int(row["amount_base_units"]) for row in self._rows("SELECT amount_base_units FROM marts.transactions")]

    def marks(self) -> list[bool]:
        rows = self._rows(
            "SELECT is_orphaned FROM raw.evm_block_marks INNER JOIN raw.evm_transfer_logs USING (block_hash) "
            "ORDER BY evm_block_marks.batch_id, is_orphaned DESC"
        )
        return [row["is_orphaned"] for row in rows]

    def head(self) -> tuple[int, int]:
        """The followed head and the final block."""
        with Lake.open(self.deployment.settings.paths, read_only=True) as lake:
            window = read_window(lake, KEY)
        assert window is not None
        return window.head.number, window.final.number

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        with Lake.open(self.deployment.settings.paths, read_only=True) as lake:
            return lake.rows(sql + ("" if "ORDER" in sql else " ORDER BY ALL"))


@pytest.fixture
def follower(tmp_path: Path) -> Iterator[Follower]:
    with HostileNode() as front:
        yield Follower(tmp_path / "d", front)


def test_a_payment_leaves_with_its_block_and_comes_back_with_it(
    branches: tuple[Anvil, Anvil], follower: Follower
) -> None:
    a, b = branches
    pay(a, 10)
    pay(b, 20)
    b.mine()
    for node, amounts in ((a, [1, 10]), (b, [1, 20]), (a, [1, 10]), (b, [1, 20])):
        assert follower.sync(node) == []
        assert sorted(follower.amounts()) == amounts
    assert follower.marks() == [True, True, False, True, False]
    a.mine(blocks=3 * FINALITY)
    follower.sync(a)
    assert sorted(follower.amounts()) == [1, 10]


def test_a_block_that_came_back_while_nobody_looked_and_is_final_now_counts(
    branches: tuple[Anvil, Anvil], follower: Follower
) -> None:
    a, b = branches
    pay(a, 10)
    b.mine(blocks=2)
    follower.sync(a)
    follower.sync(b)
    assert follower.amounts() == [1]
    a.mine(blocks=3 * FINALITY)
    assert follower.sync(a) == []
    assert sorted(follower.amounts()) == [1, 10]
    assert follower.marks() == [True, False]


def test_a_branch_given_up_while_nobody_looked_and_final_now_is_replaced(
    branches: tuple[Anvil, Anvil], follower: Follower
) -> None:
    a, b = branches
    pay(a, 10)
    a.mine(blocks=2)
    pay(b, 20)
    b.mine(blocks=3 * FINALITY)
    follower.sync(a)
    assert follower.sync(b) == []
    assert sorted(follower.amounts()) == [1, 20]


def test_a_final_block_that_changes_is_an_alarm_and_moves_nothing(
    branches: tuple[Anvil, Anvil], follower: Follower
) -> None:
    a, b = branches
    pay(a, 10)
    a.mine(blocks=2 * FINALITY)
    follower.sync(a)
    before = follower.head()
    pay(b, 20)
    for blocks in (FINALITY + 4, 2 * FINALITY):  # final for b below and above what is final here
        b.mine(blocks=blocks)
        (problem,) = follower.sync(b)
        assert isinstance(problem, FinalBlockChanged)
        assert "was final" in str(problem)
        assert follower.head() == before
        assert sorted(follower.amounts()) == [1, 10]
    assert follower.sync(a) == []


def test_a_node_that_is_behind_moves_nothing(branches: tuple[Anvil, Anvil], follower: Follower) -> None:
    a, b = branches
    pay(a, 10)
    a.mine(blocks=2)
    follower.sync(a)
    before = follower.head()
    assert follower.sync(b) == []  # the common past, without what came on a
    assert follower.head() == before
    assert sorted(follower.amounts()) == [1, 10]


def test_an_address_told_of_late_is_found_in_blocks_that_are_not_final(
    branches: tuple[Anvil, Anvil], follower: Follower
) -> None:
    a, _ = branches
    a.send_and_mine([transfer(BSC_USDT, PAYER, f"0x{2:040x}", 5)])
    pay(a, 10)
    follower.sync(a)
    assert sorted(follower.amounts()) == [1, 10]
    follower.deployment.drop("late.ndjson", [created(2)])
    follower.sync()
    assert sorted(follower.amounts()) == [1, 5, 10]


def test_a_head_and_its_logs_come_from_one_node(branches: tuple[Anvil, Anvil], tmp_path: Path) -> None:
    a, b = branches
    deployment = Deployment(tmp_path / "d", bsc_url="http://replaced")
    deployment.drop("address.ndjson", [created(1)])
    pay(a, 10)
    pay(b, 20)
    with HostileNode(a.url) as first, HostileNode(b.url) as second:
        urls = f'rpc_urls = ["{first.url}", "{second.url}"]'
        deployment.config.write_text(deployment.config.read_text().replace('rpc_urls = ["http://replaced"]', urls))
        # The first breaks whenever it is asked for logs by hash: what it said of the head must not count either.
        first.rule = lambda request: (
            first.altered(request, lambda answers: answers.__setitem__(slice(None), answers[:1]))
            if any("blockHash" in one for one in log_filters(request))
            else None
        )
        (network,) = deployment.settings.active_networks()
        deployment.sync()
        with Lake.open(deployment.settings.paths, read_only=True) as lake:
            rows = lake.rows("SELECT block_hash, amount_text FROM raw.evm_transfer_logs ORDER BY block_number")
        assert [row["amount_text"] for row in rows] == ["1", "20"]
        by_hash = {
            one["blockHash"] for request in second.requests for one in log_filters(request) if "blockHash" in one
        }
        assert rows[1]["block_hash"] in by_hash
    assert network.network == "BSC"


def test_blocks_read_before_a_node_fails_are_kept(branches: tuple[Anvil, Anvil], tmp_path: Path) -> None:
    a, _ = branches
    for amount in (10, 20, 30):
        pay(a, amount)
    with HostileNode(a.url) as front:
        deployment = Deployment(tmp_path / "d", bsc_url=front.url)
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
