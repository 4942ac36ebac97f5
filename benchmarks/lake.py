"""Benchmarks of a lake with many sessions: computing, refreshing, publishing, answering.

Belongs here: measuring. Does not belong here: making the sessions (`world.py`), asking the API (`answers.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks import postgres
from benchmarks.answers import answers, answers_meanwhile
from benchmarks.measure import Row, Spent, percentile, row, spend
from benchmarks.world import BIG_MERCHANT, USUAL_MERCHANT, World, settings_of
from pipelines.refresh import Refresh
from warehouse import migrate
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.settings import Settings

# So many transfers are new to a refresh; those that come while the API is asked are as many again.
NEWS_TRANSFERS = 1000
REFRESHES = 3
QUIET_PASSES = 5
OnRow = Callable[[Row], None]


def lake(folder: Path, sessions: int, requests: int, on_row: OnRow) -> None:
    """Everything about a lake of so many sessions, in a folder of its own; each row as soon as it is known."""
    settings = settings_of(folder)
    with Lake.open(settings.paths) as opened:
        # what does not fit into memory goes to the lake's own disk
        opened.connection.execute(f"SET temp_directory = '{folder / 'spill'}'")
        world, spent = spend(lambda: World(opened, settings, sessions))
        ongoing = world.moment_before_last(NEWS_TRANSFERS)
        latest = world.moment_before_last(NEWS_TRANSFERS * (REFRESHES + 1))
        transfers, written = spend(lambda: world.write_until(latest))
        on_row(row(f"make {sessions} sessions, {transfers} transfers", f"{spent}; written: {written}"))
        _compute(opened, settings, world, ongoing, on_row)
        for merchant in (USUAL_MERCHANT, BIG_MERCHANT):
            for one in answers(folder, settings, merchant, requests):
                on_row(one)
        for one in answers_meanwhile(folder, settings, USUAL_MERCHANT, requests, lambda: _ingest(opened, world)):
            on_row(one)
    for one in _passes(settings):
        on_row(one)
    for one in postgres.answers(folder, settings, (USUAL_MERCHANT, BIG_MERCHANT), requests):
        on_row(one)


def _compute(opened: Lake, settings: Settings, world: World, ongoing: datetime, on_row: OnRow) -> None:
    _, spent = spend(lambda: migrate.rebuild(opened, settings))
    on_row(row("rebuild all of it", str(spent)))
    manifest, spent = spend(lambda: publish(opened))
    segments = manifest.segments if manifest else []
    on_row(row("publish all of it", f"{spent}; {len(segments)} segments, {_megabytes(settings)} MB"))
    step = (ongoing - world.written_until) / REFRESHES
    transforms, publishes, news = [], [], []
    for _ in range(REFRESHES):
        count, transformed, published = _refresh(opened, world, world.written_until + step)
        news.append(count)
        transforms.append(transformed)
        publishes.append(published)
    on_row(row(f"refresh after {news} new transfers: models", _shown(transforms)))
    on_row(row("the same: segments", _shown(publishes)))
    later = world.written_until + timedelta(seconds=24)
    _, spent = spend(lambda: opened.write_tx(lambda write: (world.move_head(write, later), migrate.transform(write))))
    on_row(row("refresh of heads that moved two blocks: models", str(spent)))
    _, spent = spend(lambda: publish(opened))
    on_row(row("the same: segments", str(spent)))


def _refresh(opened: Lake, world: World, moment: datetime) -> tuple[int, Spent, Spent]:
    """New rows, then what a pass does after it has them: models, then segments."""
    count = world.write_until(moment)
    _, transformed = spend(lambda: opened.write_tx(migrate.transform))
    _, published = spend(lambda: publish(opened))
    return count, transformed, published


def _ingest(opened: Lake, world: World) -> str:
    """Ten passes with news, one after the other, as `paylake sync` does them."""
    step = (world.end - world.written_until) / 10
    started, transfers = time.perf_counter(), 0
    for _ in range(10):
        transfers += _refresh(opened, world, world.written_until + step)[0]
    return f"{transfers} transfers in 10 refreshes within {time.perf_counter() - started:.1f} s"


def _shown(spent: list[Spent]) -> str:
    wall, cpu = (percentile([getattr(one, kind) for one in spent], 50) for kind in ("wall", "cpu"))
    return f"{wall:.2f} s wall, {cpu:.2f} s CPU, median of {len(spent)}"


def _passes(settings: Settings) -> list[Row]:
    """Passes of `paylake sync` that find nothing, apart from asking nodes and gateway."""
    with Refresh.open(settings, networks=frozenset({"none"})) as refresh:
        refresh.run_pass()
        spent = [spend(refresh.run_pass)[1] for _ in range(QUIET_PASSES)]
    return [row("a pass without news (no node asked)", _shown(spent))]


def _megabytes(settings: Settings) -> int:
    return sum(path.stat().st_size for path in settings.paths.serving.glob("*.duckdb")) // 1_000_000
