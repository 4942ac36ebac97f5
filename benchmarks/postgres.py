"""The same questions asked of PostgreSQL with proper indexes, beside ours.

Belongs here: a server of its own, the marts copied into it, and the statements as one would write them there. Does not
belong here: measuring ours (`answers.py`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from benchmarks.measure import Row, percentile, row, spend
from warehouse.lake import Lake
from warehouse.settings import Settings

TABLES = {
    "sessions": "session_id, mode, merchant_id, reference, amount, currency, network, status, customer_email, "
    "customer_name, description, deposit_address, tx_hash, paid_amount, paid_at, platform_fees, created_at, expires_at",
    "transactions": "id, mode, merchant_id, type, tx_hash, network, currency, amount, from_address, to_address, "
    "deposit_address, block_number, log_index, block_time, session_id, reference, is_final",
    "addresses": "id, mode, merchant_id, address, network, currency, is_active, is_assigned, balance, final_balance, "
    "total_received, total_swept, sweep_status, last_swept_at, created_at, updated_at",
}
_TYPES = {"id": "bigint", "block_number": "bigint", "log_index": "bigint", "is_final": "boolean"}
_MONEY = ("amount", "balance", "_fees", "_received", "_swept")
_TYPES |= {"is_active": "boolean", "is_assigned": "boolean"}
INDEXES: tuple[LiteralString, ...] = (
    "create unique index on sessions (session_id)",
    "create index on sessions (mode, merchant_id, created_at desc, session_id)",
    "create index on sessions (mode, merchant_id, status, created_at desc, session_id)",
    "create index on sessions (mode, merchant_id, amount desc, session_id)",
    "create index on sessions (mode, merchant_id, paid_at)",
    "create index on transactions (mode, merchant_id, block_time desc, id)",
    "create index on transactions (mode, merchant_id, tx_hash)",
    "create unique index on addresses (id)",
    "create index on addresses (mode, merchant_id, created_at desc, id)",
)
OWN = "mode = 'live' and merchant_id = %(merchant)s"
COUNTS = f"select status, count(*) from sessions where {OWN} group by status"
FIGURES = f"select type, count(*), sum(amount) filter (where is_final) from transactions where {OWN} group by type"
PAGE = f"select * from sessions where {OWN}"
MOVES = f"select * from transactions where {OWN}"
QUESTIONS: dict[str, tuple[str, ...]] = {
    "sessions": (COUNTS, f"{PAGE} order by created_at desc, session_id limit 20"),
    "sessions, paid": (COUNTS, f"{PAGE} and status = 'paid' order by created_at desc, session_id limit 20"),
    "sessions by amount": (COUNTS, f"{PAGE} order by amount desc, session_id limit 20"),
    "sessions, page 1,001": (COUNTS, f"{PAGE} order by created_at desc, session_id limit 20 offset 20000"),
    "sessions, search": (
        f"select status, count(*) from sessions where {OWN} and (lower(reference) like '%%buyer77%%' "
        "or lower(customer_email) like '%%buyer77%%' or lower(customer_name) like '%%buyer77%%') group by status",
        f"{PAGE} and (lower(reference) like '%%buyer77%%' or lower(customer_email) like '%%buyer77%%' "
        "or lower(customer_name) like '%%buyer77%%') order by created_at desc, session_id limit 20",
    ),
    "session": (f"{PAGE} and session_id = %(session_id)s",),
    "transactions": (FIGURES, f"{MOVES} order by block_time desc, id limit 20"),
    "transaction": (f"{MOVES} and tx_hash = %(tx_hash)s",),
    "addresses": (
        f"select count(*), count(*) filter (where is_active), sum(balance) from addresses where {OWN}",
        f"select * from addresses where {OWN} order by created_at desc, id limit 20",
    ),
    "overview": (
        "select count(*) filter (where created_at >= date_trunc('month', now())), sum(paid_amount - platform_fees) "
        f"from sessions where {OWN} "
        "and (created_at >= date_trunc('month', now()) or paid_at >= date_trunc('month', now()))",
        f"{PAGE} order by created_at desc, session_id limit 5",
        f"select count(*) from sessions where {OWN} and status = 'pending'",
        f"select count(*) from addresses where {OWN} and sweep_status in ('pending', 'failed') and final_balance >= 1",
    ),
}


def answers(folder: Path, settings: Settings, merchants: Sequence[str], requests: int) -> list[Row]:
    """Each question as often; nothing but a line that says so where no PostgreSQL 15 is installed."""
    programs = _programs()
    if programs is None:
        return [row("PostgreSQL", "not installed here: apt-get install postgresql-15")]
    with _server(folder / "postgres", programs) as address, psycopg.connect(address, autocommit=True) as connection:
        _, spent = spend(lambda: _load(connection, folder, settings))
        rows = [row("PostgreSQL: load and index the same rows", str(spent))]
        for merchant in merchants:
            rows += _ask_all(connection, merchant, requests)
        return rows


def _programs() -> Path | None:
    found = shutil.which("pg_ctl") or next(iter(Path("/usr/lib/postgresql/15/bin").glob("pg_ctl")), None)
    return Path(found).parent if found else None


@contextmanager
def _server(folder: Path, programs: Path) -> Generator[str]:
    """A server of default settings but for memory; its address. It refuses to run as root."""
    folder.mkdir()
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres", "postgres")
    data = str(folder / "data")

    def run(*command: str) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)  # noqa: S603 - PostgreSQL's own

    run(str(programs / "initdb"), "-D", data, "-U", "paylake", "--auth=trust")
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c shared_buffers=4GB -c work_mem=64MB"
    options += " -c maintenance_work_mem=1GB -c fsync=off"
    run(str(programs / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"host={folder} user=paylake dbname=postgres"
    finally:
        run(str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "stop")


def _load(connection: psycopg.Connection, folder: Path, settings: Settings) -> None:
    for table, columns in TABLES.items():
        typed = ", ".join(f"{name} {_type_of(name)}" for name in columns.split(", "))
        connection.execute(f"create table {table} ({typed})".encode())
        file = folder / f"{table}.csv"
        with Lake.open(settings.paths, read_only=True) as lake:
            lake.connection.execute(
                f"COPY (SELECT {columns} FROM marts.{table}) TO '{file}' (FORMAT csv, HEADER false)"
            )
        copying = connection.cursor().copy(f"copy {table} from stdin (format csv)".encode())
        with copying as copy, file.open("rb") as rows:
            while chunk := rows.read(1 << 20):
                copy.write(chunk)
        file.unlink()
    for statement in INDEXES:
        connection.execute(statement)
    connection.execute("vacuum analyze")


def _type_of(column: str) -> str:
    if column in _TYPES:
        return _TYPES[column]
    if column.endswith(("_at", "_time")):
        return "timestamptz"
    is_money = column in ("amount", "balance") or column.endswith(
        ("_amount", "_fees", "_balance", "_received", "_swept")
    )
    return "numeric" if is_money else "text"


def _ask_all(connection: psycopg.Connection, merchant: str, requests: int) -> list[Row]:
    ids = {
        "session_id": _some(connection, "sessions", "session_id", merchant),
        "tx_hash": _some(connection, "transactions", "tx_hash", merchant),
    }
    rows = []
    for subject, statements in QUESTIONS.items():
        asked = [
            {"merchant": merchant, **dict(zip(ids, values, strict=True))}
            for values in islice(cycle(zip(*ids.values(), strict=True)), requests)
        ]
        seconds = [spend(partial(_ask, connection, statements, values))[1].wall for values in asked]
        p50, p95 = (1000 * percentile(seconds, share) for share in (50, 95))
        rows.append(row(f"PostgreSQL, {merchant}: {subject}", f"p50 {p50:6.1f} ms, p95 {p95:6.1f} ms ({requests})"))
    return rows


def _ask(connection: psycopg.Connection, statements: Sequence[str], values: Mapping[str, str]) -> None:
    for statement in statements:
        connection.execute(statement.encode(), values).fetchall()


def _some(connection: psycopg.Connection, table: str, column: str, merchant: str) -> list[str]:
    sql = f"select {column} from {table} where {OWN} limit 100"
    return [found[0] for found in connection.execute(sql.encode(), {"merchant": merchant}).fetchall()]
