"""Endpoints of hostile nodes that are given up quickly, for tests."""

from pipelines.chains.rpc import RetryPolicy, RpcEndpoint
from tests.support.hostile_node import HostileNode
from warehouse.errors import PaylakeError

QUICK = RetryPolicy(attempts=3, wait_seconds=0.001, longest_wait_seconds=0.3, timeout_seconds=2, answer_seconds=5)
LOGS = ("eth_getLogs", [{"fromBlock": "0x3e8", "toBlock": "0x7d0"}])


def endpoint_of(node: HostileNode, policy: RetryPolicy = QUICK) -> RpcEndpoint:
    return RpcEndpoint(node.url, network="BSC", headers={"X-Key": "abc"}, policy=policy)


def assert_names_only(node: HostileNode, error: PaylakeError) -> None:
    assert node.name in str(error)
    assert HostileNode.KEY not in f"{error} {error.hint} {error.details}"
