"""DuckDB connections: the one place that opens them and loads their extensions.

Belongs here: configuration every connection shares. Does not: what is attached to it (lake.py, publish.py, serving.py).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb

from warehouse.errors import StorageError

LAKE_EXTENSIONS = ("sqlite_scanner", "ducklake")


def connect(*, memory_limit: str | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """Open a fresh in-memory DuckDB in UTC that installs nothing by itself and takes no community extension.

    Args:
        memory_limit: DuckDB's own notation, for example "2GB"; None leaves its default.
        threads: worker threads; None leaves its default.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "allow_community_extensions": False,
    }
    if memory_limit:
        config["memory_limit"] = memory_limit
    if threads:
        config["threads"] = threads
    connection = duckdb.connect(config=config)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")  # global: cursors of this connection are sessions of their own
    connection.execute("SET enable_progress_bar = false")
    return connection


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension: built in or installed before, else from its wheel's path.

    The wheels are a third party's; the binary inside carries DuckDB's own signature, which DuckDB checks. Their Python
    code is never imported.

    Raises:
        StorageError: neither has it.
    """
    try:
        connection.execute(f"LOAD {name}")
    except duckdb.Error:
        binary = _wheel_binary(name)
        if binary is None:
            raise StorageError(
                f"the DuckDB extension {name} is missing",
                hint=f"pip install duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}",
            ) from None
        connection.execute(f"LOAD {quoted(binary)}")


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
