"""Several endpoints of one network: the next one does the work from its start."""

from collections.abc import Iterator

import pytest

from pipelines.chains.rpc import RpcEndpoint
from pipelines.chains.rpc_pool import RpcPool
from tests.support.hostile_node import HostileNode, html_reply, refusal
from tests.support.rpc_endpoints import LOGS, endpoint_of
from warehouse.errors import ChainError, ChainUnavailable, RangeTooLarge, WrongChain


@pytest.fixture
def node() -> Iterator[HostileNode]:
    with HostileNode() as node:
        yield node


@pytest.fixture
def second() -> Iterator[HostileNode]:
    with HostileNode(default="0x2") as node:
        yield node


@pytest.fixture
def pool(node, second) -> Iterator[RpcPool]:
    with RpcPool("BSC", [endpoint_of(node), endpoint_of(second)]) as pool:
        yield pool


def test_work_is_done_from_its_start_by_the_next_endpoint(pool, node, second):
    node.rule = lambda request: html_reply(404) if request["method"] == "two" else None

    def work(endpoint: RpcEndpoint) -> list[bytes]:
        return [bytes(endpoint.call("one")), bytes(endpoint.call("two"))]

    assert pool.run(work) == [b'"0x2"', b'"0x2"']
    assert [request["method"] for request in second.requests] == ["one", "two"]


def test_the_endpoint_that_answered_is_asked_first_next_time(pool, node, second):
    node.rule = lambda _: html_reply(404)
    for _ in range(3):
        pool.run(lambda endpoint: endpoint.call("one"))
    assert (len(node.requests), len(second.requests)) == (1, 3)


def test_when_none_can_every_reason_is_named(pool, node, second):
    node.rule = lambda _: html_reply(404)
    second.rule = lambda _: html_reply(402)
    with pytest.raises(ChainUnavailable) as caught:
        pool.run(lambda endpoint: endpoint.call("one"))
    assert all(part in str(caught.value) for part in (node.name, "404", second.name, "402"))


def test_too_large_a_range_is_not_carried_to_the_next_endpoint(pool, node, second):
    node.rule = lambda request: refusal(request, "block range is too wide", -32600)
    with pytest.raises(RangeTooLarge):
        pool.run(lambda endpoint: endpoint.call(*LOGS))
    assert second.requests == []


def test_a_pool_without_endpoints_says_which_setting_is_missing():
    with pytest.raises(ChainUnavailable) as caught:
        RpcPool("BSC", [])
    assert "rpc_urls" in str(caught.value.hint)


def test_whatever_is_wrong_with_an_endpoint_the_next_piece_begins_with_another(pool, node):
    def wrong(endpoint):
        if endpoint is pool.endpoints[1]:
            raise WrongChain("BSC: it serves chain 1", network="BSC")
        return endpoint.call("eth_chainId")

    node.queue = [html_reply(403)]
    with pytest.raises(ChainUnavailable, match="serves chain 1"):
        pool.run(wrong)
    for _ in range(2):
        assert bytes(pool.run(wrong)) == b'"0x38"'


def test_a_nodes_words_are_told_without_what_it_was_asked_with(pool, node, second):
    for hostile in (node, second):
        hostile.rule = lambda request: refusal(request, f"no route for /v3/{HostileNode.KEY}", -32602)
    with pytest.raises(ChainError) as caught:
        pool.run(lambda endpoint: endpoint.call("eth_chainId"))
    assert HostileNode.KEY not in str(caught.value)
    assert "no route for" in str(caught.value)
