"""The invariants asked of one deployment: its lake at one snapshot, with what the operational store holds.

Belongs here: which snapshot, and `paylake check`. Does not: what an invariant says (dbt_like_sql/checks), how Dagster
shows it (pipelines/checks.py).
"""

from __future__ import annotations

from collections.abc import Container, Generator, Iterator
from contextlib import contextmanager

import polars as pl
from rich.console import Console
from rich.markup import escape

from warehouse import migrate
from warehouse.errors import StorageError
from warehouse.invariants import CREDITS, CREDITS_SCHEMA, Finding, ask, invariants, runnable_names
from warehouse.lake import Lake
from warehouse.settings import Settings
from warehouse.sql_models import code_fingerprint
from warehouse.store.connection import open_store
from warehouse.store.credits import all_credits


def find(settings: Settings, names: Container[str] | None = None) -> Iterator[Finding]:
    """Ask invariants, by name.

    Args:
        settings: the deployment's.
        names: only these; None for all.

    Raises:
        StorageError: there is no lake, or its tables are of another version of Paylake.
    """
    chosen = [invariant for invariant in invariants() if names is None or invariant.name in names]
    with Lake.open(settings.paths, read_only=True) as lake:
        credits = _credits(settings)  # before the snapshot: what is handed over is never newer than what is looked at
        with _as_of_last_pass(lake) as pinned:
            pinned.connection.register(runnable_names(CREDITS), credits)
            for invariant in chosen:
                yield ask(invariant, pinned.rows)


def run(settings: Settings) -> int:
    """Ask all, and print what each found.

    Returns:
        The exit code: 1 if one is broken.
    """
    console = Console(highlight=False, soft_wrap=True)
    broken: list[Finding] = []
    count = 0
    for finding in find(settings):
        count += 1
        invariant = finding.invariant
        mark = f"[red]{finding.broken_count} rows[/]" if finding.broken_count else "[green]0 rows[/]"
        console.print(f"{mark}  {invariant.name}: {invariant.sentence}")
        if finding.broken_count:
            broken.append(finding)
            _show(console, finding)
    console.print(f"{count - len(broken)} of {count} invariants hold")
    return 1 if broken else 0


@contextmanager
def _as_of_last_pass(lake: Lake) -> Generator[Lake]:
    """The newest snapshot, or the last pass's while events are stored that no pass has looked at."""
    with lake.pinned() as newest:
        if not newest.has_table("state.transforms"):
            raise StorageError("there are no tables yet", hint="run: paylake sync --until-idle")
        row = newest.rows("SELECT batch_id, code_fingerprint FROM state.transforms")[0]
        if row["code_fingerprint"] != code_fingerprint():
            raise StorageError(
                "the lake's tables were computed by another version of Paylake", hint="run: paylake sync --once"
            )
        if not migrate.has_untransformed(newest):
            yield newest
            return
    with lake.pinned(row["batch_id"]) as last:  # the batch's number is its snapshot's (P-003)
        yield last


def _credits(settings: Settings) -> pl.DataFrame:
    with open_store(settings) as store:
        rows = [[getattr(credit, name) for name in CREDITS_SCHEMA] for credit in all_credits(store)]
    return pl.DataFrame(rows, CREDITS_SCHEMA, orient="row")


def _show(console: Console, finding: Finding) -> None:
    for row in finding.rows:
        console.print("    " + escape(", ".join(f"{name} {value}" for name, value in row.items())))
    console.print(f"    what to do: {finding.invariant.hint}")
