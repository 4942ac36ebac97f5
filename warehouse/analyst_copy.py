"""Files for analysts: everything published, in one DuckDB file and as clean Parquet, of one version.

Belongs here: writing them so that readers see the old file or the new one. Does not: what is published (publish.py),
when this happens (pipelines/schedules.py). Parquet of the lake itself is read rightly by DuckLake alone.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from filelock import FileLock

from warehouse.contracts import tables
from warehouse.contracts.table import Table
from warehouse.duck import connect, quoted
from warehouse.manifest import Manifest, read_manifest, sync_folder
from warehouse.settings import Paths

FILE = "paylake.duckdb"
PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class AnalystCopy:
    """What was written.

    Attributes:
        version: of the publication it is a copy of.
        row_counts: table → its rows.
        size_bytes: of all files.
    """

    version: int
    row_counts: dict[str, int]
    size_bytes: int


def write_analyst_copy(paths: Paths) -> AnalystCopy | None:
    """Write `published/paylake.duckdb` and `published/parquet/<table>.parquet` anew; None before the first publication.

    Each file is replaced in one step and says which version it is of: the DuckDB file in `marts.publication`, a
    Parquet file in its own metadata.
    """
    paths.published.mkdir(parents=True, exist_ok=True)
    with FileLock(str(paths.published / ".lock")):
        manifest = read_manifest(paths.serving)
        if manifest is None:
            return None
        with _published(manifest, paths.serving) as connection:
            names = [name for name in manifest.views if name.startswith("marts.")]
            counts = _write_duckdb(connection, manifest, names, paths.published / FILE)
            files = [_write_parquet(connection, manifest, name, paths.published / PARQUET) for name in names]
        size = sum(file.stat().st_size for file in (*files, paths.published / FILE))
        return AnalystCopy(manifest.version, counts, size)


@contextmanager
def _published(manifest: Manifest, serving: Path) -> Generator[duckdb.DuckDBPyConnection]:
    connection = connect()
    try:
        for number, segment in enumerate(manifest.segments):
            connection.execute(f"ATTACH {quoted(serving / segment.file)} AS s{number} (READ_ONLY)")
        connection.execute("CREATE SCHEMA marts")
        connection.execute("CREATE SCHEMA lookups")
        for name, select in manifest.views.items():
            connection.execute(f"CREATE VIEW {name} AS {select}")
        yield connection
    finally:
        connection.close()


def _write_duckdb(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, names: list[str], target: Path
) -> dict[str, int]:
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.unlink(missing_ok=True)
    connection.execute(f"ATTACH {quoted(temporary)} AS copied")
    connection.execute("CREATE SCHEMA copied.marts")
    counts = {}
    for name in names:
        connection.execute(f"CREATE TABLE copied.{name} AS SELECT * FROM {name}")
        _describe(connection, tables().get(name), f"copied.{name}")
        counts[name] = _count(connection, f"copied.{name}")
    connection.execute("CREATE TABLE copied.marts.publication (version BIGINT, mode VARCHAR, data_as_of TIMESTAMPTZ)")
    for mode, moment in manifest.as_of.items():
        connection.execute("INSERT INTO copied.marts.publication VALUES (?, ?, ?)", [manifest.version, mode, moment])
    connection.execute("CHECKPOINT copied")
    connection.execute("DETACH copied")
    _replace(temporary, target)
    return counts


def _describe(connection: duckdb.DuckDBPyConnection, table: Table | None, name: str) -> None:
    if table is None:  # a view over tables: its SQL says what it is
        return
    connection.execute(f"COMMENT ON TABLE {name} IS {quoted(table.sentence)}")
    for column_name, column in table.columns.items():
        connection.execute(f"COMMENT ON COLUMN {name}.{column_name} IS {quoted(column.comment)}")


def _write_parquet(connection: duckdb.DuckDBPyConnection, manifest: Manifest, name: str, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    target = folder / f"{name.split('.')[1]}.parquet"
    temporary = folder / f".{target.name}.tmp"
    metadata = f"KV_METADATA {{paylake_version: '{manifest.version}'}}"
    connection.execute(f"COPY (SELECT * FROM {name}) TO {quoted(temporary)} (FORMAT parquet, CODEC zstd, {metadata})")
    _replace(temporary, target)
    return target


def _replace(temporary: Path, target: Path) -> None:
    """Put the whole file where the old one was, so that a crash leaves either."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(target)
    sync_folder(target.parent)


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
    return int(row[0]) if row else 0
