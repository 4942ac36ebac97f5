"""`paylake sync` tells Dagster of its passes where there is a home for them, and is never held up by it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pipelines import recorder, schedules, sync
from pipelines.dagster_home import make_home
from pipelines.definitions import build
from pipelines.figures import LakeFigures
from pipelines.recorder import TRIGGER, Recorder
from pipelines.refresh import PassReport
from pipelines.schedules import SYNC_JOB, TRIGGER_TAG
from tests.pipelines.ingest.test_evm import created
from tests.pipelines.test_dagster_job import plant
from tests.support.dagster_runs import key
from tests.support.deployment import Deployment
from warehouse.errors import ChainUnavailable
from warehouse.sql_models import ModelError

FIGURES = LakeFigures({"marts.addresses": 7}, {})


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """With a Dagster home."""
    deployment = Deployment(tmp_path / "d", has_lake=True)
    make_home(deployment.settings)
    return deployment


@pytest.fixture
def instance(deployment: Deployment) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(deployment.settings.dagster_home)) as instance:
        yield instance


def told(instance: dg.DagsterInstance, name: str) -> dict[str, object]:
    """The newest figures of an asset."""
    event = instance.get_latest_materialization_event(key(name))
    assert event is not None
    assert event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


@pytest.mark.process
def test_sync_records_its_passes_in_the_home(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    deployment.drop("addresses.ndjson", [created(1), created(2)])
    done = deployment.command("sync", "--until-idle")
    assert done.returncode == 0, done.stderr
    assert "dagster" not in done.stderr.lower()
    runs = instance.get_runs()
    assert {(run.status, run.tags[TRIGGER_TAG]) for run in runs} == {(dg.DagsterRunStatus.SUCCESS, TRIGGER)}
    assert told(instance, "raw.gateway_events") == {"dagster/row_count": 2, "new_events": 2, "refused_lines": 0}
    assert told(instance, "marts.addresses") == {"dagster/row_count": 2, "rows_changed": 2}
    assert told(instance, "published")["version"] == 1


def test_without_a_home_dagster_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = Deployment(tmp_path / "d", has_lake=True)
    deployment.drop("addresses.ndjson", [created(1)])
    monkeypatch.setattr(recorder, "_Runs", None)
    assert sync.run(deployment.settings, ending=sync.Ending.IDLE) == 0
    assert not deployment.settings.dagster_home.exists()


@pytest.mark.process
def test_recording_can_be_turned_off(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    with deployment.config.open("a") as config:
        config.write("[dagster]\nrecord_sync = false\n")
    assert deployment.command("sync", "--once").returncode == 0
    assert instance.get_runs_count() == 0


def test_a_check_that_ends_sync_is_recorded(
    deployment: Deployment, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, "marts.addresses", "id < 0")
    deployment.drop("addresses.ndjson", [created(1)])
    with pytest.raises(ModelError, match="id < 0 does not hold"):
        sync.run(deployment.settings, ending=sync.Ending.IDLE)
    (run,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    evaluations = [
        event.asset_check_evaluation
        for record in instance.get_records_for_run(
            run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        ).records
        if (event := record.event_log_entry)
    ]
    errors = [check for check in evaluations if check and check.severity is dg.AssetCheckSeverity.ERROR]
    assert [(check.check_name, check.passed) for check in errors] == [("id_below_0", False)]


def test_passes_are_summed_up_and_a_quiet_time_is_told_rarely(
    deployment: Deployment, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "RECORD_SECONDS", 0.5)
    tells = Recorder(deployment.settings)
    tells.add(PassReport(), lambda: FIGURES)  # the first is recorded at once: sync is alive
    for events in (1, 2, 3):
        tells.add(PassReport(events=events, rows_changed={"marts.addresses": 1}), lambda: FIGURES)
    tells.close(lambda: FIGURES, in_haste=False)
    assert tells.problems == []
    assert instance.get_runs_count() == 2
    assert told(instance, "raw.gateway_events") == {"new_events": 6, "refused_lines": 0}
    assert told(instance, "marts.addresses") == {"dagster/row_count": 7, "rows_changed": 3}
    time.sleep(0.6)
    tells.add(PassReport(), lambda: FIGURES)
    tells.close(lambda: FIGURES, in_haste=False)
    assert instance.get_runs_count() == 2
    problem = ChainUnavailable("BSC: no answer", network="BSC")
    tells.add(PassReport(problems=[problem], down={"live/BSC": problem}), lambda: FIGURES)
    tells.close(lambda: FIGURES, in_haste=False)
    assert instance.get_runs_count() == 3


def test_a_home_that_cannot_be_used_is_a_problem_and_nothing_else(deployment: Deployment) -> None:
    (deployment.settings.dagster_home / "dagster.yaml").write_text("no: such key\n")
    deployment.drop("addresses.ndjson", [created(1)])
    assert sync.run(deployment.settings, ending=sync.Ending.IDLE) == 0
    tells = Recorder(deployment.settings)
    tells.add(PassReport(events=1), lambda: FIGURES)
    tells.close(lambda: FIGURES, in_haste=False)
    (problem,) = tells.problems
    assert problem.code == "RECORDING"
    assert problem.hint == "dagster.record_sync = false turns it off"


def test_a_sync_that_is_told_to_stop_does_not_wait_for_dagster(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        def __init__(self, _settings: object) -> None:
            time.sleep(20)

    monkeypatch.setattr(recorder, "_Runs", Slow)
    monkeypatch.setattr(recorder, "HASTE_SECONDS", 0.2)
    tells = Recorder(deployment.settings)
    began = time.monotonic()
    for _ in range(3):
        tells.add(PassReport(events=1), lambda: FIGURES)
    tells.close(lambda: FIGURES, in_haste=True)
    assert time.monotonic() - began < 5


def test_old_runs_that_went_well_are_forgotten(
    deployment: Deployment, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "KEPT_RUNS", 4)
    monkeypatch.setattr(schedules, "FORGOTTEN_AT_ONCE", 2)
    job = build(deployment.settings).resolve_job_def(SYNC_JOB)
    failed = instance.create_run_for_job(job, status=dg.DagsterRunStatus.FAILURE).run_id
    made = [instance.create_run_for_job(job, status=dg.DagsterRunStatus.SUCCESS).run_id for _ in range(6)]
    for _ in range(3):
        schedules.forget_old_runs(instance)
    assert {run.run_id for run in instance.get_runs()} == {failed, *made[2:]}


def test_a_run_whose_process_was_killed_does_not_stay_under_way(
    deployment: Deployment, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = build(deployment.settings).resolve_job_def(SYNC_JOB)
    status = dg.DagsterRunStatus.STARTED
    recorded = instance.create_run_for_job(job, status=status, tags={TRIGGER_TAG: TRIGGER}).run_id
    other = instance.create_run_for_job(job, status=status).run_id
    schedules.end_lost_runs(instance, TRIGGER)
    assert {run.status for run in instance.get_runs()} == {status}

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz or UTC) + timedelta(hours=1)

    monkeypatch.setattr(schedules, "datetime", Later)
    schedules.end_lost_runs(instance, TRIGGER)
    statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses == {recorded: dg.DagsterRunStatus.CANCELED, other: status}
