"""Running the SQL models: what "refresh" and "rebuild" do to tables.

Belongs here: order of execution, replacing rows that differ, checks of what was computed. Does not: reading the files
(sql_models.py), the transaction around (lake.py), when to run (migrate.py).
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from warehouse import sql_models
from warehouse.contracts import tables
from warehouse.contracts.table import Table
from warehouse.sql_models import Model, ModelError, temporary_names


def create_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Create or replace every view of the lake."""
    for model in sql_models.models():
        if model.is_view:
            connection.execute(f"CREATE OR REPLACE VIEW {model.name} AS {model.sql}")


def run(
    connection: duckdb.DuckDBPyConnection,
    since_batch: int,
    on_model: Callable[[str, int], None] = lambda _name, _rows: None,
) -> None:
    """Bring every derived table up to date, inside the caller's transaction.

    Args:
        connection: the lake's, in a write transaction.
        since_batch: rows of raw above this batch are new; -1 with empty derived tables is a rebuild.
        on_model: told each table's name and how many of its rows were replaced.

    Raises:
        ModelError: a model's columns are not its contract's, a grain is not unique, a check fails. Nothing is kept.
    """
    connection.execute(f"SET VARIABLE since_batch = {int(since_batch)}::BIGINT")
    for model in sql_models.models():
        if model.is_affected:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {model.schema}_{model.stem} AS {model.runnable}")
        elif model.is_appended:
            on_model(model.name, _append(connection, model, tables()[model.name]))
        elif not model.is_view:
            on_model(model.name, _refresh(connection, model, tables()[model.name]))


def _append(connection: duckdb.DuckDBPyConnection, model: Model, table: Table) -> int:
    current = f"current_{model.stem}"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {current} AS {model.runnable}")
    _check_columns(connection, model, table, current)
    check_rows(connection, model, current)
    _insert(connection, table, current)
    return _scalar(connection, f"SELECT count(*) FROM {current}")


def _refresh(connection: duckdb.DuckDBPyConnection, model: Model, table: Table) -> int:
    current, old, changes = f"current_{model.stem}", f"old_{model.stem}", f"changes_{model.stem}"
    columns = ", ".join(table.columns)
    if model.affected_by and not _scalar(connection, f"SELECT count(*) FROM {temporary_names(model.affected_by)}"):
        typed = ", ".join(f"NULL::{column.sql_type} AS {name}" for name, column in table.columns.items())
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {current} AS SELECT {typed} WHERE false")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {changes} AS SELECT 'none' AS change, * FROM {current}")
        return 0
    bounds = _bounds(connection, model)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {current} AS {model.runnable}")
    _check_columns(connection, model, table, current)
    check_rows(connection, model, current)
    condition = " AND ".join(f"t.{column} = a.{key}" for column, key in model.keys)
    semi = f"SEMI JOIN {temporary_names(model.affected_by)} AS a ON {condition}" if model.affected_by else ""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {old} AS SELECT {columns} FROM {model.name} AS t {semi} {bounds}")
    differing = f"SELECT 'added' AS change, {columns} FROM {current}"
    has_old = _scalar(connection, f"SELECT count(*) FROM {old}") > 0  # not in a rebuild, nor where all is new
    if has_old:
        before, now = f"SELECT {columns} FROM {old}", f"SELECT {columns} FROM {current}"
        differing = (
            f"(SELECT 'removed' AS change, * FROM ({before} EXCEPT {now})) UNION ALL "
            f"(SELECT 'added' AS change, * FROM ({now} EXCEPT {before}))"
        )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {changes} AS {differing}")
    grain = ", ".join(model.grain)
    count = _scalar(connection, f"SELECT count(*) FROM {changes}")
    if count and has_old:
        connection.execute(
            f"DELETE FROM {model.name} WHERE ({grain}) IN (SELECT ({grain}) FROM {changes} WHERE change = 'removed')"
            + bounds.replace("WHERE", " AND", 1)
        )
    if count:
        _insert(connection, table, f"{changes} WHERE change = 'added'")
    return count


def _insert(connection: duckdb.DuckDBPyConnection, table: Table, source: str) -> None:
    columns = ", ".join(table.columns)
    order = f"ORDER BY {', '.join(table.sort)}" if table.sort else ""
    connection.execute(f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {source} {order}")


def _bounds(connection: duckdb.DuckDBPyConnection, model: Model) -> str:
    """A WHERE with literal times, so that months and files outside are not read; the model has them as variables."""
    if not model.within:
        return ""
    low, high = connection.execute(
        f"SELECT min(earliest)::VARCHAR, max(latest)::VARCHAR FROM {temporary_names(model.affected_by)}"
    ).fetchone() or (None, None)
    assert low is not None, "an empty set computes nothing"
    for name, value in (("earliest", low), ("latest", high)):
        connection.execute(f"SET VARIABLE {name} = TIMESTAMPTZ '{value}'")
    return f"WHERE {model.within} BETWEEN TIMESTAMPTZ '{low}' AND TIMESTAMPTZ '{high}'"


def _check_columns(connection: duckdb.DuckDBPyConnection, model: Model, table: Table, new: str) -> None:
    described = connection.execute(f"DESCRIBE {new}").fetchall()
    actual = {row[0]: row[1] for row in described}
    expected = {name: column.sql_type for name, column in table.columns.items()}
    if set(actual) != set(expected):
        wrong = sorted(set(actual) ^ set(expected))
        message = f"{model.name}: its SQL and its contract differ in the columns {', '.join(wrong)}"
        raise ModelError(message, model=model.name, check="columns")
    for name, sql_type in expected.items():
        if actual[name] != sql_type and (actual[name], sql_type) not in _WIDENINGS:
            message = f"{model.name}.{name} is {actual[name]} in SQL and {sql_type} in its contract"
            raise ModelError(message, model=model.name, check="columns")


_WIDENINGS = {("INTEGER", "BIGINT")}


def check_rows(connection: duckdb.DuckDBPyConnection, model: Model, new: str) -> None:
    """Raise the first ModelError about rows of a table: grain, then checks in their order."""
    grain = ", ".join(model.grain)
    twice = connection.execute(f"SELECT {grain} FROM {new} GROUP BY {grain} HAVING count(*) > 1 LIMIT 1").fetchone()
    if twice:
        raise ModelError(f"{model.name}: more than one row for {grain} = {twice}", model=model.name, check="grain")
    for check in model.checks:
        broken = connection.execute(
            f"SELECT {grain} FROM {new} WHERE NOT coalesce(({check}), false) LIMIT 1"
        ).fetchone()
        if broken:
            message = f"{model.name}: {check} does not hold for {grain} = {broken}"
            raise ModelError(message, model=model.name, check=check)


def _scalar(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
