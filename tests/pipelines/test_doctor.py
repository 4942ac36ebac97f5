"""What `paylake doctor` finds of networks: nodes that lag, what the last pass said, how old the published head is."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from pipelines import doctor
from pipelines.demo.anvil import Anvil
from tests.support.deployment import Deployment
from tests.support.hostile_node import HostileNode, refusal
from warehouse.store.connection import open_store
from warehouse.store.network_states import NetworkCheck, record_checks


def found(deployment: Deployment) -> dict[str, doctor.Finding]:
    """Findings of BSC by what comes after its name."""
    prefix = "networks.live.BSC"
    return {
        finding.subject.removeprefix(prefix).strip(): finding
        for finding in doctor.findings(deployment.settings)
        if finding.subject.startswith(prefix)
    }


def test_a_node_whose_newest_block_is_old_lags(bsc_node: Anvil, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "deployment", bsc_url=bsc_node.url)
    node = found(deployment)[""]
    assert not node.is_right
    assert node.seen.startswith("the node lags: chain 56, head ")
    assert "networks.live.BSC.head_lag_limit_seconds = 120" in node.fix


def test_before_the_first_pass_there_is_nothing_to_say_of_it(bsc_node: Anvil, tmp_path: Path) -> None:
    bsc_node.mine(at=datetime.now(UTC))
    looks = found(Deployment(tmp_path / "deployment", bsc_url=bsc_node.url))
    assert looks[""].is_right
    assert looks["last pass"] == doctor.Finding("networks.live.BSC last pass", True, "none yet; paylake sync reads it")
    assert "published head" not in looks


def test_a_published_head_that_is_old_is_wrong_though_the_node_is_well(bsc_node: Anvil, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "deployment", bsc_url=bsc_node.url)
    deployment.sync()
    bsc_node.mine(at=datetime.now(UTC))
    looks = found(deployment)
    assert {name: look.is_right for name, look in looks.items() if "tokens" not in name} == {
        "": True,
        "last pass": True,
        "published head": False,
    }
    bsc_node.mine(blocks=4)
    deployment.sync()
    assert found(deployment)["published head"].is_right


def test_the_problem_of_the_last_pass_is_shown_with_its_beginning(bsc_node: Anvil, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "deployment", bsc_url=bsc_node.url)
    since = datetime(2026, 1, 31, 12, tzinfo=UTC)
    with open_store(deployment.settings) as store:
        for seconds in (0, 30):
            check = NetworkCheck("live", "BSC", since + timedelta(seconds=seconds), "WRONG_CHAIN", "BSC: another chain")
            record_checks(store, [check])
    last = found(deployment)["last pass"]
    assert not last.is_right
    assert last.seen == (
        "WRONG_CHAIN since 2026-01-31 12:00:00 UTC, checked 2026-01-31 12:00:30 UTC: BSC: another chain"
    )


def test_a_nodes_words_are_no_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr(doctor, "Console", lambda **named: Console(file=output, **named))
    with HostileNode(rule=lambda request: refusal(request, "unauthorized [/red] [x]", status=401)) as node:
        deployment = Deployment(tmp_path / "deployment", bsc_url=node.url)
        assert doctor.run(deployment.settings) == 1
    assert "unauthorized [/red] [x]" in output.getvalue()
    assert HostileNode.KEY not in output.getvalue()
