"""The Dagster job over a real node and inbox: it does what `paylake sync` does, and tells of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import build
from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import minting, transfer
from tests.pipelines.ingest.test_evm import address, created
from tests.support.anvil_fixtures import BSC_USDT
from tests.support.api import ROOT
from tests.support.dagster_runs import JobRun, key, rows_of
from tests.support.deployment import Deployment
from tests.support.events import generate_events
from tests.support.hostile_node import HostileNode, html_reply
from warehouse import model_runs, sql_models
from warehouse.lake import Lake
from warehouse.manifest import read_manifest
from warehouse.sql_models import ModelError
from warehouse.store.connection import open_store
from warehouse.store.credits import credited_keys

pytestmark = pytest.mark.chain

SENDER = "0x" + "51" * 20
UNITS = 10**18
ROUNDS = 3


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def node(bsc_node: Anvil) -> Anvil:
    """Payments of 1, 2 and 3 tokens to address 1, final."""
    bsc_node.send_and_mine([minting(BSC_USDT, SENDER, 10**30)])
    pay(bsc_node, 1, 2, 3)
    return bsc_node


def pay(node: Anvil, *tokens: int, to: int = 1) -> None:
    for amount in tokens:
        node.send_and_mine([transfer(BSC_USDT, SENDER, address(to), amount * UNITS)])
    node.mine(blocks=4)


def shop(folder: Path, url: str) -> Deployment:
    deployment = Deployment(folder, bsc_url=url, has_lake=True, required_confirmations=2)
    deployment.drop("address.ndjson", [created(1)])
    return deployment


def plant(monkeypatch: pytest.MonkeyPatch, name: str, check: str) -> None:
    """Let a model have one more check."""
    changed = tuple(
        replace(model, checks=(*model.checks, check)) if model.name == name else model for model in sql_models.models()
    )
    for place in ("warehouse.sql_models.models", "pipelines.checks.models"):
        monkeypatch.setattr(place, lambda: changed)


def test_the_job_gives_the_same_tables_as_sync(node: Anvil, tmp_path: Path, instance: dg.DagsterInstance) -> None:
    by_sync, by_job = (shop(tmp_path / name, node.url) for name in ("sync", "job"))
    for deployment in (by_sync, by_job):
        deployment.drop("events.ndjson.gz", generate_events(7, 300))
    by_sync.sync()
    run = JobRun(by_job, instance)
    assert run.success, run.error
    assert run.failed == {}
    rows = rows_of(by_job)
    assert rows == rows_of(by_sync)
    assert len(rows["marts.ledger"]) >= 3
    for published in (read_manifest(deployment.settings.paths.serving) for deployment in (by_sync, by_job)):
        assert published is not None
        assert sum(segment.row_count for segment in published.segments) > 0
    keys = []
    for deployment in (by_sync, by_job):
        with open_store(deployment.settings) as store:
            keys.append(sorted(credited_keys(store)))
    assert keys[0] == keys[1] != []


def test_each_asset_is_told_with_its_figures(node: Anvil, tmp_path: Path, instance: dg.DagsterInstance) -> None:
    deployment = shop(tmp_path / "d", node.url)
    run = JobRun(deployment, instance)
    told = run.told
    assert told["raw.gateway_events"] == {"dagster/row_count": 1, "new_events": 1, "refused_lines": 0}
    transfers = told["raw.bsc_transfers"]
    assert (transfers["dagster/row_count"], transfers["new_transfers"]) == (3, 3)
    assert transfers["finalized_block"] < transfers["head_block"] == node.block_number()
    assert transfers["lag_seconds"] > 0
    assert told["marts.ledger"] == {"dagster/row_count": 3, "rows_changed": 3}
    manifest = read_manifest(deployment.settings.paths.serving)
    assert manifest is not None
    assert told["published"]["version"] == manifest.version
    assert told["published"]["bytes"] > 0
    assert told["operational_credits"] == {"refused": 0}
    again = JobRun(deployment, instance)
    assert again.told["marts.ledger"] == {"dagster/row_count": 3, "rows_changed": 0}
    tables = {table.name for table in sql_models.derived_tables()}
    assert again.told.keys() == tables | {
        "raw.gateway_events", "raw.bsc_transfers", "published", "operational_credits"
    }  # fmt: skip


def test_some_tables_are_told_and_all_are_computed(node: Anvil, tmp_path: Path, instance: dg.DagsterInstance) -> None:
    deployment, other = shop(tmp_path / "d", node.url), shop(tmp_path / "other", node.url)
    other.sync()
    assert JobRun(deployment, instance, ["raw.gateway_events"]).told.keys() == {"raw.gateway_events"}
    rows = rows_of(deployment)
    assert len(rows["marts.addresses"]), "events are in the tables, as in a pass without chains"
    assert rows["marts.ledger"] == []
    run = JobRun(deployment, instance, ["raw.bsc_transfers", "marts.sessions"])
    assert run.told.keys() == {"raw.bsc_transfers", "marts.sessions"}
    assert {name.split(":")[0] for name in run.checks} == run.told.keys()
    assert rows_of(deployment) == rows_of(other)
    assert read_manifest(deployment.settings.paths.serving) is None


def test_a_network_that_is_down_fails_its_check_and_nothing_else(
    node: Anvil, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    with HostileNode(node.url) as hostile:
        deployment = shop(tmp_path / "d", hostile.url)
        JobRun(deployment, instance)
        hostile.rule = lambda _: html_reply()
        deployment.drop("more.ndjson", [created(2)])
        run = JobRun(deployment, instance)
    assert run.success
    (name,) = run.failed
    assert name == "raw.bsc_transfers:node_answers"
    assert "BSC" in (run.failed[name][1] or "")
    assert "raw.bsc_transfers" not in run.told
    assert run.told["marts.addresses"]["dagster/row_count"] == 2
    assert run.told["published"]["version"] == 2


def test_a_check_that_fails_is_told_and_keeps_all_as_it_was(
    node: Anvil, tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = shop(tmp_path / "d", node.url)
    JobRun(deployment, instance)
    rows, manifest = rows_of(deployment), read_manifest(deployment.settings.paths.serving)
    pay(node, 4)
    plant(monkeypatch, "marts.ledger", "amount < 4")
    run = JobRun(deployment, instance)
    assert not run.success
    ((name, words),) = run.errors.items()
    assert name == "marts.ledger:amount_below_4"
    assert "marts.ledger:grain_is_unique" in run.checks
    others = {words for other, (_, words) in run.checks.items() if other != name}
    assert others == {f"Not looked at in this pass, which ended at {words.partition('. The pass')[0]}."}
    assert words.startswith("marts.ledger: amount < 4 does not hold for mode, merchant_id, id = ('live', ")
    assert run.error.startswith("marts.ledger: amount < 4 does not hold")
    assert run.told == {}
    assert rows_of(deployment) == rows
    assert read_manifest(deployment.settings.paths.serving) == manifest
    newest = instance.get_latest_materialization_event(key("marts.ledger"))
    assert newest is not None
    assert newest.asset_materialization is not None
    assert newest.asset_materialization.metadata["dagster/row_count"].value == 3
    monkeypatch.undo()
    assert JobRun(deployment, instance).told["marts.ledger"] == {"dagster/row_count": 4, "rows_changed": 1}


def test_a_check_executed_alone_looks_at_the_stored_rows(
    node: Anvil, tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = shop(tmp_path / "d", node.url)
    JobRun(deployment, instance)
    plant(monkeypatch, "marts.ledger", "amount < 3")
    asset = next(a for a in build(deployment.settings).assets or () if isinstance(a, dg.AssetsDefinition))
    selection = dg.AssetSelection.checks(
        *(dg.AssetCheckKey(key("marts.ledger"), name) for name in ("grain_is_unique", "amount_below_3"))
    )
    result = dg.materialize(
        [asset],
        selection=selection,
        instance=instance,
        raise_on_error=False,
        resources=build(deployment.settings).resources,
    )
    found = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
    assert found == {"grain_is_unique": True, "amount_below_3": False}
    with Lake.open(deployment.settings.paths, read_only=True) as lake:
        assert lake.rows("SELECT count(*) AS n FROM marts.ledger") == [{"n": 3}]


def test_what_is_no_check_fails_with_its_words(
    node: Anvil, tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = shop(tmp_path / "d", node.url)

    def broken(*_: object) -> None:
        raise ModelError("marts.ledger: its SQL and its contract differ", model="marts.ledger", check="columns")

    monkeypatch.setattr(model_runs, "_check_columns", broken)
    run = JobRun(deployment, instance)
    assert (run.success, run.errors, run.told) == (False, {}, {})
    assert run.error == "marts.ledger: its SQL and its contract differ"


@pytest.mark.process
@pytest.mark.timeout(240)
def test_runs_beside_a_running_sync_double_and_lose_nothing(
    node: Anvil, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    deployment = shop(tmp_path / "d", node.url)
    with (tmp_path / "sync.log").open("wb") as log:
        sync = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "sync"], env=deployment.environment, cwd=ROOT, stdout=log, stderr=log
        )
    try:
        for round_ in range(ROUNDS):
            deployment.drop(f"{round_}.ndjson", [created(10 + round_)])
            pay(node, 5 + round_)
            pay(node, 7, to=10 + round_)
            run = JobRun(deployment, instance)
            assert run.success, run.error
            assert run.failed == {}
        assert sync.poll() is None, (tmp_path / "sync.log").read_text()
    finally:
        sync.send_signal(signal.SIGTERM)
        code = sync.wait(60)
    assert code == 0, (tmp_path / "sync.log").read_text()
    JobRun(deployment, instance)
    alone = shop(tmp_path / "alone", node.url)
    alone.drop("all.ndjson", [created(10 + round_) for round_ in range(ROUNDS)])
    alone.sync()
    rows = rows_of(deployment)
    assert rows == rows_of(alone)
    assert len(rows["marts.ledger"]) == 3 + 2 * ROUNDS
