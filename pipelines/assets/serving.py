"""What leaves the lake: published segments for the API and analysts, credits for the operational store.

Belongs here: these two assets. Does not: building segments (warehouse/publish.py), credits (pipelines/hand_over.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg

from pipelines import checks
from pipelines.assets import graph, specs
from pipelines.assets.lake import failure
from warehouse.errors import PaylakeError
from warehouse.manifest import Manifest
from warehouse.settings import Settings

_PUBLISHED = (
    "Segments and manifest of the marts at one snapshot of the lake: what the API and analysts read.\n\n"
    "Only segments whose rows changed are built anew; the manifest moves to them in one step."
)
_CREDITS = (
    "What each merchant may spend, handed over to the operational store: the floor, to 1e-8, of what was received for "
    "good minus fees; and each merchant's standing."
)


def serving_assets(settings: Settings, pool: str | None) -> list[dg.AssetsDefinition]:
    """Both assets.

    Args:
        settings: where they are.
        pool: of the writers; None for a run that only tells what was done.
    """
    serving = settings.paths.serving

    @dg.asset(
        key=specs.asset_key(graph.PUBLISHED),
        deps=specs.deps(settings, graph.PUBLISHED),
        group_name=specs.SERVING_GROUP,
        kinds={"duckdb"},
        description=_PUBLISHED,
        metadata={"dagster/uri": str(serving.absolute() / "current.sql")},
        pool=pool,
        required_resource_keys={"steps"},
    )
    def published(context):  # noqa: ANN001, ANN202 - Dagster reads annotations as types of inputs
        try:
            manifest: Manifest | None = context.resources.steps.publish()
        except PaylakeError as error:
            raise failure(error) from error
        return dg.MaterializeResult(metadata=_figures(manifest, serving) if manifest else {"version": 0})

    @dg.asset(
        key=specs.asset_key(graph.CREDITS),
        deps=specs.deps(settings, graph.CREDITS),
        group_name=specs.SERVING_GROUP,
        kinds={"sqlite"},
        description=_CREDITS,
        metadata={"dagster/uri": str(settings.paths.operations.absolute())},
        check_specs=[checks.credits_check_spec()],
        pool=pool,
        required_resource_keys={"steps"},
    )
    def operational_credits(context):  # noqa: ANN001, ANN202 - Dagster reads annotations as types of inputs
        try:
            refused: list[PaylakeError] = context.resources.steps.hand_over()
        except PaylakeError as error:
            raise failure(error) from error
        return dg.MaterializeResult(
            metadata={"refused": len(refused)},
            check_results=[checks.answered(graph.CREDITS, checks.ALL_FIT, refused)],
        )

    return [published, operational_credits]


def _figures(manifest: Manifest, serving: Path) -> dict[str, Any]:
    sizes = [path.stat().st_size for segment in manifest.segments if (path := serving / segment.file).exists()]
    as_of = {f"as_of_{mode}": dg.MetadataValue.timestamp(time) for mode, time in sorted(manifest.as_of.items())}
    return {
        "dagster/row_count": sum(segment.row_count for segment in manifest.segments),
        "version": manifest.version,
        "snapshot": manifest.snapshot,
        "segments": len(manifest.segments),
        "bytes": sum(sizes),
        **as_of,
    }
