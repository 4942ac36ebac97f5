"""Opening the operational store: driver, pragmas, transactions, migration under a lock.

Belongs here: everything about the connection. Does not belong here: any table's statements.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError

from warehouse.errors import SettingsError, StorageError
from warehouse.settings import Settings
from warehouse.store.driver import safe_sqlite, write_ahead
from warehouse.store.schema import SCHEMA_REVISION

BUSY_TIMEOUT_MILLISECONDS = 10_000
MIGRATION_LOCK_SECONDS = 60

# Runs on every new connection. FULL: a commit that was acknowledged survives a power cut.
_PRAGMAS = (
    f"pragma busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}",
    "pragma synchronous = full",
    "pragma foreign_keys = on",
    "pragma mmap_size = 0",
)

_READ_ONLY = "paylake_read_only"


class Store:
    """The open operational store. Safe to share between threads; each transaction has its own connection."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @contextmanager
    def begin(self) -> Generator[sa.Connection]:
        """A writing transaction: takes the write lock at its start, commits at its end, rolls back on an error."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Generator[sa.Connection]:
        """A reading transaction: one consistent view, which never waits for a writer."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(**{_READ_ONLY: True})
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        """Use the store as a context manager that closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()


def open_store(settings: Settings) -> Store:
    """Open the operational store of a deployment, creating or migrating it first.

    Raises:
        SettingsError: `warehouse.operations_url` names a server; only the embedded store can be opened.
        StorageError: the SQLite build is unsafe, the file cannot be opened, or it was written by a newer Paylake.
    """
    if settings.warehouse.operations_url:
        raise SettingsError(
            "warehouse.operations_url is set, but this version opens the embedded operational store only.",
            hint='Remove it, or set it to "".',
        )
    path = Path(settings.paths.operations)
    path.parent.mkdir(parents=True, exist_ok=True)
    # For the owner alone; SQLite gives its journal files the mode of the database.
    path.touch(mode=0o600)
    store = Store(sqlite_engine(path))
    try:
        _migrate(store.engine, path)
    except BaseException:
        store.close()
        raise
    return store


def sqlite_engine(path: Path) -> sa.Engine:
    """An engine on one SQLite file with this store's pragmas and explicit transactions.

    Raises:
        StorageError: the linked SQLite is unsafe.
    """
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), module=safe_sqlite())
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)
    return engine


def insert_into(connection: sa.Connection, table: sa.Table) -> SqliteInsert | postgresql.Insert:
    """The insert statement of the connection's database, which knows `on_conflict_do_update`; Core's own does not."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite_insert(table)


def _set_up_connection(connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: _begin does, with the right lock.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    write_ahead(connection)


def _begin(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("begin" if reading else "begin immediate")


def _migrate(engine: sa.Engine, path: Path) -> None:
    """Bring the file to `SCHEMA_REVISION`; the common case, nothing to do, reads one row and loads nothing."""
    try:
        if _revision(engine) == SCHEMA_REVISION:
            return
        with FileLock(f"{path}.migration.lock", timeout=MIGRATION_LOCK_SECONDS):
            # Imported here: Alembic takes a third of a second and is needed once per version.
            from warehouse.store.migrations import upgrade

            upgrade(engine)
    except Timeout:
        raise StorageError(
            f"Another process has been migrating {path} for more than {MIGRATION_LOCK_SECONDS} seconds.",
            hint="Wait for it, or stop it and start again.",
        ) from None
    except DBAPIError as error:
        raise StorageError(f"The operational store {path} cannot be opened: {error.orig}") from error


def _revision(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        connection = connection.execution_options(**{_READ_ONLY: True})
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("select version_num from alembic_version")).scalar()
