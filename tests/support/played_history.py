"""A random history played to a real deployment: events by its inbox, chains by nodes, `paylake sync` as processes.

Belongs here: who hears of what when, and where a process dies. Does not: what happens (tests/models), expectations.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pipelines.demo.real_tokens import EvmNetwork
from tests.models.histories import History, Tip
from tests.support.api import ROOT
from tests.support.branch_node import BranchNode
from tests.support.branches import minute
from tests.support.deployment import Deployment
from warehouse import migrate
from warehouse.lake import Lake
from warehouse.sql_models import derived_tables

NETWORKS: tuple[EvmNetwork, ...] = ("BSC", "ETH")
CONFIRMATIONS = 3
# Functions that a pass calls, and how often at most it is worth counting to a call.
MORTAL = {
    "warehouse.lake:Lake._commit": 4,
    "warehouse.lake:Write.append": 6,
    "warehouse.model_runs:_refresh": 12,
    "warehouse.migrate:_remember_touched": 1,
    "warehouse.publish:_Publication._copy": 8,
    "warehouse.publish:write_manifest": 1,
    "pipelines.gateway.store:append": 3,
    "pipelines.ingest.evm:EvmIngest.fetch": 2,
    "pipelines.ingest.evm:EvmIngest.commit": 2,
    "pipelines.hand_over:apply_credits": 1,
}
FILE_KINDS = (".ndjson", ".ndjson.gz", ".ndjson.zst")

Tables = dict[str, list[dict[str, Any]]]


class Played:
    """One deployment and the nodes of its chains.

    Attributes:
        deaths: processes that died where they were to.
    """

    def __init__(self, folder: Path, history: History, nodes: dict[EvmNetwork, BranchNode]) -> None:
        self.deployment = Deployment(folder)
        lines = [
            f'[networks.live.{network}]\nrpc_urls = ["{node.url}"]\nrequired_confirmations = {CONFIRMATIONS}\n'
            for network, node in nodes.items()
        ]
        self.deployment.config.write_text(self.deployment.config.read_text() + "\n".join(lines))
        self.deaths = 0
        self._history = history
        self._nodes = nodes
        self._files = 0

    def at_once(self) -> None:
        """Everything in one file, the chains as they are in the end, one run."""
        self._show(last_tips(self._history))
        self._drop(self._history.events, ".ndjson")
        self._run_to_the_end()

    def piecemeal(
        self, rng: random.Random, batches: int, *, straggler: str = "", planted: str = "", point: str = ""
    ) -> None:
        """In batches, some of it twice, each to a process that dies somewhere; then the rest to one that lives.

        Args:
            rng: the case's.
            batches: how many.
            straggler: what arrives late, as in `History.batches`.
            planted: a fault of tests/support/killed.py that the dying processes have.
            point: where they die, in a lake that has its tables; somewhere at random if empty.
        """
        if point:
            with Lake.open(self.deployment.settings.paths) as lake:
                migrate.prepare(lake, self.deployment.settings)
        told: list[dict[str, Any]] = []
        for batch in self._history.batches(rng, batches, straggler=straggler):
            self._show({network: tips[-1] for network, tips in batch.tips.items()})
            events = batch.events + rng.sample(told, len(told) // 3)
            rng.shuffle(events)
            told += batch.events
            middle = rng.randint(0, len(events))
            for part in filter(None, (events[:middle], events[middle:])):
                self._drop(part, rng.choice(FILE_KINDS))
            self._run_and_die(point or drawn_point(rng), planted)
        self._show(last_tips(self._history))
        self._run_to_the_end()

    def tables(self) -> Tables:
        """Every derived table, whole, in the order of its grain."""
        with Lake.open(self.deployment.settings.paths, read_only=True) as lake:
            return {
                table.name: lake.rows(
                    f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY {', '.join(table.grain)}"
                )
                for table in derived_tables()
            }

    def rebuild(self) -> None:
        """`paylake rebuild`."""
        with Lake.open(self.deployment.settings.paths) as lake:
            migrate.rebuild(lake, self.deployment.settings)

    def _show(self, tips: dict[str, Tip]) -> None:
        for network, node in self._nodes.items():
            node.tip = tips.get(network, node.tip)

    def _drop(self, events: list[dict[str, Any]], kind: str) -> None:
        lines = [
            {
                "event_id": event["event_id"], "type": event["event_type"], "mode": event["mode"],
                "occurred_at": minute(event["at"]).isoformat(), "merchant_id": event["merchant"], "data": event["data"],
            }
            for event in events
        ]  # fmt: skip
        self._files += 1
        self.deployment.drop(f"{self._files:04d}{kind}", lines)

    def _run_and_die(self, point: str, planted: str) -> None:
        fault = ["planted", planted] if planted else []
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.killed", *fault, point, "sync", "--once"],
            env=self.deployment.environment, cwd=ROOT, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        self.deaths += done.returncode == -signal.SIGKILL

    def _run_to_the_end(self) -> None:
        problems = self.deployment.sync()[-1].problems
        assert problems == [], problems


def drawn_point(rng: random.Random) -> str:
    """A call of a function at which a process dies, before or after it, as `tests.support.killed` reads it."""
    target = rng.choice(sorted(MORTAL))
    return json.dumps({"target": target, "call": rng.randint(1, MORTAL[target]), "after": rng.random() < 0.5})


def last_tips(history: History) -> dict[str, Tip]:
    """The chains as they are in the end: one block beyond all that was ever seen.

    A node's word that its chain only became shorter is not taken before its next block comes (P-022).
    """
    return {
        network: Tip(tips[-1].branch, max(tip.block for tip in tips) + 1, tips[-1].finalized)
        for network, tips in history.tips.items()
    }


@contextmanager
def played(folder: Path, history: History) -> Generator[Played]:
    """A deployment of its own, with nodes whose chains have one block."""
    with ExitStack() as stack:
        nodes = {network: stack.enter_context(BranchNode(network, history, Tip("", 0, 0))) for network in NETWORKS}
        yield Played(folder, history, nodes)
