"""The long-running `paylake sync`: passes one after another, told to a person.

Belongs here: when passes run, how they end, what is printed. Does not: what a pass does (refresh.py).
"""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import replace
from enum import Enum, auto

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID

from pipelines.recorder import Recorder
from pipelines.refresh import PassReport, Refresh
from warehouse import migrate
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.settings import Settings

UPKEEP_SECONDS = 3600.0
_FILES_ONLY_POLL_SECONDS = 1.0


class Ending(Enum):
    """When `paylake sync` ends by itself."""

    ONCE = auto()
    IDLE = auto()
    NEVER = auto()


def run(settings: Settings, *, networks: frozenset[str] = frozenset(), ending: Ending = Ending.NEVER) -> int:
    """Run passes until the ending is reached, or a signal asks to stop after the current one.

    Returns:
        The exit code: 1 if the last pass left a problem and sync was to end by itself.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    console = Console(stderr=True)
    active = [network.poll_seconds for network in settings.active_networks()]
    pause_seconds = min(active, default=_FILES_ONLY_POLL_SECONDS)
    teller, recorder = _Teller(console), Recorder(settings)
    with (
        recorder.failures(),
        Refresh.open(settings, networks=networks, on_model=_teller(console, "rebuilt")) as refresh,
        Bars(console) as bars,
    ):
        next_upkeep = time.monotonic() + UPKEEP_SECONDS
        while True:
            if time.monotonic() >= next_upkeep:
                refresh.maintain()
                next_upkeep = time.monotonic() + UPKEEP_SECONDS
            report = refresh.run_pass(
                on_progress=bars.show,
                every_head=ending is not Ending.NEVER,
                wait_seconds=pause_seconds if ending is Ending.NEVER else None,
            )
            recorder.add(report, refresh.figures)
            bars.keep(report.unfinished)
            teller.tell(replace(report, problems=[*report.problems, *recorder.problems]))
            if stop.is_set() or ending is Ending.ONCE or (ending is Ending.IDLE and report.is_idle):
                break
            if not report.has_news and stop.wait(pause_seconds):
                break
        recorder.close(refresh.figures, in_haste=ending is Ending.NEVER)
    failed = bool(report.problems) and ending is not Ending.NEVER and not stop.is_set()
    return 1 if failed else 0


def rebuild(settings: Settings) -> None:
    """Compute derived tables from raw again, publish, and say how many rows each has."""
    console = Console(stderr=True)
    with Lake.open(settings.paths) as lake:
        migrate.rebuild(lake, settings, _teller(console, "rows"))
        manifest = publish(lake)
    if manifest:
        console.print(f"published version {manifest.version}")


def _teller(console: Console, word: str) -> migrate.OnModel:
    return lambda name, rows: console.print(f"{name}: {rows} {word}", highlight=False)


class _Teller:
    """Prints a line for each pass that did something, and each problem when it appears, not every second again."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._known: dict[str, str] = {}

    def tell(self, report: PassReport) -> None:
        """Print what is new since the last report."""
        if report.has_news or report.rows_replaced:
            transfers = ", ".join(f"{name} {count}" for name, count in report.transfers.items() if count) or "0"
            version = report.manifest.version if report.manifest else "-"
            self._print(
                f"events {report.events}, refused {report.refused}, transfers {transfers}, "
                f"rows changed {report.rows_replaced}, published version {version}"
            )
        # A network has one problem at a time, however its words change; any other problem is known by its words.
        by_subject = {str(problem): problem for problem in report.problems if problem not in report.down.values()}
        by_subject |= report.down
        for subject, problem in by_subject.items():
            if self._known.get(subject) != str(problem):
                hint = f" ({problem.hint})" if problem.hint else ""
                self._print(f"[yellow]problem:[/] {escape(str(problem) + hint)}")
        for subject in self._known.keys() - by_subject.keys():
            self._print(f"[green]solved:[/] {escape(self._known[subject])}")
        self._known = {subject: str(problem) for subject, problem in by_subject.items()}

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)


class Bars:
    """A bar a network, in a terminal only, and only while there is something to wait for."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(console=console, transient=True, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, *_: object) -> None:
        self.keep(frozenset())

    def show(self, network: str, done_blocks: int, all_blocks: int) -> None:
        """Report blocks read of a range; from any thread."""
        with self._lock:
            if not self._tasks:
                self._progress.start()
            if network not in self._tasks:
                self._tasks[network] = self._progress.add_task(f"{network} blocks", total=all_blocks)
            self._progress.update(self._tasks[network], completed=done_blocks, total=all_blocks)

    def keep(self, networks: frozenset[str]) -> None:
        """Take away the bars of all networks but these, which are still being read."""
        with self._lock:
            for network in self._tasks.keys() - networks:
                self._progress.remove_task(self._tasks.pop(network))
            if not self._tasks:
                self._progress.stop()
