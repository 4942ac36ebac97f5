"""Real local EVM nodes with the real networks' tokens, for tests; fixtures for `tests/conftest.py` to import."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import place_bulk_payer, place_nft
from pipelines.demo.real_tokens import EvmNetwork, chain_id_of, place_tokens, real_tokens

GENESIS = datetime(2026, 1, 1, tzinfo=UTC)
# What stands on every node beside the tokens: a contract that pays many at once, and an ERC-721 token.
BULK_PAYER = "0x" + "b0" * 20
NFT = "0x" + "4f" * 20

BSC_USDT = real_tokens("BSC")["USDT"].address
BSC_USDC = real_tokens("BSC")["USDC"].address
BSC_GENESIS = GENESIS


def start_node(network: EvmNetwork, *, genesis_time: datetime = GENESIS, finality_blocks: int = 2) -> Anvil:
    """A node with a live network's chain id and tokens, a bulk payer and an NFT; the caller stops it."""
    node = Anvil(chain_id_of(network), genesis_time=genesis_time, finality_blocks=finality_blocks)
    node.start()
    try:
        place_bulk_payer(node, BULK_PAYER)
        place_nft(node, NFT)
        place_tokens(node, network)
    except BaseException:
        node.stop()
        raise
    return node


def start_bsc(genesis_time: datetime = GENESIS) -> Anvil:
    """A node of chain 56 with USDT and USDC at their real addresses; the caller stops it."""
    return start_node("BSC", genesis_time=genesis_time)


@pytest.fixture
def make_node() -> Iterator[Callable[..., Anvil]]:
    """`start_node`, with nodes that end with the test."""
    nodes = []

    def make(network: EvmNetwork, *, genesis_time: datetime = GENESIS, finality_blocks: int = 2) -> Anvil:
        nodes.append(start_node(network, genesis_time=genesis_time, finality_blocks=finality_blocks))
        return nodes[-1]

    yield make
    for node in nodes:
        node.stop()


@pytest.fixture
def bsc_node() -> Iterator[Anvil]:
    """A BSC node of the test's own."""
    node = start_bsc()
    yield node
    node.stop()
