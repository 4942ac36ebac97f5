"""Two branches of one chain, each on a node of its own, with common blocks from anvil's state file.

Belongs here: the nodes as fixtures, and who pays whom on them. Does not: expectations.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import minting, place_token, transfer
from tests.support.anvil_fixtures import BSC_GENESIS, BSC_USDT

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
