"""The lake's catalog in rollback-journal mode against WAL: one writer, two reading processes (DECISIONS.md P-004).

python -m benchmarks.catalog_journal --seconds 15
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.queues import Queue

import polars as pl

from warehouse import lake as lake_module
from warehouse import migrate
from warehouse.lake import Lake
from warehouse.settings import Paths, load_settings


def _read(paths: Paths, seconds: float, answers: Queue[tuple[list[float], int]]) -> None:
    """Count rows again and again, with a fresh attach each tenth time."""
    times: list[float] = []
    errors = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with Lake.open(paths, read_only=True) as lake:
                for _ in range(10):
                    started = time.perf_counter()
                    lake.rows("SELECT count(*) AS n FROM raw.evm_blocks")
                    times.append(time.perf_counter() - started)
        except Exception:  # every failure counts
            errors += 1
    answers.put((times, errors))


def _write(paths: Paths, seconds: float) -> tuple[list[float], int]:
    times: list[float] = []
    errors = 0
    end = time.monotonic() + seconds
    with Lake.open(paths) as lake:
        while time.monotonic() < end:
            frame = _blocks(len(times))
            started = time.perf_counter()
            try:
                lake.write_tx(lambda write, frame=frame: write.append("raw.evm_blocks", frame))
            except Exception:  # every failure counts
                errors += 1
            times.append(time.perf_counter() - started)
    return times, errors


def _blocks(number: int) -> pl.DataFrame:
    row = {"mode": "live", "network": "BSC", "block_number": number, "block_hash": f"0x{number:064x}"}
    row |= {"parent_hash": "0x0", "block_time": datetime(2026, 1, 1, tzinfo=UTC)}
    return pl.DataFrame([row]).with_columns(pl.col("block_time").cast(pl.Datetime("us", "UTC")))


def measure(mode: str, seconds: float) -> str:
    """One line of the table."""
    lake_module.JOURNAL_MODE = mode
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PAYLAKE_WAREHOUSE__DATA_DIR": folder}
        settings = load_settings(None, environment)
        with Lake.open(settings.paths) as lake:
            migrate.prepare(lake, settings)
        answers: Queue[tuple[list[float], int]] = spawn.Queue()
        readers = [spawn.Process(target=_read, args=(settings.paths, seconds, answers)) for _ in range(2)]
        for reader in readers:
            reader.start()
        writes, write_errors = _write(settings.paths, seconds)
        read = [answers.get() for _ in readers]
        for reader in readers:
            reader.join()
    reads = [duration for times, _ in read for duration in times]
    return (
        f"{mode:>7} {len(writes):>8} {_ms(writes, 50):>8} {_ms(writes, 95):>8} {write_errors:>6} "
        f"{len(reads):>8} {_ms(reads, 50):>8} {_ms(reads, 95):>8} {sum(errors for _, errors in read):>6}"
    )


def _ms(times: list[float], percentile: int) -> str:
    return f"{statistics.quantiles(times, n=100)[percentile - 1] * 1000:.1f}"


def main() -> None:
    """Measure both modes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    seconds = parser.parse_args().seconds
    print(f"load {os.getloadavg()}, times in ms")
    headings = ("mode", "commits", "p50", "p95", "errors", "reads", "p50", "p95", "errors")
    print("{:>7} {:>8} {:>8} {:>8} {:>6} {:>8} {:>8} {:>8} {:>6}".format(*headings))
    for mode in ("DELETE", "WAL", "DELETE", "WAL"):
        print(measure(mode, seconds), flush=True)


if __name__ == "__main__":
    main()
