"""How a pass tells the operational store of the networks: when something changed, else only now and then."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import refresh
from pipelines.demo.anvil import Anvil
from pipelines.refresh import Refresh
from tests.support.deployment import Deployment
from tests.support.hostile_node import HostileNode, html_reply
from warehouse.store.connection import open_store
from warehouse.store.network_states import find_states


def test_a_network_that_stays_as_it_is_costs_no_commit_each_pass(
    bsc_node: Anvil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[list[str | None]] = []
    record = refresh.record_checks

    def counted(store, checks):
        written.append([check.problem_code for check in checks])
        record(store, checks)

    monkeypatch.setattr(refresh, "record_checks", counted)
    with HostileNode(bsc_node.url) as node:
        deployment = Deployment(tmp_path / "deployment", bsc_url=node.url, has_lake=True)
        with Refresh.open(deployment.settings) as passes:
            for _ in range(5):
                assert passes.run_pass().problems == []
            assert written == [[None]]
            node.rule = lambda _: html_reply()
            assert [problem.code for problem in passes.run_pass().problems] == ["CHAIN_UNAVAILABLE"]
            # Not asked again yet, and still a problem.
            assert [problem.code for problem in passes.run_pass(wait_seconds=1).problems] == ["CHAIN_UNAVAILABLE"]
            assert written == [[None], ["CHAIN_UNAVAILABLE"]]
            node.rule = None
            assert passes.run_pass().problems == []
            assert written[2:] == [[None]]
            monkeypatch.setattr(refresh, "CHECK_SECONDS", 0)
            passes.run_pass()
            passes.run_pass()
            assert len(written) == 5
    with open_store(deployment.settings) as store:
        assert find_states(store)["live", "BSC"].problem is None


def test_what_the_store_keeps_of_a_problem_holds_no_key(tmp_path: Path) -> None:
    with HostileNode(rule=lambda _: html_reply()) as node:
        deployment = Deployment(tmp_path / "deployment", bsc_url=node.url, has_lake=True)
        deployment.sync()
        with open_store(deployment.settings) as store:
            state = find_states(store)["live", "BSC"]
        assert state.problem is not None
        assert node.name in state.problem
        assert HostileNode.KEY not in state.problem
