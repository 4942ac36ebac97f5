"""Publication: marts of one lake snapshot written as immutable DuckDB files, and the manifest swapped to them.

Belongs here: building segments, the order of renames, removal of files nobody names any more. Does not: how data is cut
(segments.py), reading (serving.py).

Order for a crash at any point: build under a temporary name, flush, rename, then the manifest. A reader follows the
manifest alone; files it does not name are swept later.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path

from filelock import FileLock

from warehouse import sql_models
from warehouse.contracts.table import Table
from warehouse.duck import quoted
from warehouse.lake import Lake
from warehouse.manifest import (
    Head,
    Manifest,
    Segment,
    read_manifest,
    replace_file,
    sync_folder,
    utc_now,
    write_manifest,
)
from warehouse.segments import BUCKET_SQL, Cut, bucket_of, plan_buckets, plan_ranges

ROW_GROUP_SIZE = 30_720
GRACE_SECONDS = 900
# Look-up tables of each range segment: an id leads to the row's merchant and time without a scan.
LOOKUPS = {"marts.sessions": "session_id", "marts.transactions": "tx_hash"}


def publish(lake: Lake) -> Manifest | None:
    """Publish the lake's newest snapshot; only the segments that changed since the last time are built.

    Returns:
        The current manifest; None when the lake has no tables yet.
    """
    serving = lake.paths.serving
    serving.mkdir(parents=True, exist_ok=True)
    with FileLock(str(serving / "publish.lock")):
        current = read_manifest(serving)
        if current and current.snapshot == lake.snapshot_id():
            return current
        with lake.pinned() as pinned:
            if not pinned.has_table("state.transforms"):
                return None
            manifest = _Publication(pinned, serving, current).run()
        write_manifest(serving, manifest)
        replace_file(serving / "current.sql", _analyst_script(serving, manifest).encode())
        _sweep(serving, manifest)
        return manifest


class _Publication:
    """One publication: everything read at one snapshot."""

    def __init__(self, lake: Lake, serving: Path, current: Manifest | None) -> None:
        self._lake = lake
        self._serving = serving
        self._current = current
        self._snapshot = lake.snapshot_id()
        self._tables = sql_models.derived_tables()

    def run(self) -> Manifest:
        batch_id, code = self._transformed()
        reusable = self._current if self._current and self._current.code_fingerprint == code else None
        since = reusable.batch_id if reusable else -1
        days, buckets = self._touched(since)
        if reusable and not days and not buckets and reusable.published_at.date() == utc_now().date():
            segments = reusable.segments  # only heads moved
        else:
            segments = self._segments(reusable, days, buckets)
        return Manifest(
            version=(self._current.version if self._current else 0) + 1,
            snapshot=self._snapshot,
            batch_id=batch_id,
            code_fingerprint=code,
            published_at=utc_now(),
            as_of=self._as_of(),
            heads=[Head(**row) for row in self._heads()],
            segments=segments,
            views=_views([table for table in self._tables if table.published], segments, self._shared()),
        )

    def _segments(self, reusable: Manifest | None, days: set[date], buckets: set[str]) -> list[Segment]:
        segments = []
        for cut in self._cuts():
            kept = next((old for old in (reusable.segments if reusable else []) if cut.matches(old)), None)
            if kept is None or cut.touches(days, buckets):
                kept = self._build(cut)
            segments.append(kept)
        return segments

    def _transformed(self) -> tuple[int, str]:
        row = self._lake.rows("SELECT batch_id, code_fingerprint FROM state.transforms")[0]
        return row["batch_id"], row["code_fingerprint"]

    def _touched(self, since_batch: int) -> tuple[set[date], set[str]]:
        query = "SELECT DISTINCT {} AS value FROM {} WHERE batch_id > $since"
        parameters = {"since": since_batch}
        days = self._lake.rows(query.format("day", "state.touched_days"), parameters)
        merchants = self._lake.rows(query.format("merchant_id", "state.touched_merchants"), parameters)
        return {row["value"] for row in days}, {bucket_of(row["value"]) for row in merchants}

    def _heads(self) -> list[dict]:
        return self._lake.rows(
            "SELECT heads.mode, heads.network, head_block, head_time, finalized_block, required_confirmations "
            "FROM state.chain_heads AS heads "
            "INNER JOIN registry.networks AS networks "
            "ON heads.mode = networks.mode AND heads.network = networks.network ORDER BY heads.mode, network_rank"
        )

    def _shared(self) -> dict[str, str]:
        return {
            table.name: _select_of(
                table, self._lake.rows(f"SELECT * FROM {table.name} ORDER BY {', '.join(table.sort)}")
            )
            for table in self._tables
            if table.published == "shared"
        }

    def _as_of(self) -> dict[str, datetime]:
        """Chain data is included up to the slowest network's head; without a network, events up to the newest."""
        heads: dict[str, datetime] = {}
        for row in self._heads():
            heads[row["mode"]] = min(row["head_time"], heads.get(row["mode"], row["head_time"]))
        newest = self._lake.rows(
            "SELECT mode, max(occurred_at) AS newest FROM raw.gateway_events GROUP BY mode ORDER BY mode"
        )
        return {row["mode"]: row["newest"] for row in newest} | heads

    def _cuts(self) -> list[Cut]:
        ranged, bucketed = self._count("range"), self._count("bucket")
        return [*plan_ranges(ranged, self._months(), utc_now().date()), *plan_buckets(bucketed)]

    def _months(self) -> list[date]:
        """Months with rows, or with rows once: to look which still have some would read all tables at each pass."""
        if self._current and any(segment.low for segment in self._current.segments):
            found = self._lake.rows("SELECT DISTINCT date_trunc('month', day)::DATE AS month FROM state.touched_days")
            known = {segment.low.date().replace(day=1) for segment in self._current.segments if segment.low}
            return sorted(known | {row["month"] for row in found})
        selects = [
            f"SELECT DISTINCT date_trunc('month', {table.partition_month})::DATE AS month FROM {table.name}"
            for table in self._tables
            if table.published == "range"
        ]
        return [row["month"] for row in self._lake.rows(" UNION ".join(selects) + " ORDER BY month")]

    def _count(self, kind: str) -> int:
        counts = [f"(SELECT count(*) FROM {table.name})" for table in self._tables if table.published == kind]
        return int(self._lake.rows(f"SELECT {' + '.join(counts)} AS rows")[0]["rows"])

    def _build(self, cut: Cut) -> Segment:
        name = f"{cut.kind}-{cut.low.date() if cut.low else cut.bucket or 'all'}-{uuid.uuid4().hex[:12]}.duckdb"
        temporary = self._serving / f".{name}.tmp"
        connection = self._lake.connection
        connection.execute(f"ATTACH {quoted(temporary)} AS segment (ROW_GROUP_SIZE {ROW_GROUP_SIZE})")
        try:
            connection.execute("CREATE SCHEMA segment.marts")
            connection.execute("CREATE SCHEMA segment.lookups")
            row_count = sum(self._copy(table, cut) for table in self._tables if table.published == cut.kind)
            connection.execute("CHECKPOINT segment")
        finally:
            connection.execute("DETACH segment")
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.rename(self._serving / name)
        sync_folder(self._serving)
        return Segment(name, cut.kind, row_count, cut.low, cut.high, cut.bucket)

    def _copy(self, table: Table, cut: Cut) -> int:
        connection = self._lake.connection
        columns = ", ".join(table.columns)
        order = ", ".join((*table.sort, *table.grain))
        connection.execute(
            f"CREATE TABLE segment.{table.name} AS SELECT {columns} FROM {table.name} "
            f"WHERE {_condition(table, cut)} ORDER BY {order}"
        )
        key = LOOKUPS.get(table.name)
        if key:
            connection.execute(
                f"CREATE TABLE segment.lookups.{table.stem} AS "
                f"SELECT {key}, mode, merchant_id, {table.partition_month} FROM segment.{table.name} ORDER BY {key}"
            )
        for name, column in table.columns.items():
            connection.execute(f"COMMENT ON COLUMN segment.{table.name}.{name} IS {quoted(column.comment)}")
        row = connection.execute(f"SELECT count(*) FROM segment.{table.name}").fetchone()
        return int(row[0]) if row else 0


def _condition(table: Table, cut: Cut) -> str:
    if cut.kind == "bucket":
        return f"{BUCKET_SQL} = '{cut.bucket}'" if cut.bucket else "true"
    parts = [f"{table.partition_month} >= TIMESTAMPTZ '{cut.low.isoformat()}'"] if cut.low else []
    parts += [f"{table.partition_month} < TIMESTAMPTZ '{cut.high.isoformat()}'"] if cut.high else []
    return " AND ".join(parts) or "true"


def views_over(published: Collection[str]) -> list[sql_models.Model]:
    """The marts that are views over published tables alone, and so are published as views."""
    known = set(published)
    found = []
    for model in sql_models.models():
        if model.is_view and model.schema == "marts" and model.reads <= known:
            found.append(model)
            known.add(model.name)
    return found


def _select_of(table: Table, rows: list[dict]) -> str:
    """A SELECT that gives these rows by itself, each value in its column's type."""
    columns = ", ".join(f"CAST({name} AS {column.sql_type}) AS {name}" for name, column in table.columns.items())
    # VALUES cannot be empty: one row that is left out again
    values = [[_literal(row[name]) for name in table.columns] for row in rows] or [["NULL"] * len(table.columns)]
    listed = ", ".join(f"({', '.join(row)})" for row in values)
    condition = "" if rows else " WHERE false"
    return f"SELECT {columns} FROM (VALUES {listed}) AS given ({', '.join(table.columns)}){condition}"


def _literal(value: object) -> str:
    return "NULL" if value is None else quoted(str(value))


def _views(tables: list[Table], segments: list[Segment], shared: dict[str, str]) -> dict[str, str]:
    """For each published mart and look-up, the SELECT over the segments, attached as `s0`, `s1`, ….

    Newest ranges come first, and each branch repeats its range, so that the optimizer drops whole segments. Marts that
    are views over published ones alone follow them. What is `shared` needs no segment.
    """
    views = dict(shared)
    for table in tables:
        if table.name in shared:
            continue
        branches = []
        for number, segment in reversed(list(enumerate(segments))):
            if segment.kind == table.published:
                where = _condition(table, Cut(segment.kind, segment.low, segment.high, segment.bucket))
                branches.append((number, "" if segment.kind == "bucket" or where == "true" else f" WHERE {where}"))
        views[table.name] = " UNION ALL ".join(f"SELECT * FROM s{n}.{table.name}{where}" for n, where in branches)
        if table.name in LOOKUPS:
            views[f"lookups.{table.stem}"] = " UNION ALL ".join(
                f"SELECT * FROM s{n}.lookups.{table.stem}" for n, _ in branches
            )
    for model in views_over(views):
        views[model.name] = model.sql
    return views


def _analyst_script(serving: Path, manifest: Manifest) -> str:
    lines = [f"-- Published data of version {manifest.version}. Use: duckdb -init {serving}/current.sql"]
    lines.append("SET TimeZone = 'UTC';")
    for number, segment in enumerate(manifest.segments):
        lines.append(f"ATTACH {quoted(serving.absolute() / segment.file)} AS s{number} (READ_ONLY);")
    lines += ["CREATE SCHEMA marts;", "CREATE SCHEMA lookups;"]
    lines += [f"CREATE VIEW {name} AS {select};" for name, select in manifest.views.items()]
    return "\n".join(lines) + "\n"


def _sweep(serving: Path, manifest: Manifest) -> None:
    """Remove segment files the manifest no longer names, after a grace longer than any request."""
    named = {segment.file for segment in manifest.segments}
    for path in serving.iterdir():
        if path.name in named or ".duckdb" not in path.name:
            continue
        if time.time() - path.stat().st_mtime > GRACE_SECONDS:
            path.unlink(missing_ok=True)
