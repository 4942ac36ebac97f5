"""How things are measured and shown.

Belongs here: clocks, percentiles, the table. Does not belong here: what is measured.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, and the figures as text; `load` of the machine at that time."""

    subject: str
    figures: str
    load: float


def row(subject: str, figures: str) -> Row:
    """A line with the machine's load of now."""
    return Row(subject, figures, os.getloadavg()[0])


@dataclass(frozen=True, slots=True)
class Spent:
    """What a piece of work took in this process, in seconds."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s wall, {self.cpu:.2f} s CPU"


def spend(work: Callable[[], Result]) -> tuple[Result, Spent]:
    """Do the work once, and say what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, Spent(time.perf_counter() - wall, time.process_time() - cpu)


def percentile(values: Sequence[float], share: int) -> float:
    """The value that `share` percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]


def cpu_seconds(process_id: int) -> float:
    """CPU time of a process and its descendants so far; 0 where there is no /proc."""
    ticks = 0
    for process in [process_id, *_descendants(process_id)]:
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _descendants(process_id: int) -> list[int]:
    found: list[int] = []
    for children in Path(f"/proc/{process_id}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            found += [child, *_descendants(child)]
    return found
