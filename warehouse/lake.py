"""The lake: DuckLake attached, read, and written through one door.

Belongs here: attaching, `write_tx` under the writer lock, appends checked against contracts. Does not: what the tables
hold (contracts/), how derived ones are computed (sql_models.py), upkeep (maintenance.py).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import duckdb
import polars as pl
import stamina
from filelock import FileLock, Timeout
from pandera.errors import SchemaError

from warehouse.contracts import tables
from warehouse.duck import LAKE_EXTENSIONS, connect, quoted
from warehouse.errors import StorageError
from warehouse.settings import Paths

LOCK_WAIT_SECONDS = 900
JOURNAL_MODE = "DELETE"
WRITE_ATTEMPTS = 6
READ_ATTEMPTS = 6
# A lake with fewer rows is worked on by one thread: handing so little around costs more than it saves (P-028).
FEW_ROWS = 500_000
_CONTENTION = re.compile("locked|conflict", re.IGNORECASE)

Result = TypeVar("Result")


class Contention(StorageError):
    """Another process held the catalog; the whole transaction may be tried again."""

    code = "CONTENTION"


@dataclass(frozen=True, slots=True)
class Write:
    """One open write transaction.

    Attributes:
        connection: the lake's connection, inside BEGIN.
        batch_id: number of this transaction: the snapshot it becomes, so it only ever rises.
        received_at: the one time stamped on all its rows.
    """

    connection: duckdb.DuckDBPyConnection
    batch_id: int
    received_at: datetime

    def append(self, table: str, frame: pl.DataFrame) -> int:
        """Append rows, checked against the table's contract; `batch_id` and `received_at` are stamped here.

        Returns:
            How many rows were appended.

        Raises:
            StorageError: the frame is not what the contract says.
        """
        if frame.is_empty():
            return 0
        contract = tables()[table]
        if "received_at" in contract.columns:
            frame = frame.with_columns(pl.lit(self.received_at, pl.Datetime("us", "UTC")).alias("received_at"))
        try:
            frame = contract.frame_schema.validate(frame)
        except SchemaError as error:
            raise StorageError(f"rows for {table} break its contract: {str(error).splitlines()[0]}") from error
        names = ", ".join(frame.columns)
        stamped = ("batch_id", f", {self.batch_id}") if "batch_id" in contract.columns else ("", "")
        self.connection.register("appended_frame", frame)
        try:
            columns = f"{names}, {stamped[0]}" if stamped[0] else names
            self.connection.execute(f"INSERT INTO {table} ({columns}) SELECT {names}{stamped[1]} FROM appended_frame")
        finally:
            self.connection.unregister("appended_frame")
        return frame.height

    def replace(self, table: str, frame: pl.DataFrame) -> int:
        """Put these rows in place of all the table holds (for tables of a few rows: heads, registry)."""
        self.connection.execute(f"DELETE FROM {table}")
        return self.append(table, frame)


class Lake:
    """An attached lake. Not shared between threads; any number of processes may hold one each."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, paths: Paths, name: str = "lake") -> None:
        self.connection = connection
        self.paths = paths
        self._name = name
        self._lock = FileLock(str(paths.lock))
        # Reads of other threads and commits take turns: at the same moment each would wait five seconds for the other,
        # because one query opens the catalog several times (DECISIONS.md P-024).
        self._turn = threading.Lock()

    @classmethod
    @contextmanager
    def open(cls, paths: Paths, *, read_only: bool = False, snapshot: int | None = None) -> Generator[Lake]:
        """Attach the lake as `lake` and use it.

        Args:
            paths: where catalog, data and lock live.
            read_only: refuse writes; the lake must exist.
            snapshot: read the lake as of this snapshot.

        Raises:
            StorageError: it does not exist (read-only), or cannot be attached.
        """
        if read_only and not paths.catalog.exists():
            raise StorageError(f"there is no lake in {paths.data_dir} yet", hint="run: paylake sync --until-idle")
        if not read_only:
            paths.lake_data.mkdir(parents=True, exist_ok=True)
        connection = connect(extensions=LAKE_EXTENSIONS)
        try:
            lake = cls(connection, paths)
            lake._attach(read_only=read_only, snapshot=snapshot)
            yield lake
        finally:
            connection.close()

    @contextmanager
    def pinned(self, snapshot: int | None = None) -> Generator[Lake]:
        """The lake as of a snapshot, by default its newest, which stays while others write.

        In the same DuckDB, so at little cost.
        """
        snapshot = self.snapshot_id() if snapshot is None else snapshot
        cursor = self.connection.cursor()
        lake = Lake(cursor, self.paths, name=f"lake_{snapshot}")
        lake._attach(read_only=True, snapshot=snapshot)
        try:
            yield lake
        finally:
            cursor.execute("USE memory")
            cursor.execute(f"DETACH lake_{snapshot}")
            cursor.close()

    @contextmanager
    def beside(self) -> Generator[Lake]:
        """The same lake over a connection of its own, for another thread; each query sees the newest snapshot."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(f"USE {self._name}")
            lake = Lake(cursor, self.paths, self._name)
            lake._turn = self._turn
            yield lake
        finally:
            cursor.close()

    def _attach(self, *, read_only: bool, snapshot: int | None) -> None:
        # A rollback journal instead of WAL: the extension links its own older SQLite, whose WAL can corrupt when
        # several connections checkpoint (DECISIONS.md P-004 has the measurement of both).
        options = [f"DATA_PATH {quoted(f'{self.paths.lake_data}/')}", "META_BUSY_TIMEOUT 30000"]
        options += ["READ_ONLY"] if read_only else ["DATA_INLINING_ROW_LIMIT 0", f"META_JOURNAL_MODE '{JOURNAL_MODE}'"]
        options += [f"SNAPSHOT_VERSION {snapshot}"] if snapshot is not None else []
        statement = f"ATTACH {quoted(f'ducklake:sqlite:{self.paths.catalog}')} AS {self._name} ({', '.join(options)})"
        try:
            if read_only:
                self.connection.execute(statement)
            else:
                with self.writer_lock():  # the first attach creates the catalog
                    self.connection.execute(statement)
        except duckdb.Error as error:
            raise StorageError(f"the lake in {self.paths.data_dir} cannot be opened: {error}") from error
        self.connection.execute(f"USE {self._name}")
        self._choose_threads()

    def _choose_threads(self) -> None:
        sql = f"SELECT coalesce(sum(record_count), 0) FROM __ducklake_metadata_{self._name}.ducklake_table_stats"
        row = self.connection.execute(sql).fetchone()
        self.connection.execute("SET threads = 1" if row and row[0] < FEW_ROWS else "RESET threads")

    @contextmanager
    def writer_lock(self) -> Generator[None]:
        """Keep every other writer out, over several transactions if need be.

        Raises:
            StorageError: another process keeps it too long.
        """
        try:
            with self._lock.acquire(timeout=LOCK_WAIT_SECONDS):
                yield
        except Timeout:
            raise StorageError(
                f"another process has held the writer lock {self.paths.lock} for {LOCK_WAIT_SECONDS} s",
                hint="see which with: fuser " + str(self.paths.lock),
            ) from None

    def write_tx(self, body: Callable[[Write], Result]) -> Result:
        """Run `body` in one write transaction: the only way rows, tables and views of the lake change.

        All or nothing, also under kill -9. `body` may run more than once, each time from a clean state, so it must have
        no effect outside the transaction. Slow work (network, parsing) belongs before the call, not inside.

        Returns:
            What `body` returned.
        """
        for attempt in stamina.retry_context(on=Contention, attempts=WRITE_ATTEMPTS, wait_initial=0.1, wait_max=2.0):
            with attempt, self.writer_lock():
                self._choose_threads()
                return self._transaction(body)
        raise AssertionError("unreachable: the last attempt raises")

    def _transaction(self, body: Callable[[Write], Result]) -> Result:
        connection = self.connection
        try:
            connection.execute("BEGIN")
            result = body(Write(connection, self.snapshot_id() + 1, datetime.now(UTC)))
            self._commit()
        except BaseException as error:
            with suppress(duckdb.Error):  # when COMMIT itself failed, nothing is open any more
                connection.execute("ROLLBACK")
            if isinstance(error, duckdb.Error) and _CONTENTION.search(str(error)):
                raise Contention(f"the catalog was busy: {error}") from error
            raise
        return result

    def _commit(self) -> None:
        with self._turn:
            self.connection.execute("COMMIT")

    @contextmanager
    def exclusive(self) -> Generator[duckdb.DuckDBPyConnection]:
        """Hold the writer lock without a transaction, for upkeep that commits each statement by itself."""
        with self.writer_lock(), self._turn:
            yield self.connection

    def snapshot_id(self) -> int:
        """The newest snapshot this connection (inside a transaction: this transaction) can see."""
        row = self.connection.execute(f"SELECT id FROM {self._name}.current_snapshot()").fetchone()
        assert row is not None
        return int(row[0])

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run a query, outside of a write transaction, and return its rows as dictionaries."""
        values = dict(parameters) if parameters else None

        def ask() -> tuple[list[str], list[tuple]]:
            cursor = self.connection.execute(sql, values)
            return [column[0] for column in cursor.description or ()], cursor.fetchall()

        names, rows = self._answered(ask)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def frame(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run a query, outside of a write transaction, and return its rows as a polars frame."""
        values = dict(parameters) if parameters else None
        return self._answered(lambda: self.connection.sql(sql, params=values).pl())

    def _answered(self, ask: Callable[[], Result]) -> Result:
        """The result of a read; asked again when another process commits just then."""
        for attempt in stamina.retry_context(on=Contention, attempts=READ_ATTEMPTS, wait_initial=0.05, wait_max=1.0):
            with attempt, self._turn:
                try:
                    return ask()
                except duckdb.Error as error:
                    if _CONTENTION.search(str(error)):
                        raise Contention(f"the catalog was busy: {error}") from error
                    raise
        raise AssertionError("unreachable: the last attempt raises")

    def has_table(self, name: str) -> bool:
        """Whether the table exists at this connection's snapshot."""
        try:
            self.rows(f"SELECT 1 FROM {name} LIMIT 0")
        except duckdb.CatalogException:
            return False
        return True
