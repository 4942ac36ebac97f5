"""Runs of the Dagster job in this process, and what they told.

Belongs here: running and reading events. Does not: expectations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg

from pipelines.definitions import build
from pipelines.schedules import SYNC_JOB
from tests.support.deployment import Deployment
from warehouse.lake import Lake
from warehouse.sql_models import derived_tables


def key(name: str) -> dg.AssetKey:
    """`marts.sessions` → its key."""
    return dg.AssetKey(name.split("."))


class JobRun:
    """One run of the job, or of some of its assets.

    Args:
        deployment: whose.
        instance: where it is kept.
        names: only these assets; all if empty.
    """

    def __init__(self, deployment: Deployment, instance: dg.DagsterInstance, names: Sequence[str] = ()) -> None:
        job = build(deployment.settings).resolve_job_def(SYNC_JOB)
        result = job.execute_in_process(
            {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            instance,
            raise_on_error=False,
            asset_selection=[key(name) for name in names] or None,
        )
        self.success = result.success
        self.events = result.all_events

    @property
    def told(self) -> dict[str, dict[str, Any]]:
        """Asset → the figures it was reported with."""
        return {
            ".".join(event.asset_key.path): {
                name: value.value for name, value in event.step_materialization_data.materialization.metadata.items()
            }
            for event in self.events
            if event.is_step_materialization and event.asset_key
        }

    @property
    def checks(self) -> dict[str, tuple[bool, str | None]]:
        """asset:check → whether it passed, and what was said."""
        return {name: (check.passed, check.description) for name, check in self._evaluations.items()}

    @property
    def errors(self) -> dict[str, str]:
        """asset:check → what was said, of those that failed and are no mere warning."""
        return {
            name: check.description or ""
            for name, check in self._evaluations.items()
            if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR
        }

    @property
    def _evaluations(self) -> dict[str, dg.AssetCheckEvaluation]:
        found = [
            event.asset_check_evaluation_data
            for event in self.events
            if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
        ]
        return {f"{'.'.join(check.asset_key.path)}:{check.check_name}": check for check in found}

    @property
    def failed(self) -> dict[str, tuple[bool, str | None]]:
        """The checks that did not pass."""
        return {name: check for name, check in self.checks.items() if not check[0]}

    @property
    def error(self) -> str:
        """What the step that failed said."""
        failures = [event.step_failure_data.user_failure_data for event in self.events if event.is_step_failure]
        return next((failure.description or "" for failure in failures if failure), "")


def rows_of(deployment: Deployment) -> dict[str, list[tuple]]:
    """Every row of every derived table, but for the batch that brought it."""
    with Lake.open(deployment.settings.paths, read_only=True) as lake:
        return {
            table.name: lake.connection.execute(
                f"SELECT {', '.join(name for name in table.columns if name != 'batch_id')} "
                f"FROM {table.name} ORDER BY ALL"
            ).fetchall()
            for table in derived_tables()
        }
