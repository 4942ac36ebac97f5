"""The steps of a pass as Dagster's assets take them: done now, or as `paylake sync` did them.

Belongs here: what an asset asks for and is answered, without Dagster. Does not: what a step does (refresh.py), how it
is shown (pipelines/assets).
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from pipelines.figures import LakeFigures
from pipelines.ingest.commit import PlanOutdated
from pipelines.refresh import PassReport, Refresh
from warehouse.errors import PaylakeError
from warehouse.manifest import Manifest
from warehouse.settings import Settings
from warehouse.sql_models import Model, ModelError

# Another process that follows the same chain commits every few seconds; then the chain is read anew.
ATTEMPTS = 5


@dataclass(frozen=True)
class LakeOutcome:
    """What became of the lake.

    Attributes:
        report: what was done.
        figures: how far the lake is.
        broken: the check that a model broke; then nothing but the feed's events was kept.
    """

    report: PassReport
    figures: LakeFigures
    broken: ModelError | None = None


class Steps(Protocol):
    """The three steps of a pass, in this order."""

    def update_lake(self, *, feed: bool, chains: frozenset[str]) -> LakeOutcome:
        """Feed and the chains (mode/network) into raw, and the derived tables up to it."""
        ...

    def check_stored(self, model: Model) -> ModelError | None:
        """The first check that does not hold for the stored rows of a table."""
        ...

    def publish(self) -> Manifest | None:
        """Segments of what the lake holds."""
        ...

    def hand_over(self) -> list[PaylakeError]:
        """Credits to the operational store; those that it cannot hold."""
        ...


@dataclass
class LiveSteps:
    """Does each step when it is asked for; the lake is opened by the first."""

    settings: Settings
    _stack: ExitStack = field(default_factory=ExitStack)
    _opened: Refresh | None = None
    _rebuilt: dict[str, int] = field(default_factory=dict)

    def close(self) -> None:
        """Let go of the lake."""
        self._opened = None
        self._stack.close()

    def update_lake(self, *, feed: bool, chains: frozenset[str]) -> LakeOutcome:
        """Do it."""
        report = PassReport()
        try:
            refresh = self._refresh()
            for _ in range(ATTEMPTS):
                report.problems = []
                refresh.update_lake(report, feed=feed, chains=chains)
                if not any(isinstance(problem, PlanOutdated) for problem in report.problems):
                    break
        except ModelError as broken:
            return LakeOutcome(report, LakeFigures({}, {}), broken)
        # What code or settings of a new version rebuilt when the lake was opened.
        report.rows_changed = {
            name: self._rebuilt.get(name, 0) + report.rows_changed.get(name, 0)
            for name in self._rebuilt | report.rows_changed
        }
        return LakeOutcome(report, refresh.figures())

    def check_stored(self, model: Model) -> ModelError | None:
        """Do it."""
        refresh = self._refresh()
        try:
            refresh.check_stored(model)
        except ModelError as broken:
            return broken
        return None

    def publish(self) -> Manifest | None:
        """Do it."""
        return self._refresh().publish()

    def hand_over(self) -> list[PaylakeError]:
        """Do it."""
        return self._refresh().hand_over()

    def _refresh(self) -> Refresh:
        if self._opened is None:
            opening = Refresh.open(self.settings, on_model=self._rebuilt.__setitem__)
            self._opened = self._stack.enter_context(opening)
        return self._opened


@dataclass
class RecordedSteps:
    """Does nothing: tells what `paylake sync` did since the last time."""

    outcome: LakeOutcome

    def update_lake(self, *, feed: bool, chains: frozenset[str]) -> LakeOutcome:  # noqa: ARG002
        """What was done."""
        return self.outcome

    def check_stored(self, model: Model) -> ModelError | None:  # noqa: ARG002
        """A recorded run has all assets, so nobody asks."""
        return None

    def publish(self) -> Manifest | None:
        """What was published last."""
        return self.outcome.report.manifest

    def hand_over(self) -> list[PaylakeError]:
        """What was refused last."""
        return self.outcome.report.refused_credits
