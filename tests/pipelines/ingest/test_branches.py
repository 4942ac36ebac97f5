"""Two branches of one chain, each on a node of its own: blocks leave, come back, become final on either.

The two nodes share their first blocks, so a block that comes back is the same block.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import transfer
from pipelines.ingest.window import read_window
from tests.pipelines.ingest.test_evm import created
from tests.support.anvil_fixtures import BSC_USDT
from tests.support.deployment import Deployment
from tests.support.hostile_node import HostileNode
from tests.support.two_branches import FINALITY, KEY, PAYER, pay
from warehouse.errors import FinalBlockChanged
from warehouse.lake import Lake


class Follower:
    """A deployment behind one address, behind which the nodes can be exchanged."""

    def __init__(self, folder: Path, front: HostileNode) -> None:
        self.front = front
        self.deployment = Deployment(folder, bsc_url=front.url, has_lake=True, required_confirmations=2)
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


def test_a_block_that_came_back_with_nothing_of_ours_counts_for_an_address_told_of_later(
    branches: tuple[Anvil, Anvil], follower: Follower
) -> None:
    a, b = branches
    a.send_and_mine([transfer(BSC_USDT, PAYER, f"0x{2:040x}", 5)])
    b.mine(blocks=2)
    for node in (a, b, a):
        follower.sync(node)
    a.mine(blocks=3 * FINALITY)
    follower.sync()
    follower.deployment.drop("late.ndjson", [created(2)])
    follower.sync()
    assert sorted(follower.amounts()) == [1, 5]


def test_a_block_that_contradicts_a_stored_one_stops_the_network(
    branches: tuple[Anvil, Anvil], follower: Follower
) -> None:
    a, _ = branches
    follower.sync(a)
    pay(a, 10)
    confirming = a.block_number() + 1
    lie = (
        "INSERT INTO raw.evm_blocks SELECT * REPLACE (block_hash || 'x' AS block_hash, "
        f"{confirming} AS block_number) FROM raw.evm_blocks LIMIT 1"
    )
    with Lake.open(follower.deployment.settings.paths) as lake:
        lake.write_tx(lambda write: write.connection.execute(lie))
    a.mine()
    (problem,) = follower.sync()
    assert f"another block {confirming}" in str(problem)
