"""Invariants of the books: SELECTs over whole tables that find no row while all is well.

Belongs here: the header convention of `dbt_like_sql/checks`, and how one is asked. Does not: what any of them says,
when they are asked (pipelines/schedules.py) and how that is shown (pipelines/checks.py).

A row found is evidence: what identifies the object, then what is `expected` and what is `actual`. Unlike the checks of
a model's header, which guard the rows that a pass computes, an invariant looks at all that is stored and may compare
any tables, raw ones too. `operations.balance_credits` names the operational store's credits, which the caller brings.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import polars as pl
from sqlglot import exp, parse_one

from warehouse.contracts import tables
from warehouse.sql_files import ModelError, read_sql_file, sql_folder, tables_read
from warehouse.sql_models import models

CREDITS = "operations.balance_credits"
CREDITS_SCHEMA: dict[str, pl.DataType] = {
    "mode": pl.String(),
    "merchant_id": pl.String(),
    "network": pl.String(),
    "currency": pl.String(),
    "version": pl.Int64(),
    "credited_total_e8": pl.Int64(),
}
ROWS_SHOWN = 10
_TAGS = ("invariant", "about", "hint")
_OPERATIONS = re.compile(r"\boperations\.(\w+)")


@dataclass(frozen=True)
class Invariant:
    """One `.sql` file.

    Attributes:
        name: the file's stem.
        sentence: what holds.
        numbers: of the invariants in the list the project started from (research/reliability.md, section 6).
        about: the table that is wrong when it does not hold.
        hint: what to do then.
        sql: finds the rows that break it.
    """

    name: str
    sentence: str
    numbers: tuple[int, ...]
    about: str
    hint: str
    sql: str

    @cached_property
    def reads(self) -> frozenset[str]:
        """Every `schema.table` it reads."""
        return tables_read(self.sql)

    @property
    def runnable(self) -> str:
        """Its first rows, each with the number of all as `broken_count`."""
        counted = f"SELECT *, count(*) OVER () AS broken_count FROM ({self.sql})"
        return f"{runnable_names(counted)} ORDER BY ALL LIMIT {ROWS_SHOWN}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one invariant.

    Attributes:
        invariant: which.
        broken_count: rows that break it.
        rows: the first of them.
    """

    invariant: Invariant
    broken_count: int
    rows: list[dict[str, Any]]


def runnable_names(sql: str) -> str:
    """`operations.x` as the frame `operations_x` that the caller registers: DuckDB registers none in a schema."""
    return _OPERATIONS.sub(r"operations_\1", sql)


def ask(invariant: Invariant, rows_of: Callable[[str], list[dict[str, Any]]]) -> Finding:
    """Ask one invariant.

    Args:
        invariant: which.
        rows_of: runs a query where the lake's tables and `operations_balance_credits` can be read.
    """
    rows = rows_of(invariant.runnable)
    count = rows[0]["broken_count"] if rows else 0
    return Finding(invariant, count, [{k: v for k, v in row.items() if k != "broken_count"} for row in rows])


@cache
def invariants() -> tuple[Invariant, ...]:
    """All of them, by name.

    Raises:
        ModelError: a header is wrong, a table is unknown, the evidence is not.
    """
    found = [_read(path) for path in sorted((sql_folder() / "checks").glob("*.sql"))]
    # The sets of affected keys exist in a pass alone.
    known = {model.name for model in models() if not model.is_affected} | tables().keys() | {CREDITS}
    for invariant in found:
        for name in sorted({*invariant.reads, invariant.about} - known):
            raise ModelError(f"checks/{invariant.name}.sql names {name}, which no file or contract declares")
    return tuple(found)


def _read(path: Path) -> Invariant:
    file = read_sql_file(path, _TAGS)
    numbers, about, hint = (file.tags[tag] for tag in _TAGS)
    if not file.sentence.endswith(".") or not len(numbers) == len(about) == len(hint) == 1:
        raise ModelError(f"checks/{path.name}: the header is a sentence, then one each of {', '.join(_TAGS)}")
    if not re.fullmatch(r"\d+(, \d+)*", numbers[0]):
        raise ModelError(f"checks/{path.name}: invariant is a list of numbers, not {numbers[0]!r}")
    named = parse_one(file.sql, read="duckdb")
    assert isinstance(named, exp.Query)
    if named.named_selects[-2:] != ["expected", "actual"]:
        raise ModelError(f"checks/{path.name}: its last columns are not expected and actual")
    return Invariant(
        name=path.stem,
        sentence=file.sentence,
        numbers=tuple(int(number) for number in numbers[0].split(",")),
        about=about[0],
        hint=hint[0],
        sql=file.sql,
    )
