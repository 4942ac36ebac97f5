"""`python -m benchmarks`: measure, and print one table."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import lake, small
from benchmarks.measure import Row

PARTS = ("start", "chains", "feed", "lake")


def main() -> None:
    """Run the chosen parts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Paylake on this machine.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which parts; all if not given: {', '.join(PARTS)}")
    parser.add_argument("--logs", type=int, default=20_000, help="logs to decode (default 20,000)")
    parser.add_argument("--events", type=int, default=20_000, help="events to parse (default 20,000)")
    parser.add_argument("--sessions", type=int, default=100_000, help="sessions in the lake (default 100,000)")
    parser.add_argument("--requests", type=int, default=200, help="requests of each kind (default 200)")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    chosen = options.parts or PARTS
    rows: list[Row] = []
    if "start" in chosen:
        rows += small.start_up()
    if "chains" in chosen:
        rows += small.chains(options.logs)
    if "feed" in chosen:
        rows += small.feed(options.events)
    if "lake" in chosen:
        with tempfile.TemporaryDirectory(prefix="paylake-bench-") as folder:
            Path(folder).chmod(0o755)  # PostgreSQL's own user has to reach its part

            def show(one: Row) -> None:  # a large lake takes an hour: each figure as soon as it is known
                rows.append(one)
                print(f"{one.subject}: {one.figures} (load {one.load:.1f})", flush=True)

            lake.lake(Path(folder), options.sessions, options.requests, show)
    table = Table("what", "figures", "load", title=f"Paylake on {os.cpu_count()} cores")
    for one in rows:
        table.add_row(one.subject, one.figures, f"{one.load:.1f}")
    Console(highlight=False, width=130).print(table)


if __name__ == "__main__":
    main()
