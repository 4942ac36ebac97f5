"""Passes of `paylake sync` told to Dagster, so that its pages show them: at most one run a minute sums them up.

Belongs here: when something is worth a run, and the sum. Does not: what a run tells (pipelines/assets).

Only a deployment that has a Dagster home pays for it: Dagster is imported when the first run is recorded, in a thread
of its own, so passes go on meanwhile. What goes wrong there is a problem to be told, never the end of a pass.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.dagster_home import has_home
from pipelines.figures import LakeFigures
from pipelines.refresh import PassReport
from pipelines.steps import LakeOutcome, RecordedSteps
from warehouse.errors import PaylakeError
from warehouse.settings import Settings
from warehouse.sql_models import ModelError

if TYPE_CHECKING:
    from dagster import DagsterInstance, JobDefinition

RECORD_SECONDS = 60.0
# Without news a run only shows that sync is alive and how far the heads are.
QUIET_SECONDS = 600.0
CLOSE_SECONDS = 30.0
HASTE_SECONDS = 3.0
TRIGGER = "paylake sync"
# What Dagster would write to the terminal of `paylake sync`; its pages have it all.
_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class RecordingFailed(PaylakeError):
    """Dagster could not be told of passes; the passes themselves are well."""

    code = "RECORDING"


@dataclass
class Summary:
    """Passes summed up."""

    report: PassReport = field(default_factory=PassReport)
    transfers: Counter[str] = field(default_factory=Counter)
    rows_changed: Counter[str] = field(default_factory=Counter)
    has_news: bool = False

    def add(self, report: PassReport, last_problems: set[str]) -> None:
        """One more pass; of what is a state and no count, the newest stays."""
        self.has_news |= report.has_news or bool(report.rows_replaced) or _codes(report) != last_problems
        self.transfers.update(report.transfers)
        self.rows_changed.update(report.rows_changed)
        events, refused = self.report.events + report.events, self.report.refused + report.refused
        self.report = PassReport(
            events=events,
            refused=refused,
            transfers=dict(self.transfers),
            rows_changed=dict(self.rows_changed),
            manifest=report.manifest,
            refused_credits=report.refused_credits,
            problems=report.problems,
            down=report.down,
            unfinished=report.unfinished,
        )


class Recorder:
    """Sums up passes and records them. Used by one thread.

    Args:
        settings: whose Dagster home is used; without one nothing is recorded.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._summary = Summary()
        self._last_problems: set[str] = set()
        self._next = time.monotonic()
        self._next_quiet = self._next
        self._thread: threading.Thread | None = None
        self._run: _Runs | None = None
        # What went wrong the last time; none of the pass's own problems.
        self.problems: list[PaylakeError] = []

    @contextmanager
    def failures(self) -> Generator[None]:
        """Record the check that ends this process."""
        try:
            yield
        except ModelError as error:
            self._wait()
            if self._is_on():
                self._start(LakeOutcome(self._summary.report, LakeFigures({}, {}), error))
                self._wait()
            raise

    def add(self, report: PassReport, figures: Callable[[], LakeFigures]) -> None:
        """Take in a pass; start recording when it is time.

        Args:
            report: of the pass.
            figures: asked for when it is time.
        """
        if not self._is_on():
            return
        self._summary.add(report, self._last_problems)
        self._last_problems = _codes(report)
        now = time.monotonic()
        is_due = now >= (self._next if self._summary.has_news else self._next_quiet)
        if is_due and not (self._thread and self._thread.is_alive()):
            self._next, self._next_quiet = now + RECORD_SECONDS, now + QUIET_SECONDS
            self._start(LakeOutcome(self._summary.report, figures()))

    def close(self, figures: Callable[[], LakeFigures], *, in_haste: bool) -> None:
        """Record what is left, and wait for it.

        Args:
            figures: asked for when something is left.
            in_haste: a process that was told to stop ends soon instead; the next one's run has its figures.
        """
        if not in_haste:
            self._wait()
            if self._is_on() and self._summary.has_news:
                self._start(LakeOutcome(self._summary.report, figures()))
        self._wait(HASTE_SECONDS if in_haste else CLOSE_SECONDS)

    def _is_on(self) -> bool:
        return self._settings.dagster.record_sync and has_home(self._settings)

    def _start(self, outcome: LakeOutcome) -> None:
        self._summary = Summary()
        # A daemon: a Dagster home that hangs must not keep an ending process alive.
        self._thread = threading.Thread(target=self._record, args=(outcome,), name="recording", daemon=True)
        self._thread.start()

    def _wait(self, seconds: float = CLOSE_SECONDS) -> None:
        if self._thread:
            self._thread.join(seconds)

    def _record(self, outcome: LakeOutcome) -> None:
        try:
            self._run = self._run or _Runs(self._settings)
            self._run.record(outcome)
            self.problems = []
        except Exception as error:
            hint = "dagster.record_sync = false turns it off"
            self.problems = [RecordingFailed(f"Dagster cannot be told of passes: {error}", hint=hint)]


class _Runs:
    """Dagster's side: the job over steps that were done, and the home its runs go to."""

    def __init__(self, settings: Settings) -> None:
        from dagster import DagsterInstance

        from pipelines.definitions import build
        from pipelines.schedules import SYNC_JOB, TRIGGER_TAG

        self._steps = RecordedSteps(LakeOutcome(PassReport(), LakeFigures({}, {})))
        self._job: JobDefinition = build(settings, recorded=self._steps).resolve_job_def(SYNC_JOB)
        self._instance: DagsterInstance = DagsterInstance.from_config(str(settings.dagster_home))
        self._tags = {TRIGGER_TAG: TRIGGER}

    def record(self, outcome: LakeOutcome) -> None:
        """One run."""
        from pipelines.schedules import end_lost_runs, forget_old_runs

        self._steps.outcome = outcome
        self._job.execute_in_process(_SILENT, self._instance, tags=self._tags, raise_on_error=False)
        end_lost_runs(self._instance, TRIGGER)
        forget_old_runs(self._instance)


def _codes(report: PassReport) -> set[str]:
    """Which problems there are, whatever their words."""
    return {*(problem.code for problem in report.problems), *report.down}
