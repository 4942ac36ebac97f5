"""The jobs of a pass and of the invariants, their schedules, and the clearing up of old runs.

Belongs here: when something runs, and how long that is remembered. Does not: what it does (assets/).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg

from pipelines.assets import graph
from pipelines.checks import invariant_specs

SYNC_JOB = "sync"
INVARIANTS_JOB = "invariants"
ANALYST_JOB = "copy_for_analysts"
TRIGGER_TAG = "paylake/trigger"
# Dagster keeps runs for ever, a file of 0.4 MB each; of those that went well, half a day of a run a minute is kept.
KEPT_RUNS = 720
FORGOTTEN_AT_ONCE = 20
_LOST_AFTER = timedelta(minutes=10)
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

_invariants = dg.AssetSelection.checks(*(spec.key for spec in invariant_specs().values()))

sync_job = dg.define_asset_job(
    SYNC_JOB,
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(graph.ANALYST_COPY) - _invariants,
    description="One pass: feed and chains into the lake, tables, publication, hand-over. Safe beside `paylake sync`.",
)

invariants_job = dg.define_asset_job(
    INVARIANTS_JOB,
    selection=_invariants,
    description="What must hold over all that is stored. Reads one snapshot of the lake, beside any writer.",
)

every_hour = dg.ScheduleDefinition(
    "every_hour",
    cron_schedule="17 * * * *",
    job=invariants_job,
    execution_timezone="UTC",
    tags={TRIGGER_TAG: "schedule"},
    description="The invariants, once an hour: they scan whole tables (docs/dagster.md says what that costs).",
)


@dg.schedule(
    cron_schedule="* * * * *",
    job=sync_job,
    execution_timezone="UTC",
    description="A pass a minute, for deployments where no `paylake sync` runs; none while the last one goes on.",
)
def every_minute(context):  # noqa: ANN001, ANN201 - Dagster reads annotations as resources
    """Ask for a run, unless one is under way."""
    filters = dg.RunsFilter(job_name=SYNC_JOB, statuses=_UNFINISHED)
    if context.instance.get_runs_count(filters):
        return dg.SkipReason("the last run is not over")
    forget_old_runs(context.instance)
    return dg.RunRequest(tags={TRIGGER_TAG: "schedule"})


analyst_job = dg.define_asset_job(
    ANALYST_JOB,
    selection=dg.AssetSelection.assets(graph.ANALYST_COPY),
    description="Writes all that is published into one DuckDB file and into Parquet, for analysts.",
)

every_night = dg.ScheduleDefinition(
    name="every_night",
    job=analyst_job,
    cron_schedule="30 0 * * *",
    execution_timezone="UTC",
    description="The analysts' files, once a day.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


def forget_old_runs(instance: dg.DagsterInstance) -> None:
    """Remove the oldest passes that went well, some at a time; failures stay."""
    well = dg.RunsFilter(job_name=SYNC_JOB, statuses=[dg.DagsterRunStatus.SUCCESS])
    if instance.get_runs_count(well) >= KEPT_RUNS + FORGOTTEN_AT_ONCE:
        for run in instance.get_runs(well, limit=FORGOTTEN_AT_ONCE, ascending=True):
            instance.delete_run(run.run_id)


def end_lost_runs(instance: dg.DagsterInstance, trigger: str) -> None:
    """Runs that a killed process left as under way."""
    before = datetime.now(UTC) - _LOST_AFTER
    lost = dg.RunsFilter(tags={TRIGGER_TAG: trigger}, statuses=_UNFINISHED, created_before=before)
    for run in instance.get_runs(lost):
        instance.report_run_canceled(run, message="The process that recorded it is gone.")
