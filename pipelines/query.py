"""`paylake query`: the published data for an analyst, at a prompt or with one statement.

Belongs here: reading statements and showing rows. Does not: what is published (warehouse/publish.py).
"""

from __future__ import annotations

import sys
from typing import Any

import duckdb
import typer
from rich.console import Console
from rich.table import Table

from warehouse.errors import PaylakeError
from warehouse.serving import Reader
from warehouse.settings import Settings

ROWS_SHOWN = 1000


class QueryFailed(PaylakeError):
    """The statement is wrong; the message is DuckDB's."""

    code = "QUERY"


def run(settings: Settings, sql: str | None) -> None:
    """Run one statement, or statements typed at a prompt until its end.

    Raises:
        QueryFailed: the one statement is wrong.
    """
    reader = Reader(settings.paths.serving, poll_seconds=0)
    if sql is not None:
        _show(_ask(reader, sql))
        return
    if not sys.stdin.isatty():
        _show(_ask(reader, sys.stdin.read()))
        return
    _prompt(reader)


def _prompt(reader: Reader) -> None:
    console = Console()
    console.print("Published data: tables are in marts. End a statement with a semicolon; end with Ctrl-D.")
    statement = ""
    while True:
        try:
            statement += input("... " if statement else "paylake> ") + "\n"
        except EOFError:
            return
        if statement.strip().endswith(";"):
            try:
                _show(_ask(reader, statement))
            except QueryFailed as error:
                console.print(f"[red]{error}[/]", highlight=False)
            statement = ""


def _ask(reader: Reader, sql: str) -> list[dict[str, Any]]:
    snapshot = reader.snapshot()
    if snapshot is None:
        raise QueryFailed("nothing is published yet", hint="run: paylake sync --until-idle")
    try:
        return snapshot.rows(sql)
    except duckdb.Error as error:
        raise QueryFailed(str(error), hint="tables: " + ", ".join(sorted(snapshot.manifest.views))) from None


def _show(rows: list[dict[str, Any]]) -> None:
    if not rows:
        typer.echo("no rows")
        return
    if not sys.stdout.isatty():  # for pipes: tab-separated, all rows, nothing cut
        typer.echo("\t".join(rows[0]))
        for row in rows:
            typer.echo("\t".join("" if value is None else str(value) for value in row.values()))
        return
    table = Table(*rows[0], show_lines=False)
    for row in rows[:ROWS_SHOWN]:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)
    if len(rows) > ROWS_SHOWN:
        typer.echo(f"{len(rows) - ROWS_SHOWN} more rows; pipe the output to get all")
