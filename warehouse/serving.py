"""The reader of published data: what the API asks, always one consistent version, never the lake.

Belongs here: following the manifest, attaching segments, handing out cursors. Does not: SQL of any resource
(api/*/queries.py), building segments (publish.py).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from warehouse.duck import connect, quoted
from warehouse.errors import StorageError
from warehouse.manifest import MANIFEST_NAME, Manifest, read_manifest

_LOG = logging.getLogger(__name__)

POLL_SECONDS = 0.5
MEMORY_LIMIT = "2GB"
THREADS = 2
_OPEN_ATTEMPTS = 5


class Snapshot:
    """One published version, attached read-only. Immutable, safe for any number of threads."""

    def __init__(self, manifest: Manifest, serving: Path) -> None:
        self.manifest = manifest
        self._database = connect(memory_limit=MEMORY_LIMIT, threads=THREADS)
        for number, segment in enumerate(manifest.segments):
            self._database.execute(f"ATTACH {quoted(serving / segment.file)} AS s{number} (READ_ONLY)")
        self._database.execute("CREATE SCHEMA marts")
        self._database.execute("CREATE SCHEMA lookups")
        for name, select in manifest.views.items():
            self._database.execute(f"CREATE VIEW {name} AS {select}")
        self._create_heads()
        # From here on SQL can reach nothing but these views: no files, no settings.
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")

    def _create_heads(self) -> None:
        self._database.execute(
            "CREATE TABLE marts.chain_heads (mode VARCHAR, network VARCHAR, head_block BIGINT, "
            "head_time TIMESTAMP WITH TIME ZONE, finalized_block BIGINT, required_confirmations BIGINT)"
        )
        for head in self.manifest.heads:
            values = [head.mode, head.network, head.head_block, head.head_time, head.finalized_block]
            values.append(head.required_confirmations)
            self._database.execute("INSERT INTO marts.chain_heads VALUES (?, ?, ?, ?, ?, ?)", values)

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run one query and return its rows as dictionaries.

        Args:
            sql: static text over `marts.*` and `lookups.*` with `$name` parameters.
            parameters: their values.
        """
        cursor = self._database.cursor()
        try:
            cursor.execute(sql, dict(parameters) if parameters else None)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            cursor.close()


class Reader:
    """Follows the manifest of one serving directory; one per process, shared by its threads."""

    def __init__(self, serving: Path, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._serving = serving
        self._poll_seconds = poll_seconds
        self._lock = threading.Lock()
        self._current: Snapshot | None = None
        self._seen: tuple[int, int] | None = None
        self._next_look = 0.0

    def snapshot(self) -> Snapshot | None:
        """The newest published version, or None before the first.

        The old version stays usable for whoever holds it; it is closed with its last user.
        """
        if time.monotonic() >= self._next_look:
            # One thread looks and opens; the others go on with the version they have.
            if self._current is None:
                self._lock.acquire()
            elif not self._lock.acquire(blocking=False):
                return self._current
            try:
                self._look()
            finally:
                self._lock.release()
        return self._current

    def _look(self) -> None:
        if self._current is not None and time.monotonic() < self._next_look:
            return
        signature = self._signature()
        if signature is not None and signature != self._seen:
            try:
                self._current, self._seen = self._open(), signature
            except (duckdb.Error, StorageError, OSError):
                if self._current is None:
                    raise
                # What was published before is still whole: serve it, and look again.
                _LOG.exception("the new version cannot be opened; %s stays", self._current.manifest.version)
        self._next_look = time.monotonic() + self._poll_seconds

    def _signature(self) -> tuple[int, int] | None:
        try:
            status = (self._serving / MANIFEST_NAME).stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def _open(self) -> Snapshot | None:
        for attempt in range(_OPEN_ATTEMPTS):
            manifest = read_manifest(self._serving)
            if manifest is None:
                return None
            try:
                return Snapshot(manifest, self._serving)
            except duckdb.IOException:  # a segment was swept between reading the manifest and opening it
                if attempt == _OPEN_ATTEMPTS - 1:
                    raise
        return None
