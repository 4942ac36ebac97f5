"""The SQL models: files read into a graph.

Belongs here: the header convention, dependencies, order. Does not: computing tables (model_runs.py), any model's
meaning (dbt_like_sql/), columns (contracts/).

A model is a SELECT. `staging` models and those with `materialize: view` are views of the lake. `affected` models are
temporary tables of keys, computed from what arrived after the variable `since_batch` and from the state of derived
tables before the pass. Those with `materialize: appended` are tables whose SELECT gives what came since, and which only
grow. Every other model is a table; with `incremental: affected.x on keys` its SELECT covers just the affected keys, and
the runner replaces the rows of those keys that differ. A rebuild is the same run with everything affected and every
table empty. `changes.x` names the rows of table x that this run removed or added, `current.x` those of the affected
keys as they are now; the models in `current` are further rows that several models need, temporary as well. With
`within: time`, the variables `earliest` and `latest` bound that column of all affected rows.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache, cached_property
from graphlib import TopologicalSorter
from pathlib import Path

from warehouse.contracts import DERIVED_SCHEMAS, tables
from warehouse.contracts.table import Table
from warehouse.sql_files import ModelError, read_sql_file, sql_folder, tables_read

LAYERS = ("staging", "affected", "current", "intermediate", "marts")
# Schemas that exist during a run alone.
PASSING = ("affected", "changes", "current")
_TEMPORARY = re.compile(rf"\b({'|'.join(PASSING)})\.(\w+)")
_TAGS = ("grain", "check", "incremental", "within", "materialize")


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
    is_appended: bool

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
        """Whether it is a set of keys, or of rows of such keys, that exists during a run alone."""
        return self.schema in PASSING

    @cached_property
    def reads(self) -> frozenset[str]:
        """Every `schema.table` its SQL reads, by sqlglot."""
        return tables_read(self.sql)

    @property
    def runnable(self) -> str:
        """The SQL with `affected.x`, `changes.x`, `current.x` as the temporary tables `affected_x` and so on."""
        return temporary_names(self.sql)


def temporary_names(sql: str) -> str:
    """DuckDB has no schemas for temporary tables: `affected.x` is kept as `affected_x`."""
    return _TEMPORARY.sub(r"\1_\2", sql)


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
    graph = {model.name: _depends_on(model, by_name) for model in found}
    return tuple(by_name[name] for name in TopologicalSorter(graph).static_order())


def _depends_on(model: Model, by_name: dict[str, Model]) -> set[str]:
    """The models that must be computed before it."""
    needed = {model.affected_by} if model.affected_by else set()
    for name in model.reads:
        read = by_name.get(lasting(name, by_name))
        # a set of keys reads derived tables as they were before the pass: these need not be computed yet
        is_first = name.startswith(PASSING) or (read is not None and (read.is_view or read.is_appended))
        if read and read is not model and (is_first or not model.is_affected):
            needed.add(read.name)
    return needed


def lasting(name: str, by_name: dict[str, Model]) -> str:
    """The model behind `changes.x` or `current.x`; any other name as it is."""
    schema, stem = name.split(".")
    if name in by_name or schema not in ("changes", "current"):
        return name
    return next((known for known in by_name if known.endswith(f".{stem}") and not known.startswith(PASSING)), name)


def _read(path: Path) -> Model:
    name = f"{path.parent.name}.{path.stem}"
    file = read_sql_file(path, _TAGS)
    tags = file.tags
    if not file.sentence.endswith(".") or len(tags["grain"]) != 1:
        raise ModelError(f"{path.name}: the header is a sentence, then exactly one grain")
    affected_by, keys = _incremental(path, tags["incremental"])
    return Model(
        name=name,
        sentence=file.sentence,
        sql=file.sql,
        grain=_names(tags["grain"][0]),
        checks=tuple(tags["check"]),
        affected_by=affected_by,
        keys=keys,
        within=tags["within"][0] if tags["within"] else "",
        is_view=path.parent.name == "staging" or tags["materialize"] == ["view"],
        is_appended=tags["materialize"] == ["appended"],
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
        if lasting(name, by_name) not in known:
            raise ModelError(f"{model.name} reads {name}, which no file or contract declares")
        if name.startswith("raw.") and model.schema != "staging":
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


def derived_tables() -> list[Table]:
    """The contracts of tables that models compute."""
    return [tables()[model.name] for model in models() if not model.is_view and not model.is_affected]
