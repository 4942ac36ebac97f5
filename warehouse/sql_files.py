"""The `.sql` files of dbt_like_sql: a header that says what one is, then a SELECT.

Belongs here: how a header is read, and which tables a SELECT names. Does not: what models (sql_models.py) and
invariants (invariants.py) are and do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp, parse_one

from warehouse.errors import PaylakeError


class ModelError(PaylakeError):
    """A SQL model breaks the convention, its contract or a check; `details` of the latter: `model`, and its `check`."""

    code = "MODEL"


@dataclass(frozen=True, slots=True)
class SqlFile:
    """One file: the header's first line, its `tag: value` lines by tag, and the SELECT."""

    sentence: str
    tags: dict[str, list[str]]
    sql: str


def sql_folder() -> Path:
    """The folder of models: beside the packages in a checkout, inside `warehouse` in a wheel."""
    checkout = Path(__file__).parent.parent / "dbt_like_sql"
    return checkout if checkout.is_dir() else Path(__file__).parent / "_sql"


def read_sql_file(path: Path, tags: Sequence[str]) -> SqlFile:
    """Read a file whose header may have these tags.

    Raises:
        ModelError: the header has another line.
    """
    header, _, sql = path.read_text(encoding="utf-8").partition("\n\n")
    lines = [line.removeprefix("--").strip() for line in header.splitlines()]
    found: dict[str, list[str]] = {tag: [] for tag in tags}
    for line in lines[1:]:
        tag, separator, value = line.partition(":")
        if not separator or tag not in found:
            raise ModelError(f"{path.name}: unknown header line {line!r}", hint=f"tags are {', '.join(tags)}")
        found[tag].append(value.strip())
    return SqlFile(lines[0], found, sql.strip())


def tables_read(sql: str) -> frozenset[str]:
    """Every `schema.table` a SELECT reads, by sqlglot."""
    parsed = parse_one(sql, read="duckdb")
    return frozenset(f"{table.db}.{table.name}" for table in parsed.find_all(exp.Table) if table.db)
