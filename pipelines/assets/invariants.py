"""The invariants as asset checks: one step, of a job of its own.

Belongs here: that step. Does not: asking (pipelines/invariants.py), how a result is shown (pipelines/checks.py).

They scan whole tables, so no pass waits for them. They read one snapshot, so they may run beside any writer.
"""

from __future__ import annotations

import dagster as dg

from pipelines import checks
from pipelines.assets.lake import failure
from pipelines.invariants import find
from warehouse.errors import PaylakeError
from warehouse.settings import Settings


def invariant_checks(settings: Settings) -> dg.AssetChecksDefinition:
    """All of them; any may be run by itself."""

    @dg.multi_asset_check(
        name="all_invariants",  # not that of its job: Dagster wants each name once
        description="What must hold over all that is stored, each asked of one snapshot of the lake.",
        specs=list(checks.invariant_specs().values()),
        can_subset=True,
    )
    def invariants(context):  # noqa: ANN001, ANN202 - Dagster reads annotations as types of inputs
        try:
            for finding in find(settings, {key.name for key in context.selected_asset_check_keys}):
                yield checks.found(finding)
        except PaylakeError as error:
            raise failure(error) from error

    return invariants
