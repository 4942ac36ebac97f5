"""kill -9 at named points of sync, publish and rebuild under API load: nothing lost or doubled, no error."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import minting, transfer
from tests.evidence import Evidence
from tests.support.anvil_fixtures import BSC_GENESIS, BSC_USDT
from tests.support.api import ROOT
from tests.support.deployment import Deployment
from tests.support.killed import POINTS, REBUILD_POINT
from warehouse import migrate, sql_models
from warehouse.lake import Lake

SENDER = "0x" + "51" * 20


class GrowingWorld:
    """A gateway and a node that both have something new for every run."""

    def __init__(self, node: Anvil, deployment: Deployment) -> None:
        self.node = node
        self.deployment = deployment
        self.event_count = 0
        self._number = 0
        node.send_and_mine([minting(BSC_USDT, SENDER, 10**30)])

    def grow(self) -> None:
        """Three files of events and a few blocks of payments, old sessions' among them."""
        for part in range(3):
            events = [event for _ in range(4) for event in self._session()]
            self.event_count += len(events)
            self.deployment.drop(f"{self._number:05d}-{part}.ndjson", events)
        receivers = [f"0x{number:040x}" for number in range(max(1, self._number - 16), self._number + 1)]
        self.node.send_and_mine([transfer(BSC_USDT, SENDER, to, 10**18 * (7 + n)) for n, to in enumerate(receivers)])
        self.node.mine(blocks=16)

    def _session(self) -> list[dict[str, Any]]:
        self._number += 1
        number, name = self._number, f"00000000-0000-4000-8000-{self._number:012d}"
        place = {"network": "BSC", "currency": "USDT"}
        described = {
            "session_id": name, "reference": f"R{number}", "amount": str(5 + number % 20), **place,
            "customer": {"email": None, "name": None}, "description": None, "callback_url": None, "metadata": {},
            "payment_url": None, "expires_at": "2026-01-01T06:00:00Z",
        }  # fmt: skip
        created = {"address_id": number, "address": f"0x{number:040x}", **place}
        return [
            self._event(f"a{number}", "address.created", created),
            self._event(f"s{number}", "session.created", described),
            self._event(f"g{number}", "session.address_assigned", {"session_id": name, "address_id": number}),
        ]

    def _event(self, event_id: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        at = BSC_GENESIS.isoformat()
        return {
            "event_id": event_id,
            "type": kind,
            "occurred_at": at,
            "merchant_id": "mer_1",
            "mode": "live",
            "data": data,
        }


class Load:
    """Two threads that ask the API again and again and count its answers by status."""

    def __init__(self, url: str, key: str) -> None:
        self.statuses: Counter[str] = Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(url, key)) for _ in range(2)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, url: str, key: str) -> None:
        with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=30) as client:
            while not self._stop.wait(0.1):
                for path in ("/sessions?limit=50", "/addresses", "/balance/networks", "/transactions", "/overview"):
                    try:
                        self.statuses[str(client.get(path).status_code)] += 1
                    except httpx.HTTPError as error:
                        self.statuses[type(error).__name__] += 1


def run_killed(deployment: Deployment, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command that dies at a point, the first of the arguments."""
    return subprocess.run(
        [sys.executable, "-m", "tests.support.killed", *arguments],
        env=deployment.environment, cwd=ROOT, capture_output=True, text=True, timeout=240,
    )  # fmt: skip


def die(deployment: Deployment, point: str, *command: str, planted: str = "") -> None:
    """Run a command that must die at the point."""
    done = run_killed(deployment, *(["planted", planted] if planted else []), point, *command)
    assert done.returncode == -signal.SIGKILL, f"it did not die at {point!r}:\n{done.stderr}"


def derived(deployment: Deployment) -> dict[str, pl.DataFrame]:
    """Every derived table, in the order of its grain."""
    with Lake.open(deployment.settings.paths, read_only=True) as lake:
        return {
            table.name: lake.frame(
                f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY {', '.join(table.grain)}"
            )
            for table in sql_models.derived_tables()
        }


def check_books(world: GrowingWorld) -> None:
    """Nothing of the feed is lost or doubled, and the tables are those of a rebuild."""
    deployment = world.deployment
    assert deployment.sync()[-1].problems == []
    with Lake.open(deployment.settings.paths, read_only=True) as lake:
        stored = lake.rows("SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM raw.gateway_events")[0]
    assert stored == {"n": world.event_count, "ids": world.event_count}
    before = derived(deployment)
    assert before["marts.sessions"].height == world.event_count // 3
    with Lake.open(deployment.settings.paths) as lake:
        migrate.rebuild(lake, deployment.settings)
    after = derived(deployment)
    for name, frame in before.items():
        assert frame.equals(after[name]), f"{name} differs from a rebuild"


@pytest.mark.timeout(900)
def test_killed_anywhere_nothing_is_lost_and_the_api_never_fails(
    bsc_node: Anvil, tmp_path: Path, evidence: Evidence
) -> None:
    world = GrowingWorld(bsc_node, Deployment(tmp_path / "deployment", bsc_url=bsc_node.url))
    world.grow()
    world.deployment.sync()
    points = list(POINTS)
    count = evidence.cases(test=2, evidence=len(points) + 1)
    chosen = points if count > len(points) else points[2 :: len(points) // count][:count]
    with world.deployment.serve() as url, Load(url, world.deployment.key("mer_1")) as load:
        for point in chosen:
            world.grow()
            die(world.deployment, point, "sync", "--once")
        if count > len(points):
            die(world.deployment, REBUILD_POINT, "rebuild")
        check_books(world)
    assert set(load.statuses) == {"200"}, load.statuses
    assert load.statuses["200"] > 100
    fault = "a file counts as read before its events are stored"
    with evidence.planted_fault(fault):
        world.grow()
        die(world.deployment, "after the feed's first commit", "sync", "--once", planted=fault)
        check_books(world)
