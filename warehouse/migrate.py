"""The lake's own schema: created, widened and kept in step with contracts, models and settings.

Belongs here: when tables are created, dropped or rebuilt. Does not: what they hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import polars as pl

from warehouse import model_runs, sql_models
from warehouse.contracts import SCHEMAS, tables
from warehouse.contracts.table import Table
from warehouse.domain.networks import NETWORK_ORDER
from warehouse.duck import quoted
from warehouse.errors import StorageError
from warehouse.lake import Lake, Write
from warehouse.settings import Settings

TOKEN_LIMIT = 10**12
OnModel = Callable[[str, int], None]


def _ignore(_name: str, _rows: int) -> None:
    return


def prepare(lake: Lake, settings: Settings, on_model: OnModel = _ignore) -> bool:
    """Make the lake fit this code and these settings; rebuild derived tables if either changed.

    Returns:
        Whether derived tables were rebuilt.
    """
    if _fingerprints(lake) == (sql_models.code_fingerprint(), settings_fingerprint(settings)):
        return False
    rebuild(lake, settings, on_model)
    return True


def rebuild(lake: Lake, settings: Settings, on_model: OnModel = _ignore) -> None:
    """Compute every derived table from raw again, in one transaction (after one that makes the new, empty tables)."""
    with lake.writer_lock():
        lake.write_tx(_make_beforehand)
        lake.write_tx(lambda write: _migrate(write, settings, on_model))


def transform(write: Write, on_model: OnModel = _ignore) -> int:
    """Bring derived tables up to what raw and heads hold, inside a write transaction.

    Returns:
        The number of rows replaced, over all tables.
    """
    row = write.connection.execute(
        "SELECT batch_id, code_fingerprint, settings_fingerprint FROM state.transforms"
    ).fetchone()
    assert row is not None, "prepare() comes first"
    return _run(write, since_batch=int(row[0]), code=row[1], settings=row[2], on_model=on_model)


def require_same(write: Write, settings: Settings) -> None:
    """Make sure the lake still is as this process's code and settings want it.

    Raises:
        StorageError: another process rebuilt it with others; two that disagree would undo each other's work.
    """
    row = write.connection.execute("SELECT code_fingerprint, settings_fingerprint FROM state.transforms").fetchone()
    if row != (sql_models.code_fingerprint(), settings_fingerprint(settings)):
        raise StorageError(
            "another process has rebuilt the lake with other settings or another version",
            hint="restart this one, so that both agree",
        )


def has_untransformed(lake: Lake) -> bool:
    """Whether gateway events wait that no transform has seen (a process died between storing and transforming)."""
    sql = "SELECT 1 FROM raw.gateway_events WHERE batch_id > (SELECT batch_id FROM state.transforms) LIMIT 1"
    return bool(lake.rows(sql))


def _run(write: Write, *, since_batch: int, code: str, settings: str, on_model: OnModel) -> int:
    replaced = 0

    def count(name: str, rows: int) -> None:
        nonlocal replaced
        replaced += rows
        on_model(name, rows)

    model_runs.run(write.connection, since_batch, count)
    _remember_touched(write)
    write.replace("state.transforms", pl.DataFrame({"code_fingerprint": [code], "settings_fingerprint": [settings]}))
    heads = write.connection.sql(
        "SELECT mode, network, head_block, head_time, finalized_block FROM state.chain_heads"
    ).pl()
    write.replace("state.transformed_heads", heads)
    return replaced


def _remember_touched(write: Write) -> None:
    """Note which days and merchants of published tables changed, for the publisher, in the same transaction."""
    for table in sql_models.derived_tables():
        if table.published == "range":
            write.connection.execute(
                "INSERT INTO state.touched_days (table_name, day, batch_id) SELECT DISTINCT "
                f"'{table.name}', {table.partition_month}::DATE, {write.batch_id} FROM changes_{table.stem}"
            )
    buckets = [table for table in sql_models.derived_tables() if table.published == "bucket"]
    union = " UNION ".join(f"SELECT mode, merchant_id FROM changes_{table.stem}" for table in buckets)
    write.connection.execute(
        "INSERT INTO state.touched_merchants (mode, merchant_id, batch_id) "
        f"SELECT mode, merchant_id, {write.batch_id} FROM ({union})"
    )


def _fingerprints(lake: Lake) -> tuple[str, str] | None:
    if not lake.has_table("state.transforms"):
        return None
    rows = lake.rows("SELECT code_fingerprint, settings_fingerprint FROM state.transforms")
    return (rows[0]["code_fingerprint"], rows[0]["settings_fingerprint"]) if rows else None


def _migrate(write: Write, settings: Settings, on_model: OnModel) -> None:
    present = _columns(write.connection)
    for table in tables().values():
        if _is_replaced(table):
            write.connection.execute(f"DROP TABLE IF EXISTS {table.name}")
            present.pop(table.name, None)
        _put_in_place(write, table, present.get(table.name, ()))
    _write_registry(write, settings)
    _append_par_prices(write, settings)
    model_runs.create_views(write.connection)
    write.connection.execute("DELETE FROM state.transformed_heads")
    _run(
        write,
        since_batch=-1,
        code=sql_models.code_fingerprint(),
        settings=settings_fingerprint(settings),
        on_model=on_model,
    )


def _is_replaced(table: Table) -> bool:
    """Whether a migration puts a new table in place of it; raw and state keep theirs."""
    return table.schema == "registry" or table.name in {derived.name for derived in sql_models.derived_tables()}


def _make_beforehand(write: Write) -> None:
    """Make each table a migration needs, under another name and with one row, which the migration deletes.

    A table that never held a row has no statistics in the catalog, and DuckLake 1.5.5 looks for them again, column by
    column, at each of its mentions in a query; that needs a transaction of its own (DECISIONS.md P-028).
    """
    connection = write.connection
    for schema in (*SCHEMAS, "staging"):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    present = _columns(connection)
    for table in tables().values():
        connection.execute(f"DROP TABLE IF EXISTS {_beforehand(table)}")  # of a process that died
        if _is_replaced(table) or table.name not in present:
            _create(connection, table, _beforehand(table))


def _put_in_place(write: Write, table: Table, present: Collection[str]) -> None:
    """Give the table made beforehand its name, without its row; a table that has columns gets those it lacks."""
    connection = write.connection
    if present:
        for name, column in table.columns.items():
            if name not in present:
                connection.execute(f"ALTER TABLE {table.name} ADD COLUMN {name} {column.sql_type}")
        return
    connection.execute(f"DELETE FROM {_beforehand(table)}")
    connection.execute(f"ALTER TABLE {_beforehand(table)} RENAME TO {table.stem}")


def _beforehand(table: Table) -> str:
    return f"{table.name}_beforehand"


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Every table of the lake with the names of its columns."""
    rows = connection.execute(
        "SELECT schema_name || '.' || table_name, list(column_name) FROM duckdb_columns() "
        "WHERE database_name = 'lake' GROUP BY ALL"
    ).fetchall()
    return {name: set(columns) for name, columns in rows}


def _create(connection: duckdb.DuckDBPyConnection, table: Table, name: str) -> None:
    connection.execute(table.ddl(name))
    if table.partition_month:
        month = table.partition_month
        connection.execute(f"ALTER TABLE {name} SET PARTITIONED BY (year({month}), month({month}))")
    if table.sort:
        connection.execute(f"ALTER TABLE {name} SET SORTED BY ({', '.join(table.sort)})")
    connection.execute(f"COMMENT ON TABLE {name} IS {quoted(table.sentence)}")
    for column_name, column in table.columns.items():
        connection.execute(f"COMMENT ON COLUMN {name}.{column_name} IS {quoted(column.comment)}")
    values = ", ".join("NULL" if column.nullable else column.some_value for column in table.columns.values())
    connection.execute(f"INSERT INTO {name} ({', '.join(table.columns)}) VALUES ({values})")


def _registry_frames(settings: Settings) -> dict[str, pl.DataFrame]:
    active = settings.active_networks()
    others = sorted({network.network for network in active} - set(NETWORK_ORDER))
    rank = {name: place for place, name in enumerate((*NETWORK_ORDER, *others), start=1)}
    networks = [
        {
            "mode": network.mode,
            "network": network.network,
            "family": str(network.family),
            "network_rank": rank[network.network],
            "required_confirmations": network.required_confirmations,
        }
        for network in active
    ]
    tokens = [
        {
            "mode": token.mode,
            "network": token.network,
            "currency": token.currency,
            "token_address": token.address,
            "decimals": token.decimals,
            "limit_base_units": TOKEN_LIMIT * 10**token.decimals,
            "scale_to_18": 10 ** (18 - token.decimals),
        }
        for network in active
        for token in settings.tokens(network.mode, network.network)
    ]
    defaults = [
        {
            "platform_fee_rate": settings.merchants.platform_fee_rate,
            "withdrawal_fee_rate": settings.merchants.withdrawal_fee_rate,
            "default_currency": settings.merchants.default_currency,
        }
    ]
    rows = {"registry.networks": networks, "registry.tokens": tokens, "registry.merchant_defaults": defaults}
    return {
        name: pl.DataFrame(data, schema={key: column.dtype for key, column in tables()[name].columns.items()})
        for name, data in rows.items()
    }


def _write_registry(write: Write, settings: Settings) -> None:
    for name, frame in _registry_frames(settings).items():
        write.replace(name, frame)


def _append_par_prices(write: Write, settings: Settings) -> None:
    """Say once of each currency that it counts as one dollar, until a market is asked."""
    networks = [(network.mode, network.network) for network in settings.active_networks()]
    used = {token.currency for network in networks for token in settings.tokens(*network)}
    priced = {row[0] for row in write.connection.execute("SELECT currency FROM raw.prices").fetchall()}
    par = {"quoted_at": datetime(1970, 1, 1, tzinfo=UTC), "price_usd": Decimal(1), "price_source": "par"}
    rows = [{"currency": currency} | par for currency in sorted(used - priced)]
    columns = tables()["raw.prices"].columns
    write.append("raw.prices", pl.DataFrame(rows, {name: columns[name].dtype for name in ("currency", *par)}))


def settings_fingerprint(settings: Settings) -> str:
    """Digest of the settings that derived tables depend on."""
    text = "\n".join(frame.write_json() for frame in _registry_frames(settings).values())
    return hashlib.sha256(text.encode()).hexdigest()
