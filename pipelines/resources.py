"""Dagster resources: the steps of a pass, opened once for a run and closed at its end."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from pipelines.steps import LiveSteps, Steps
from warehouse.settings import Settings


def live_steps(settings: Settings) -> dg.ResourceDefinition:
    """Steps that do their work; all of a run's share one opened lake."""

    def opened(_context: object) -> Iterator[Steps]:
        steps = LiveSteps(settings)
        try:
            yield steps
        finally:
            steps.close()

    return dg.resource(description="Lake, operational store and nodes of this deployment.")(opened)
