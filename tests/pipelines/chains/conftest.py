"""Fixtures of the chain tests: a source with its pool, a real chain of random transfers, a hostile node before it."""

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.chains.evm import EvmSource
from pipelines.chains.rpc_pool import RpcPool
from pipelines.demo.anvil import Anvil
from tests.support.anvil_fixtures import start_bsc
from tests.support.evm_truth import QUICK, bsc_settings, send_random_transfers, watched_transfers
from tests.support.hostile_node import HostileNode
from tests.support.node_oracle import OracleTransfer


@pytest.fixture(scope="package")
def chain() -> Iterator[Anvil]:
    """A chain of random transfers; no test changes it."""
    node = start_bsc()
    try:
        send_random_transfers(node)
        yield node
    finally:
        node.stop()


@pytest.fixture(scope="package")
def truth(chain) -> list[OracleTransfer]:
    """What the node itself says was transferred."""
    return watched_transfers(chain)


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
