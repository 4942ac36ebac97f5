"""A DuckDB client, `paylake query` and the API read while sync writes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from pipelines.demo.anvil import Anvil
from tests.e2e.test_kill import GrowingWorld
from tests.support.api import ROOT
from tests.support.deployment import Deployment

DUCKDB = Path(sys.executable).parent / "duckdb"
SQL = "SELECT count(*) AS n FROM marts.sessions"


def test_everyone_reads_while_sync_writes(bsc_node: Anvil, tmp_path: Path) -> None:
    world = GrowingWorld(bsc_node, Deployment(tmp_path / "deployment", bsc_url=bsc_node.url))
    deployment = world.deployment
    world.grow()
    deployment.sync()
    serving = deployment.settings.paths.serving
    with (
        deployment.serve() as url,
        httpx.Client(base_url=url, headers={"X-API-Key": deployment.key("mer_1")}) as client,
    ):
        follower = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "sync"], env=deployment.environment, cwd=ROOT, stderr=subprocess.PIPE
        )
        seen: dict[str, list[int]] = {"duckdb": [], "query": [], "api": []}
        for _ in range(4):
            world.grow()
            done = subprocess.run(
                [DUCKDB, "-init", serving / "current.sql", "-csv", "-noheader", "-c", SQL],
                capture_output=True,
                text=True,
            )
            seen["duckdb"].append(int(done.stdout))
            queried = deployment.command("query", SQL)
            assert queried.returncode == 0, queried.stderr
            seen["query"].append(int(queried.stdout.split()[1]))
            seen["api"].append(client.get("/sessions").json()["data"]["pagination"]["total_items"])
        wanted, give_up = world.event_count // 3, time.monotonic() + 60
        while seen["api"][-1] != wanted and time.monotonic() < give_up:
            time.sleep(0.5)
            seen["api"].append(client.get("/sessions").json()["data"]["pagination"]["total_items"])
        follower.send_signal(signal.SIGINT)
        _, words = follower.communicate(timeout=60)
    assert follower.returncode == 0, words.decode()
    assert seen["api"][-1] == wanted
    for counts in seen.values():
        assert counts == sorted(counts), seen
