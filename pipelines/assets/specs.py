"""What Dagster shows of each asset: key, group, sentence, SQL, columns.

Belongs here: descriptions, all derived from models, contracts and settings. Does not: the edges (graph.py), running
(lake.py, serving.py).
"""

from __future__ import annotations

import hashlib
from functools import cache

import dagster as dg

from pipelines.assets import graph
from warehouse.contracts import tables
from warehouse.contracts.table import Table
from warehouse.duck import connect
from warehouse.model_runs import create_views
from warehouse.settings import NetworkSettings, Settings
from warehouse.sql_models import Model, models

SERVING_GROUP = "serving"
_TRANSFERS = "raw.evm_transfer_logs"


def asset_key(name: str) -> dg.AssetKey:
    """`marts.sessions` → marts/sessions."""
    return dg.AssetKey(name.split("."))


def raw_specs(settings: Settings) -> list[dg.AssetSpec]:
    """The feed's events, and each network's transfers."""
    feed = tables()[graph.FEED]
    specs = [_raw_spec(settings, graph.FEED, feed, feed.sentence)]
    for name, network in graph.transfers_assets(settings).items():
        specs.append(_raw_spec(settings, name, tables()[_TRANSFERS], _network_sentence(network)))
    return specs


def table_specs(settings: Settings) -> list[dg.AssetSpec]:
    """The models that are tables."""
    return [_model_spec(settings, model) for model in models() if not model.is_view and not model.is_affected]


def view_specs(settings: Settings) -> list[dg.AssetSpec]:
    """The models that are views: shown, never run."""
    return [_model_spec(settings, model) for model in models() if model.is_view]


def deps(settings: Settings, name: str) -> list[dg.AssetKey]:
    """The keys an asset stands on."""
    return [asset_key(source) for source in sorted(graph.upstream(settings)[name])]


def _network_sentence(network: NetworkSettings) -> str:
    where = f"chain {network.chain_id}" if network.chain_id else network.family
    return (
        f"Transfers of registered tokens on {network.network} ({network.mode}, {where}) that touch a watched address."
    )


def _raw_spec(settings: Settings, name: str, table: Table, sentence: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        asset_key(name),
        deps=deps(settings, name),
        skippable=True,
        group_name="raw",
        kinds={"duckdb", "parquet"},
        description=f"{sentence}\n\nAppended, never changed. Kept in `{table.name}`.",
        metadata={
            "dagster/column_schema": _columns_of(table),
            "dagster/relation_identifier": f"lake.{table.name}",
            "grain": ", ".join(table.grain),
        },
    )


def _model_spec(settings: Settings, model: Model) -> dg.AssetSpec:
    table = tables().get(model.name)
    how = "A view: always as fresh as what it reads, never run." if model.is_view else _how(model)
    where = f"`dbt_like_sql/{model.schema}/{model.stem}.sql`"
    return dg.AssetSpec(
        asset_key(model.name),
        deps=deps(settings, model.name),
        group_name=model.schema,
        kinds={"duckdb", "sql", "view"} if model.is_view else {"duckdb", "parquet", "sql"},
        code_version=hashlib.sha256(model.sql.encode()).hexdigest()[:12],
        description=f"{model.sentence}\n\n{how}\n\n{where}:\n\n```sql\n{model.sql}\n```",
        metadata={
            "dagster/column_schema": _columns_of(table) if table else _view_columns()[model.name],
            "dagster/relation_identifier": f"lake.{model.name}",
            "grain": ", ".join(model.grain),
        },
    )


def _how(model: Model) -> str:
    if model.is_appended:
        return "Each run adds what came since the last one; nothing in it ever changes, a rebuild makes it anew."
    rows = f"the rows of `{model.affected_by}`" if model.affected_by else "all rows"
    return (
        f"Each run computes {rows} and replaces those that differ. All tables are computed in one transaction: "
        "choosing some of them computes all, and a check that fails keeps all as they were."
    )


def _columns_of(table: Table) -> dg.TableSchema:
    alone = table.grain[0] if len(table.grain) == 1 else ""
    return dg.TableSchema(
        [
            dg.TableColumn(
                name,
                column.sql_type,
                column.comment,
                dg.TableColumnConstraints(nullable=column.nullable, unique=name == alone),
            )
            for name, column in table.columns.items()
        ]
    )


@cache
def _view_columns() -> dict[str, dg.TableSchema]:
    """Columns of the views, from an empty database that has all tables."""
    connection = connect(threads=1)
    try:
        for schema in {name.split(".")[0] for name in (*tables(), *(model.name for model in models()))}:
            connection.execute(f"CREATE SCHEMA {schema}")
        for table in tables().values():
            connection.execute(table.ddl())
        create_views(connection)
        return {
            model.name: dg.TableSchema(
                [dg.TableColumn(row[0], row[1]) for row in connection.execute(f"DESCRIBE {model.name}").fetchall()]
            )
            for model in models()
            if model.is_view
        }
    finally:
        connection.close()
