"""Fixtures of real local EVM nodes, for `tests/conftest.py` to import."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import place_token

# The real contracts on BSC; both have 18 decimals there.
BSC_USDT = "0x55d398326f99059ff775485246999027b3197955"
BSC_USDC = "0x8ac76a51cc950d9822d68b83fe1ad97b32cd580d"
BSC_GENESIS = datetime(2026, 1, 1, tzinfo=UTC)


def start_bsc(genesis_time: datetime = BSC_GENESIS) -> Anvil:
    """A node of chain 56 with USDT and USDC at their real addresses; the caller stops it."""
    node = Anvil(56, genesis_time=genesis_time)
    node.start()
    try:
        place_token(node, BSC_USDT, name="Tether USD", symbol="USDT", decimals=18)
        place_token(node, BSC_USDC, name="USD Coin", symbol="USDC", decimals=18)
    except BaseException:
        node.stop()
        raise
    return node


@pytest.fixture
def bsc_node() -> Iterator[Anvil]:
    """A BSC node of the test's own."""
    node = start_bsc()
    yield node
    node.stop()
