"""Benchmarks of the API over real HTTP, and of the same statements without it.

Belongs here: what is asked of a running `paylake serve`, and what its answers cost. Does not belong here: the lake
behind it (`lake.py`), other databases (`postgres.py`).
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
from starlette.testclient import TestClient

from api.app import create_app
from benchmarks.measure import Row, cpu_seconds, percentile, row, spend
from warehouse.serving import Snapshot
from warehouse.settings import Settings
from warehouse.store.api_keys import create_key
from warehouse.store.connection import open_store

DASHBOARD = "/api/v1/dashboard"
# The limit of one answer, and of searches and pages past the thousandth (issue 5), in milliseconds.
LIMIT_MS, SEARCH_LIMIT_MS = 50, 250
SEARCHES = ("search", "page 1,001")


@dataclass
class Questions:
    """What one merchant asks: by subject, the paths that are asked in turn."""

    key: str
    paths: dict[str, list[str]] = field(default_factory=dict)


def questions_of(settings: Settings, merchant: str, client: httpx.Client) -> Questions:
    """Every list, detail and overview of a merchant, by ids from its own lists."""
    with open_store(settings) as store:
        key, _ = create_key(store, merchant, "live")
    client.headers["X-API-Key"] = key

    def ask(path: str) -> dict[str, Any]:
        return client.get(path).raise_for_status().json()["data"]

    newest = ask("/sessions?limit=100")
    items, last = newest["pagination"]["total_items"], newest["pagination"]["total_pages"]
    sessions = newest["sessions"] + ask(f"/sessions?limit=100&page={last}")["sessions"]
    transactions = ask("/transactions?limit=100")
    addresses = ask("/addresses?limit=100")
    today = datetime.now(UTC).date()
    month = f"start_date={today - timedelta(days=60)}&end_date={today - timedelta(days=30)}"
    return Questions(
        key,
        {
            f"sessions ({items})": ["/sessions"],
            "sessions, paid": ["/sessions?status=paid"],
            "sessions by amount": ["/sessions?sort_by=amount"],
            "sessions of a past month": [f"/sessions?{month}"],
            "sessions, page 1,001": ["/sessions?page=1001"],
            "sessions, search": ["/sessions?search=buyer77"],
            "session": [f"/sessions/{one['session_id']}" for one in sessions],
            f"transactions ({transactions['pagination']['total_items']})": ["/transactions"],
            "transactions of a past month": [f"/transactions?{month}"],
            "transactions, page 1,001": ["/transactions?page=1001"],
            "transaction": [f"/transactions/{one['tx_hash']}" for one in transactions["transactions"]],
            f"addresses ({addresses['pagination']['total_items']})": ["/addresses"],
            "address": [f"/addresses/{one['id']}" for one in addresses["addresses"]],
            "balance/crypto": ["/balance/crypto"],
            "balance/networks": ["/balance/networks"],
            "overview": ["/overview"],
        },
    )


def answers(folder: Path, settings: Settings, merchant: str, requests: int) -> list[Row]:
    """Each question as often, over HTTP to one process, and its statements alone."""
    with server(folder) as (url, process_id), httpx.Client(base_url=url, timeout=60) as client:
        asked = questions_of(settings, merchant, client)
        rows = [
            _ask(client, f"{merchant}: {subject}", paths, requests, process_id)
            for subject, paths in asked.paths.items()
        ]
    return rows + _bare(settings, asked, merchant, requests)


def answers_meanwhile(
    folder: Path, settings: Settings, merchant: str, requests: int, work: Callable[[], str]
) -> list[Row]:
    """The same over HTTP while `work`, which says what it did, goes on in another thread."""
    with server(folder) as (url, process_id), httpx.Client(base_url=url, timeout=60) as client:
        asked = questions_of(settings, merchant, client)
        with ThreadPoolExecutor(1) as pool:
            working = pool.submit(work)
            rows = [
                _ask(client, f"{merchant}, ingesting: {subject}", paths, requests, process_id)
                for subject, paths in asked.paths.items()
            ]
            return [*rows, row("ingested meanwhile", working.result())]


def _ask(client: httpx.Client, subject: str, paths: Sequence[str], requests: int, process_id: int) -> Row:
    seconds = []
    client.get(paths[0]).raise_for_status()
    cpu = cpu_seconds(process_id)
    for path in islice(cycle(paths), requests):
        _, spent = spend(lambda path=path: client.get(path).raise_for_status())
        seconds.append(spent.wall)
    cpu_ms = 1000 * (cpu_seconds(process_id) - cpu) / requests
    p50, p95 = (1000 * percentile(seconds, share) for share in (50, 95))
    limit = SEARCH_LIMIT_MS if subject.endswith(SEARCHES) else LIMIT_MS * (2 if "ingesting" in subject else 1)
    verdict = "" if p95 < limit else f"  > {limit} ms"
    return row(subject, f"p50 {p50:6.1f} ms, p95 {p95:6.1f} ms; {cpu_ms:5.1f} ms CPU each ({requests}){verdict}")


def _bare(settings: Settings, asked: Questions, merchant: str, requests: int) -> list[Row]:
    """How long the service takes, in this process, for what its statements alone take."""
    rows = []
    with TestClient(create_app(settings), headers={"X-API-Key": asked.key}) as client:
        for subject, paths in asked.paths.items():
            ask = partial(client.get, DASHBOARD + paths[0])
            asking = _statements_of(ask)
            bare, whole = _median(asking, requests), _median(ask, requests)
            figures = f"{whole / bare:.2f} x ({whole:.1f} ms over {bare:.1f} ms)"
            rows.append(row(f"{merchant}: service over bare SQL, {subject}", figures))
    return rows


def _statements_of(ask: Callable[[], object]) -> Callable[[], object]:
    """What a request asks of the published data, as work of its own."""
    rows_of, asked = Snapshot.rows, []

    def recorded(self: Snapshot, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        asked.append((self, sql, parameters))
        return rows_of(self, sql, parameters)

    Snapshot.rows = recorded  # type: ignore[method-assign]
    try:
        ask()
    finally:
        Snapshot.rows = rows_of  # type: ignore[method-assign]
    return lambda: [rows_of(snapshot, sql, parameters) for snapshot, sql, parameters in asked]


def _median(work: Callable[[], object], times: int) -> float:
    """Milliseconds."""
    return 1000 * percentile([spend(work)[1].wall for _ in range(times)], 50)


@contextmanager
def server(folder: Path) -> Generator[tuple[str, int]]:
    """`paylake serve` with one process for requests; its address and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "pipelines", "serve", "--port", str(port)]
    command += ["--config", str(folder / "paylake.toml")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    try:
        for _ in range(600):
            try:
                httpx.get(f"http://127.0.0.1:{port}/ready").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}{DASHBOARD}", process.pid
    finally:
        process.terminate()
        process.wait()
