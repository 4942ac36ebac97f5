"""Counters of the rate limits in a SQLite file that all API processes share.

Belongs here: the storage that the `limits` library counts with. Does not belong here: which limit applies to whom
(`rate_limits.py`). One row is one request inside its window. The file may vanish in a power cut (synchronous=OFF): the
worst that follows is one forgotten window.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from limits.storage.base import MovingWindowSupport, Storage

from api.clock import Clock
from warehouse.store.driver import safe_sqlite, write_ahead

_BUSY_TIMEOUT_SECONDS = 5.0
# After so many requests of this process, rows of callers who never came back are removed.
_SWEEP_EVERY = 1_000
_MICROSECONDS = 1_000_000

_SETUP = """
create table if not exists hits (key text not null, expires_at_us integer not null) strict;
create index if not exists hits_key on hits (key, expires_at_us);
create index if not exists hits_expiry on hits (expires_at_us);
"""
_FORGET_KEY = "delete from hits where key = ? and expires_at_us <= ?"
_FORGET_ALL = "delete from hits where expires_at_us <= ?"
_COUNT = "select count(*), min(expires_at_us) from hits where key = ? and expires_at_us > ?"
_INSERT = "insert into hits (key, expires_at_us) values (?, ?)"


class SqliteRateStorage(Storage, MovingWindowSupport):
    """A storage for moving windows, exact across threads and processes of one host."""

    STORAGE_SCHEME = ["paylake-sqlite"]  # the library declares it so

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._hits_until_sweep = _SWEEP_EVERY
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = safe_sqlite().connect(
            str(path), timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        write_ahead(self._connection)
        self._connection.execute("pragma synchronous = off")
        self._connection.executescript(_SETUP)

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What a failing storage raises."""
        return safe_sqlite().Error

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` requests if the window of `expiry` seconds has room for them."""
        with self._transaction() as now:
            self._connection.execute(_FORGET_KEY, (key, now))
            count, _ = self._connection.execute(_COUNT, (key, now)).fetchone()
            if count + amount > limit:
                return False
            self._insert(key, now + expiry * _MICROSECONDS, amount)
        self._sweep(amount)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002
        """Epoch seconds at which the window began, and how many requests it holds."""
        with self._lock:
            now = self._now()
            count, oldest = self._connection.execute(_COUNT, (key, now)).fetchone()
        began = now if oldest is None else oldest - expiry * _MICROSECONDS
        return began / _MICROSECONDS, count

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count without a limit; returns the new count."""
        with self._transaction() as now:
            self._insert(key, now + expiry * _MICROSECONDS, amount)
            return self._connection.execute(_COUNT, (key, now)).fetchone()[0]

    def get(self, key: str) -> int:
        """How many requests of this key are inside their window."""
        with self._lock:
            return self._connection.execute(_COUNT, (key, self._now())).fetchone()[0]

    def get_expiry(self, key: str) -> float:
        """Epoch seconds at which the oldest counted request leaves the window; now if there is none."""
        with self._lock:
            now = self._now()
            _, oldest = self._connection.execute(_COUNT, (key, now)).fetchone()
        return (oldest or now) / _MICROSECONDS

    def check(self) -> bool:
        """Whether the file can be read."""
        with self._lock:
            return self._connection.execute("select 1").fetchone() == (1,)

    def reset(self) -> int | None:
        """Forget every count; returns how many there were."""
        with self._transaction():
            return self._connection.execute("delete from hits").rowcount

    def clear(self, key: str) -> None:
        """Forget the counts of one key."""
        with self._transaction():
            self._connection.execute("delete from hits where key = ?", (key,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Generator[int]:
        """A write transaction; gives the time, read after the lock so that windows never run backwards."""
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield self._now()
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def _insert(self, key: str, expires_at_us: int, amount: int) -> None:
        self._connection.executemany(_INSERT, [(key, expires_at_us)] * amount)

    def _sweep(self, amount: int) -> None:
        self._hits_until_sweep -= amount
        if self._hits_until_sweep <= 0:
            self._hits_until_sweep = _SWEEP_EVERY
            with self._transaction() as now:
                self._connection.execute(_FORGET_ALL, (now,))

    def _now(self) -> int:
        return round(self._clock().timestamp() * _MICROSECONDS)
