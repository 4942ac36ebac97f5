"""Benchmarks of a lake with many sessions: computing, publishing, answering.

Belongs here: measuring. Does not belong here: making the sessions (`world.py`).
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

import httpx

from benchmarks.measure import Row, cpu_seconds, percentile, row, spend
from benchmarks.world import BIG_MERCHANT, History, move_head, settings_of, write_world
from pipelines.refresh import Refresh
from warehouse import migrate
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.settings import Settings
from warehouse.store.api_keys import create_key
from warehouse.store.connection import open_store

NEWS_SESSIONS = 50
QUIET_PASSES = 5
DASHBOARD = "/api/v1/dashboard"


def lake(folder: Path, sessions: int, requests: int) -> list[Row]:
    """Everything about a lake of so many sessions, in a folder of its own."""
    settings = settings_of(folder)
    rows = [*_compute(settings, sessions), *_passes(settings)]
    return rows + _answers(folder, settings, requests)


def _compute(settings: Settings, sessions: int) -> list[Row]:
    rows = []
    with Lake.open(settings.paths) as opened:
        _, spent = spend(lambda: write_world(opened, settings, sessions))
        rows.append(row(f"write raw rows of {sessions} sessions", str(spent)))
        _, spent = spend(lambda: migrate.rebuild(opened, settings))
        rows.append(row(f"rebuild {sessions} sessions", str(spent)))
        manifest, spent = spend(lambda: publish(opened))
        segments = manifest.segments if manifest else []
        rows.append(row("publish all of it", f"{spent}; {len(segments)} segments, {_megabytes(settings)} MB"))
        history = _recent_history()
        _, spent = spend(lambda: opened.write_tx(lambda write: (history.write(write), migrate.transform(write))))
        rows.append(row(f"transform {NEWS_SESSIONS} new sessions", str(spent)))
        _, spent = spend(lambda: publish(opened))
        rows.append(row("publish them", str(spent)))
        later = history.end + timedelta(seconds=6)
        _, spent = spend(lambda: opened.write_tx(lambda write: (move_head(write, later), migrate.transform(write))))
        rows.append(row("transform a head that moved 2 blocks", str(spent)))
        _, spent = spend(lambda: publish(opened))
        rows.append(row("publish it", str(spent)))
    return rows


def _recent_history() -> History:
    """New sessions of the last day, with ids of their own."""
    history = History(seed=2, sessions=NEWS_SESSIONS, days=1)
    for number in range(NEWS_SESSIONS):
        history.add_session(number)
    return history


def _passes(settings: Settings) -> list[Row]:
    """Passes of `paylake sync` that find nothing, apart from asking nodes and gateway."""
    with Refresh.open(settings, networks=frozenset({"none"})) as refresh:
        refresh.run_pass()
        spent = [spend(refresh.run_pass)[1] for _ in range(QUIET_PASSES)]
    wall, cpu = (1000 * percentile([getattr(one, kind) for one in spent], 50) for kind in ("wall", "cpu"))
    figures = f"{wall:.0f} ms wall, {cpu:.0f} ms CPU, median of {QUIET_PASSES}"
    return [row("a pass without news (no node asked)", figures)]


def _answers(folder: Path, settings: Settings, requests: int) -> list[Row]:
    with open_store(settings) as store:
        key, _ = create_key(store, BIG_MERCHANT, "live")
    with _server(folder) as (url, process_id), httpx.Client(base_url=url, headers={"X-API-Key": key}) as client:
        newest = client.get("/sessions", params={"limit": 100}).raise_for_status().json()["data"]
        items, last = newest["pagination"]["total_items"], newest["pagination"]["total_pages"]
        oldest = client.get("/sessions", params={"limit": 100, "page": last}).raise_for_status().json()["data"]
        ids = [session["session_id"] for session in newest["sessions"] + oldest["sessions"]]
        listed = client.get("/transactions").raise_for_status().json()["data"]
        transactions = listed["pagination"]["total_items"]
        hashes = [transaction["tx_hash"] for transaction in listed["transactions"]]
        addresses = client.get("/addresses", params={"limit": 100}).raise_for_status().json()["data"]["addresses"]
        address_ids = [address["id"] for address in addresses]
        asked = {
            f"GET /sessions (20 of {items})": ["/sessions"],
            "GET /sessions?search=…": ["/sessions?search=buyer77"],
            "GET /sessions/:id": [f"/sessions/{one}" for one in ids],
            "GET /addresses": ["/addresses"],
            "GET /addresses/:id": [f"/addresses/{one}" for one in address_ids],
            "GET /balance/crypto": ["/balance/crypto"],
            "GET /balance/networks": ["/balance/networks"],
            "GET /overview": ["/overview"],
            "GET /transactions/:hash": [f"/transactions/{one}" for one in hashes],
            f"GET /transactions (20 of {transactions})": ["/transactions"],
            "GET /transactions of a past month": [_past_month()],
        }
        return [_ask(client, subject, paths, requests, process_id) for subject, paths in asked.items()]


def _past_month() -> str:
    """The transactions between 60 and 30 days ago: what lies outside is in other segments."""
    today = datetime.now(UTC).date()
    return f"/transactions?start_date={today - timedelta(days=60)}&end_date={today - timedelta(days=30)}"


def _ask(client: httpx.Client, subject: str, paths: Sequence[str], requests: int, process_id: int) -> Row:
    seconds = []
    client.get(paths[0]).raise_for_status()
    cpu = cpu_seconds(process_id)
    for path in islice(cycle(paths), requests):
        _, spent = spend(_getter(client, path))
        seconds.append(spent.wall)
    cpu_ms = 1000 * (cpu_seconds(process_id) - cpu) / requests
    p50, p95 = (1000 * percentile(seconds, share) for share in (50, 95))
    return row(subject, f"p50 {p50:.1f} ms, p95 {p95:.1f} ms wall; {cpu_ms:.1f} ms CPU of the server each ({requests})")


def _getter(client: httpx.Client, path: str) -> Callable[[], object]:
    return lambda: client.get(path).raise_for_status()


@contextmanager
def _server(folder: Path) -> Generator[tuple[str, int]]:
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


def _megabytes(settings: Settings) -> int:
    return sum(path.stat().st_size for path in settings.paths.serving.glob("*.duckdb")) // 1_000_000
