"""The analysts' files as an asset: one DuckDB file and Parquet, written once a day.

Belongs here: how the asset is shown. Does not: writing the files (warehouse/analyst_copy.py).
"""

from __future__ import annotations

import dagster as dg

from pipelines.assets import graph, specs
from pipelines.assets.lake import failure
from warehouse.analyst_copy import FILE, write_analyst_copy
from warehouse.errors import PaylakeError
from warehouse.settings import Settings

_DESCRIPTION = (
    "All that is published, of one version, for whoever opens files directly: one self-contained DuckDB file and one "
    "Parquet file a table. Each is replaced in one step; who has the old one open keeps it."
)


def analyst_copy_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset of one deployment."""

    @dg.asset(
        key=specs.asset_key(graph.ANALYST_COPY),
        deps=specs.deps(settings, graph.ANALYST_COPY),
        group_name=specs.SERVING_GROUP,
        kinds={"duckdb", "parquet"},
        description=_DESCRIPTION,
        metadata={"dagster/uri": str((settings.paths.published / FILE).absolute())},
    )
    def analyst_copy(context):  # noqa: ANN001, ANN202 - Dagster reads annotations as types of inputs
        try:
            copy = write_analyst_copy(settings.paths)
        except PaylakeError as error:
            raise failure(error) from error
        if copy is None:
            context.log.info("Nothing is published yet.")
            return dg.MaterializeResult(metadata={"version": 0})
        rows = sum(copy.row_counts.values())
        figures = {"dagster/row_count": rows, "version": copy.version, "bytes": copy.size_bytes}
        return dg.MaterializeResult(metadata=figures)

    return analyst_copy
