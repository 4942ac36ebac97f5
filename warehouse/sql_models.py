"""The SQL models: files read into a graph, run in order, incrementally by affected keys.

Belongs here: the header convention, dependencies, order, and what "refresh" and "rebuild" do to tables. Does not: any
model's meaning (dbt_like_sql/), columns (contracts/).

A model is a SELECT. `staging` models and those with `materialize: view` are views of the lake. `affected` models are
temporary tables of keys, computed from what arrived after the variable `since_batch` and from the state of derived
tables before the pass. Every other model is a table; with `incremental: affected.x on keys` its SELECT covers just the
affected keys, and the runner replaces the rows of those keys that differ. A rebuild is the same run with everything
affected and every table empty. `changes.x` names the rows of table x that this run removed or added.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb
from sqlglot import exp, parse_one

from warehouse.contracts import DERIVED_SCHEMAS, tables
from warehouse.contracts.table import Table
from warehouse.errors import PaylakeError

LAYERS = ("staging", "affected", "intermediate", "marts")
_TEMPORARY = re.compile(r"\b(affected|changes)\.(\w+)")
_TAGS = ("grain", "check", "incremental", "within", "materialize")


class ModelError(PaylakeError):
    """A SQL model breaks the convention, its contract or a check; `details` of the latter: `model`, and its `check`."""

    code = "MODEL"


@dataclass(frozen=True)
class Model:
    """One `.sql` file."""

    name: str
    sentence: str
    sql: str
    grain: tuple[str, ...]
    checks: tuple[str, ...]
    affected_by: str
    keys: tuple[tuple[str, str], ...]
    within: str
    is_view: bool

    @property
    def schema(self) -> str:
        """The layer."""
        return self.name.split(".")[0]

    @property
    def stem(self) -> str:
        """The file's stem, also the table's name."""
        return self.name.split(".")[1]

    @property
    def is_affected(self) -> bool:
        """Whether it is a set of keys, not a table."""
        return self.schema == "affected"

    @cached_property
    def reads(self) -> frozenset[str]:
        """Every `schema.table` its SQL reads, by sqlglot."""
        parsed = parse_one(self.sql, read="duckdb")
        return frozenset(f"{table.db}.{table.name}" for table in parsed.find_all(exp.Table) if table.db)

    @cached_property
    def depends_on(self) -> frozenset[str]:
        """The models that must be computed before it."""
        if self.is_affected:  # it reads derived tables as they were before the pass
            names = {name for name in self.reads if name.startswith(("staging.", "affected.", "changes."))}
        else:
            names = set(self.reads)
        if self.affected_by:
            names.add(self.affected_by)
        return frozenset(names)

    @property
    def runnable(self) -> str:
        """The SQL with `affected.x` and `changes.x` as the temporary tables `affected_x`, `changes_x`."""
        return temporary_names(self.sql)


def temporary_names(sql: str) -> str:
    """DuckDB has no schemas for temporary tables: `affected.x` is kept as `affected_x`."""
    return _TEMPORARY.sub(r"\1_\2", sql)


def sql_folder() -> Path:
    """The folder of models: beside the packages in a checkout, inside `warehouse` in a wheel."""
    checkout = Path(__file__).parent.parent / "dbt_like_sql"
    return checkout if checkout.is_dir() else Path(__file__).parent / "_sql"


@cache
def models() -> tuple[Model, ...]:
    """All models, each after those it reads.

    Raises:
        ModelError: a header is wrong, a layer is overstepped, a table is unknown, a stem stands twice.
    """
    found = [_read(path) for layer in LAYERS for path in sorted((sql_folder() / layer).glob("*.sql"))]
    by_name = {model.name: model for model in found}
    for model in found:
        _check_reads(model, by_name)
    graph: dict[str, set[str]] = {}
    for model in found:
        reads = {name.replace("changes.", "marts.", 1) for name in model.depends_on}
        graph[model.name] = {name for name in reads if name in by_name and name != model.name}
    return tuple(by_name[name] for name in TopologicalSorter(graph).static_order())


def _read(path: Path) -> Model:
    name = f"{path.parent.name}.{path.stem}"
    header, _, sql = path.read_text(encoding="utf-8").partition("\n\n")
    lines = [line.removeprefix("--").strip() for line in header.splitlines()]
    tags: dict[str, list[str]] = {tag: [] for tag in _TAGS}
    for line in lines[1:]:
        tag, separator, value = line.partition(":")
        if not separator or tag not in tags:
            raise ModelError(f"{path.name}: unknown header line {line!r}", hint=f"tags are {', '.join(_TAGS)}")
        tags[tag].append(value.strip())
    if not lines[0].endswith(".") or len(tags["grain"]) != 1:
        raise ModelError(f"{path.name}: the header is a sentence, then exactly one grain")
    affected_by, keys = _incremental(path, tags["incremental"])
    return Model(
        name=name,
        sentence=lines[0],
        sql=sql.strip(),
        grain=_names(tags["grain"][0]),
        checks=tuple(tags["check"]),
        affected_by=affected_by,
        keys=keys,
        within=tags["within"][0] if tags["within"] else "",
        is_view=path.parent.name == "staging" or tags["materialize"] == ["view"],
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _incremental(path: Path, values: list[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    if not values:
        return "", ()
    matched = re.fullmatch(r"(affected\.\w+) on (.+)", values[0])
    if not matched:
        raise ModelError(f"{path.name}: incremental is `affected.<set> on <column>[ = <its column>], …`")
    pairs = [_names(part.replace("=", ",")) for part in matched[2].split(",")]
    return matched[1], tuple((pair[0], pair[-1]) for pair in pairs)


def _check_reads(model: Model, by_name: dict[str, Model]) -> None:
    known = by_name.keys() | tables().keys()
    for name in model.reads:
        layer = name.split(".")[0]
        target = name if layer != "changes" else f"marts.{name.split('.')[1]}"
        if target not in known:
            raise ModelError(f"{model.name} reads {name}, which no file or contract declares")
        if layer == "raw" and model.schema != "staging":
            raise ModelError(f"{model.name} reads {name}: only staging reads raw")
    if not model.is_view and not model.is_affected and model.name not in tables():
        raise ModelError(
            f"{model.name} has no contract", hint=f"add warehouse/contracts/{model.schema}/{model.stem}.py"
        )


@cache
def code_fingerprint() -> str:
    """Digest of all models and contracts of derived tables: another one means that tables must be rebuilt."""
    parts = [f"{model.name}\n{model.sql}" for model in models()]
    parts += [table.ddl() for table in tables().values() if table.schema in (*DERIVED_SCHEMAS, "registry")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def create_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Create or replace every view of the lake."""
    for model in models():
        if model.is_view:
            connection.execute(f"CREATE OR REPLACE VIEW {model.name} AS {model.sql}")


def derived_tables() -> list[Table]:
    """The contracts of tables that models compute."""
    return [tables()[model.name] for model in models() if not model.is_view and not model.is_affected]


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
    for model in models():
        if model.is_affected:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE affected_{model.stem} AS {model.runnable}")
        elif not model.is_view:
            on_model(model.name, _refresh(connection, model, tables()[model.name]))


def _refresh(connection: duckdb.DuckDBPyConnection, model: Model, table: Table) -> int:
    new, old, changes = f"new_{model.stem}", f"old_{model.stem}", f"changes_{model.stem}"
    columns = ", ".join(table.columns)
    if model.affected_by and not _scalar(connection, f"SELECT count(*) FROM {temporary_names(model.affected_by)}"):
        typed = ", ".join(f"NULL::{column.sql_type} AS {name}" for name, column in table.columns.items())
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {changes} AS SELECT 'none' AS change, {typed} WHERE false")
        return 0
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {new} AS {model.runnable}")
    _check_columns(connection, model, table, new)
    check_rows(connection, model, new)
    bounds = _bounds(connection, model)
    condition = " AND ".join(f"t.{column} = a.{key}" for column, key in model.keys)
    semi = f"SEMI JOIN {temporary_names(model.affected_by)} AS a ON {condition}" if model.affected_by else ""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {old} AS SELECT {columns} FROM {model.name} AS t {semi} {bounds}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {changes} AS "
        f"(SELECT 'removed' AS change, * FROM (SELECT {columns} FROM {old} EXCEPT SELECT {columns} FROM {new})) "
        f"UNION ALL (SELECT 'added' AS change, * FROM (SELECT {columns} FROM {new} EXCEPT SELECT {columns} FROM {old}))"
    )
    grain = ", ".join(model.grain)
    count = _scalar(connection, f"SELECT count(*) FROM {changes}")
    if count:
        connection.execute(
            f"DELETE FROM {model.name} WHERE ({grain}) IN (SELECT ({grain}) FROM {changes} WHERE change = 'removed')"
            + bounds.replace("WHERE", " AND", 1)
        )
        order = f"ORDER BY {', '.join(table.sort)}" if table.sort else ""
        connection.execute(
            f"INSERT INTO {model.name} ({columns}) SELECT {columns} FROM {changes} WHERE change = 'added' {order}"
        )
    return count


def _bounds(connection: duckdb.DuckDBPyConnection, model: Model) -> str:
    """A WHERE with literal times, so that months and files outside are not read."""
    if not model.within:
        return ""
    low, high = connection.execute(
        f"SELECT min(earliest)::VARCHAR, max(latest)::VARCHAR FROM {temporary_names(model.affected_by)}"
    ).fetchone() or (None, None)
    if low is None:
        return "WHERE false"
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
