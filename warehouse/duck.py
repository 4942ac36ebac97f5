"""DuckDB connections: the one place that opens them and loads their extensions.

Belongs here: configuration every connection shares. Does not: what is attached to it (lake.py, publish.py, serving.py).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import duckdb

from warehouse.errors import StorageError

LAKE_EXTENSIONS = ("sqlite_scanner", "ducklake")


def connect(
    *, memory_limit: str | None = None, threads: int | None = None, extensions: Sequence[str] = ()
) -> duckdb.DuckDBPyConnection:
    """Open a fresh in-memory DuckDB in UTC that installs nothing by itself and takes no community extension.

    Args:
        memory_limit: DuckDB's own notation, for example "2GB"; None leaves its default.
        threads: worker threads; None leaves its default.
        extensions: loaded into it, each built in, installed before or from its wheel.

    Raises:
        StorageError: an extension is missing.
    """
    loads = [_checked_load(name) for name in extensions]
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "allow_community_extensions": False,
        "allow_unsigned_extensions": bool(loads),
    }
    if memory_limit:
        config["memory_limit"] = memory_limit
    if threads:
        config["threads"] = threads
    connection = duckdb.connect(config=config)
    for load in loads:
        connection.execute(load)
    connection.execute("SET allow_unsigned_extensions = false")  # for good: DuckDB does not let it be set back
    connection.execute("SET GLOBAL TimeZone = 'UTC'")  # global: cursors of this connection are sessions of their own
    connection.execute("SET enable_progress_bar = false")
    return connection


@cache
def _checked_load(name: str) -> str:
    """The statement that loads an extension, tried once a process where DuckDB takes only what it has signed.

    Its wheel is a third party's; the binary inside carries DuckDB's own signature. Checking it means hashing 33 MB,
    90 ms on every connection (DECISIONS.md P-028). The wheel's Python code is never imported.
    """
    binary = _wheel_binary(name)
    statements = [f"LOAD {name}"] + ([f"LOAD {quoted(binary)}"] if binary else [])
    with connect() as probe:
        for statement in statements:
            with suppress(duckdb.Error):
                probe.execute(statement)
                return statement
    raise StorageError(
        f"the DuckDB extension {name} is missing or not as DuckDB signed it",
        hint=f"pip install duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}",
    )


def quoted(text: str | Path) -> str:
    """A SQL string literal, for statements that take no parameters."""
    return "'" + str(text).replace("'", "''") + "'"


def _wheel_binary(name: str) -> Path | None:
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "extensions" / f"v{duckdb.__version__}"
    binary = folder / f"{name}.duckdb_extension"
    return binary if binary.exists() else None
