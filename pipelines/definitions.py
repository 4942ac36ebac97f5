"""Everything Dagster shows and runs: `dagster dev -w workspace.yaml` loads this module, and so does `dg`.

Belongs here: putting the parts together. Does not: any part.
"""

from __future__ import annotations

import dagster as dg

from pipelines.assets.analyst_copy import analyst_copy_asset
from pipelines.assets.invariants import invariant_checks
from pipelines.assets.lake import lake_assets
from pipelines.assets.serving import serving_assets
from pipelines.assets.specs import view_specs
from pipelines.resources import live_steps
from pipelines.schedules import analyst_job, every_hour, every_minute, every_night, invariants_job, sync_job
from pipelines.steps import Steps
from warehouse.settings import Settings, load_settings

LAKE_POOL = "lake"
SERVING_POOL = "serving"


def build(settings: Settings, *, recorded: Steps | None = None) -> dg.Definitions:
    """The definitions of one deployment.

    Args:
        settings: whose networks and folders are shown.
        recorded: steps that were done elsewhere: runs then only tell of them, and wait for no writer.
    """
    return dg.Definitions(
        assets=[
            lake_assets(settings, None if recorded else LAKE_POOL),
            *serving_assets(settings, None if recorded else SERVING_POOL),
            analyst_copy_asset(settings),
            *view_specs(settings),
        ],
        asset_checks=[invariant_checks(settings)],
        jobs=[sync_job, invariants_job, analyst_job],
        schedules=[every_minute, every_hour, every_night],
        resources={"steps": recorded or live_steps(settings)},
        # One process for a whole run: the steps share one opened lake, and a process each would cost seconds.
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of the deployment that PAYLAKE_CONFIG or ./paylake.toml describes."""
    return build(load_settings())
