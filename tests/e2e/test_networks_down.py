"""Two networks down, the third goes on: real nodes, real sync, real API; then the nodes come back."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipelines.chain_reading import ChainReading
from tests.evidence import Evidence
from tests.support.api import DASHBOARD, ROOT
from tests.support.deployment import Deployment
from tests.support.hostile_node import HostileNode, Reply
from tests.support.three_networks import FAULTS, MERCHANT, ThreeNetworks

pytestmark = [pytest.mark.chain, pytest.mark.process]

# POL's fault, and whether ETH's process is frozen instead of killed: a frozen one is waited for half a minute.
CASES = (("wrong chain", False), ("HTML", False), ("429", True), ("-32005", False), ("cut JSON", False), ("null", True))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeNetworks]:
    """Three networks, each with a payment that is synced."""
    with ThreeNetworks(tmp_path_factory.mktemp("three")) as world:
        world.pay("BSC", "ETH", "POL")
        synced = world.deployment.command("sync", "--until-idle")
        assert synced.returncode == 0, synced.stderr
        yield world


class Dashboard:
    """What the running API shows."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(base_url=url.removesuffix(DASHBOARD), headers={"X-API-Key": key}, timeout=30)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def ready(self) -> dict[str, Any]:
        """The answer of /ready, which stays 200, with the networks by name."""
        answer = self._client.get("/ready")
        assert answer.status_code == 200, answer.text
        assert "127.0.0.1" not in answer.text
        data = answer.json()["data"]
        return data | {"networks": {item["network"]: item for item in data["networks"]}}

    def states(self) -> dict[str, str]:
        """Network → state."""
        return {name: item["state"] for name, item in self.ready()["networks"].items()}

    def received(self) -> dict[str, str]:
        """Network → what its address received."""
        items = self._client.get(f"{DASHBOARD}/addresses").json()["data"]["addresses"]
        return {item["network"]: item["balance"]["total_received"] for item in items}

    def becomes(self, look: Callable[[], Any], wanted: Any, seconds: float) -> float:
        """Wait until something looks as wanted; how long it took."""
        began = time.monotonic()
        while (seen := look()) != wanted:
            assert time.monotonic() - began < seconds, f"after {seconds} s it is {seen}, not {wanted}"
            time.sleep(0.1)
        return time.monotonic() - began


ALL_OK = {"BSC": "ok", "ETH": "ok", "POL": "ok"}


def check_doctor(world: ThreeNetworks, code: str) -> None:
    """Doctor looks at all three, and names the two."""
    doctor = world.deployment.command("doctor")
    assert doctor.returncode == 1, doctor.stdout
    found = {line[6:].split(": ")[0]: line for line in doctor.stdout.splitlines() if "networks.live." in line[:30]}
    right = {subject.removeprefix("networks.live."): line.startswith("ok") for subject, line in found.items()}
    assert {"BSC": True, "ETH": False, "POL": False}.items() <= right.items()
    assert {"BSC last pass": True, "ETH last pass": False, "POL last pass": False}.items() <= right.items()
    assert right["BSC published head"]
    assert "CHAIN_UNAVAILABLE since 20" in found["networks.live.ETH last pass"]
    assert f"{code} since 20" in found["networks.live.POL last pass"]
    assert HostileNode.KEY not in doctor.stdout + doctor.stderr


def while_down(world: ThreeNetworks, dashboard: Dashboard, code: str, *, frozen: bool) -> None:
    """Everything that must hold while ETH and POL are down and sync runs."""
    cursors, received = world.cursors, dashboard.received()
    dashboard.becomes(dashboard.states, {"BSC": "ok", "ETH": "down", "POL": "down"}, 75 if frozen else 40)
    world.pay("BSC", "POL")
    wanted = received | {"BSC": world.paid["BSC"]}
    dashboard.becomes(dashboard.received, wanted, 15)
    ready = dashboard.ready()
    assert ready["status"] == "degraded"
    down = {name: (item["problem_code"], item["since"] is None) for name, item in ready["networks"].items()}
    assert down == {"BSC": (None, True), "ETH": ("CHAIN_UNAVAILABLE", False), "POL": (code, False)}
    check_doctor(world, code)
    now = world.cursors
    assert now["BSC"] > cursors["BSC"]
    assert (now["ETH"], now["POL"]) == (cursors["ETH"], cursors["POL"])
    assert dashboard.received() == wanted


@pytest.mark.timeout(900)
def test_the_third_goes_on_and_everyone_is_told(world: ThreeNetworks, evidence: Evidence) -> None:
    count = evidence.cases(test=1, evidence=len(CASES))
    key = world.deployment.key(MERCHANT)
    with world.deployment.serve() as url, closing(Dashboard(url, key)) as dashboard:
        for name, frozen in CASES[:count]:
            fault = FAULTS[name]
            if fault.is_from_the_start:
                with world.down(name, frozen=frozen), world.following() as end:
                    while_down(world, dashboard, fault.code, frozen=frozen)
                    words = end()
                with world.following() as end:
                    comes_back(world, dashboard)
                    end()
            else:
                with world.following() as end:
                    dashboard.becomes(dashboard.states, ALL_OK, 30)
                    with world.down(name, frozen=frozen):
                        while_down(world, dashboard, fault.code, frozen=frozen)
                    comes_back(world, dashboard)
                    words = end()
                assert words.count("solved: ETH: the node http://127.0.0.1:") == 1, words
                assert words.count("solved: POL: the node http://127.0.0.1:") == 1, words
            assert "problem: ETH: the node http://127.0.0.1:" in words
            assert "problem: POL: the node http://127.0.0.1:" in words
            assert HostileNode.KEY not in words
            assert "Traceback" not in words


def comes_back(world: ThreeNetworks, dashboard: Dashboard) -> None:
    """What was paid while a network was down arrives once it is back."""
    world.pay("ETH")
    dashboard.becomes(dashboard.received, world.paid, 90)
    dashboard.becomes(dashboard.states, ALL_OK, 30)
    assert dashboard.ready()["status"] == "ready"


def check_pass(world: ThreeNetworks) -> None:
    """One pass with ETH and POL down stores what BSC has, leaves the others' cursors, and names both."""
    cursors = world.cursors
    with world.down("HTML"):
        world.pay("BSC")
        reports = world.deployment.sync()
    assert [report.transfers.get("live/BSC") for report in reports] == [1, None]
    assert [sorted(report.down) for report in reports] == [["live/ETH", "live/POL"]] * 2
    assert [problem.code for problem in reports[-1].problems] == ["CHAIN_UNAVAILABLE"] * 2
    assert world.cursors == cursors | {"BSC": world.chains["BSC"].node.block_number()}


@pytest.mark.timeout(300)
def test_one_pass_takes_what_answers(world: ThreeNetworks, evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    world.deployment.sync()
    check_pass(world)
    read = ChainReading.read
    monkeypatch.setattr(
        ChainReading,
        "read",
        lambda chains, **named: [] if (answers := read(chains, **named)) and chains.problems else answers,
    )
    with evidence.planted_fault("a pass gives up every network when one fails"):
        check_pass(world)


def test_sync_ends_at_once_though_a_node_hangs(tmp_path: Path) -> None:
    with HostileNode(rule=lambda _: Reply(b"", hang_seconds=60)) as node:
        deployment = Deployment(tmp_path / "deployment", bsc_url=node.url)
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "sync"],
            env=deployment.environment, cwd=ROOT, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        give_up = time.monotonic() + 60
        while not node.requests and time.monotonic() < give_up:
            time.sleep(0.1)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=60)
    assert process.returncode == 0, words
    assert "Traceback" not in words
    assert time.monotonic() - began < 15
