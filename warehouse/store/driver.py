"""The SQLite library that Paylake trusts with money.

Belongs here: which build is used and which is refused, and its journal. Does not belong here: other settings of
connections.
"""

from typing import Any

import stamina
from pysqlite3 import dbapi2

from warehouse.errors import StorageError

# Below this version SQLite can corrupt a WAL database that several connections write and checkpoint (D4).
SQLITE_VERSION_MIN = (3, 51, 3)

# Its names are compiled in, invisible to a type checker.
_LIBRARY: Any = dbapi2


def safe_sqlite() -> Any:
    """The DB-API module.

    Raises:
        StorageError: its SQLite is older than `SQLITE_VERSION_MIN`.
    """
    if _LIBRARY.sqlite_version_info < SQLITE_VERSION_MIN:
        raise StorageError(
            f"SQLite {_LIBRARY.sqlite_version} can corrupt a database that several processes write.",
            hint="Install the pysqlite3 of requirements.lock, which carries SQLite 3.53.",
        )
    return _LIBRARY


@stamina.retry(on=_LIBRARY.OperationalError, attempts=20, timeout=10.0, wait_initial=0.02, wait_max=0.5)
def write_ahead(connection: Any) -> None:
    """Let the connection's file have a write-ahead log, which readers never wait for.

    Two processes that make the same file at once may each find it locked: SQLite does not wait for that lock.
    """
    connection.execute("pragma journal_mode = wal")
