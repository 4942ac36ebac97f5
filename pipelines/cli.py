"""`paylake`: the commands. Each imports what it needs when it runs, so that `--help` answers at once.

Belongs here: arguments, help, exit codes (0 done, 1 failed with a message, 2 usage). Does not: the work itself.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from warehouse.errors import PaylakeError

app = typer.Typer(
    name="paylake",
    help="Pipeline, warehouse and dashboard API of a crypto payment gateway.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keys = typer.Typer(no_args_is_help=True, help="API keys of merchants.")
quarantine = typer.Typer(no_args_is_help=True, help="Events of the gateway that were refused.")
app.add_typer(keys, name="keys")
app.add_typer(quarantine, name="quarantine")

Config = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file; else $PAYLAKE_CONFIG, else ./paylake.toml.", show_default=False),
]


class Mode(StrEnum):
    """Deployment mode."""

    LIVE = "live"
    TEST = "test"


def main() -> None:
    """Run the command line; expected failures become a message and exit code 1."""
    try:
        app()
    except PaylakeError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        if error.hint:
            typer.echo(f"hint: {error.hint}", err=True)
        raise SystemExit(1) from None


@app.command(epilog="Example: paylake sync --until-idle")
def sync(
    network: Annotated[list[str] | None, typer.Option(help="Only this network's chain; may be given again.")] = None,
    once: Annotated[bool, typer.Option("--once", help="One pass, then end.")] = False,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when feed and heads are reached.")] = False,
    config: Config = None,
) -> None:
    """Take in gateway events and chain transfers, compute the tables, publish them; keep following."""
    from pipelines.sync import Ending, run
    from warehouse.settings import load_settings

    ending = Ending.ONCE if once else Ending.IDLE if until_idle else Ending.NEVER
    raise SystemExit(run(load_settings(config), networks=frozenset(network or ()), ending=ending))


@app.command(epilog="Example: paylake backfill --network BSC --from-block 60000000 --to-block 60001000")
def backfill(
    network: Annotated[str, typer.Option(help="Whose blocks.")],
    from_block: Annotated[int, typer.Option(help="First block.", min=0)],
    to_block: Annotated[int, typer.Option(help="Last block; must be final and ingested.", min=0)],
    mode: Annotated[Mode, typer.Option(help="Live or test.")] = Mode.LIVE,
    config: Config = None,
) -> None:
    """Read a range of blocks again and add what was missing; where nothing was, nothing changes."""
    from pipelines.backfill import run
    from warehouse.settings import load_settings

    raise SystemExit(run(load_settings(config), mode.value, network, from_block, to_block))


@app.command(epilog="Example: paylake demo --once")
def demo(
    once: Annotated[bool, typer.Option("--once", help="One round of traffic, its figures, and the end.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Throw away what earlier runs left, and start over.")] = False,
    port: Annotated[
        int | None, typer.Option(help="Port of the API; else 8000 or a free one.", min=1, max=65535, show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the traffic, where it begins.")] = 1,
    tick_seconds: Annotated[float, typer.Option(help="Pause between two ticks of the traffic.", min=0.1)] = 2.0,
    folder: Annotated[Path, typer.Option(help="Folder of all its files.")] = Path("data/demo"),
) -> None:
    """Run local chains, a simulated gateway and payers, with sync and API over them; Ctrl-C ends all of it."""
    from pipelines.demo.run import run

    raise SystemExit(run(folder, once=once, reset=reset, seed=seed, port=port, tick_seconds=tick_seconds))


@app.command(epilog="Example: paylake rebuild")
def rebuild(config: Config = None) -> None:
    """Compute every derived table from raw again, and publish."""
    from pipelines.sync import rebuild as run
    from warehouse.settings import load_settings

    run(load_settings(config))


@app.command(epilog="Example: paylake serve --port 8000 --workers 2")
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, max=64)] = 1,
    config: Config = None,
) -> None:
    """Serve the dashboard API from published data."""
    from api.server import run
    from warehouse.settings import load_settings

    run(load_settings(config), host=host, port=port, workers=workers)


@app.command(epilog='Example: paylake query "select status, count(*) from marts.sessions group by all"')
def query(
    sql: Annotated[str | None, typer.Argument(help="SQL over marts.*; without it, an interactive prompt.")] = None,
    config: Config = None,
) -> None:
    """Ask the published data; it can be read while everything runs."""
    from pipelines.query import run
    from warehouse.settings import load_settings

    run(load_settings(config), sql)


@app.command(epilog="Example: paylake doctor")
def doctor(config: Config = None) -> None:
    """Check settings, nodes, storage and versions, and say what to fix."""
    from pipelines.doctor import run
    from warehouse.settings import load_settings

    raise SystemExit(run(load_settings(config)))


@app.command(epilog="Example: paylake check")
def check(config: Config = None) -> None:
    """Ask of all that is stored what must hold of it, and show the rows that break it; exit code 1 if any do."""
    from pipelines.invariants import run
    from warehouse.settings import load_settings

    raise SystemExit(run(load_settings(config)))


@app.command(epilog="Example: paylake dagster --port 3000")
def dagster(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 3000,
    config: Config = None,
) -> None:
    """Show assets, checks and runs in Dagster's web pages; `paylake sync` records its passes there from now on."""
    from pipelines.dagster_home import run
    from warehouse.settings import load_settings

    run(load_settings(config), config, host=host, port=port)


@keys.command("create", epilog="Example: paylake keys create --merchant mer_7 --mode test")
def create_key(
    merchant: Annotated[str, typer.Option(help="Merchant id; need not be known yet.")],
    mode: Annotated[Mode, typer.Option(help="Which data the key opens.")],
    scopes: Annotated[str, typer.Option(help="Comma-separated scopes; all if not given.")] = "",
    config: Config = None,
) -> None:
    """Make an API key and print it, once."""
    from warehouse.settings import load_settings
    from warehouse.store import api_keys
    from warehouse.store.connection import open_store

    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    with open_store(load_settings(config)) as store:
        text, _ = api_keys.create_key(store, merchant, mode.value, wanted or api_keys.SCOPES)
    typer.echo(text)


@keys.command("list", epilog="Example: paylake keys list --merchant mer_7")
def list_keys(
    merchant: Annotated[str | None, typer.Option(help="Only this merchant's.")] = None, config: Config = None
) -> None:
    """List keys: id, prefix, merchant, mode, scopes, state; never the keys themselves."""
    from warehouse.settings import load_settings
    from warehouse.store import api_keys
    from warehouse.store.connection import open_store

    with open_store(load_settings(config)) as store:
        for key in api_keys.list_keys(store, merchant):
            state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "active"
            typer.echo(
                f"{key.key_id}\t{key.display_prefix}\t{key.merchant_id}\t{key.mode}\t{','.join(sorted(key.scopes))}\t{state}"
            )


@keys.command("revoke", epilog="Example: paylake keys revoke 3")
def revoke_key(key_id: Annotated[int, typer.Argument(help="The id `keys list` shows.")], config: Config = None) -> None:
    """Make a key useless at once."""
    from warehouse.settings import load_settings
    from warehouse.store import api_keys
    from warehouse.store.connection import open_store

    with open_store(load_settings(config)) as store:
        if not api_keys.revoke_key(store, key_id):
            raise PaylakeError(f"there is no active key {key_id}", hint="see them with: paylake keys list")
    typer.echo(f"revoked {key_id}")


@quarantine.command("list", epilog="Example: paylake quarantine list")
def list_quarantine(config: Config = None) -> None:
    """List refused lines, then events that refer to a foreign object, with place and reason."""
    from pipelines.gateway.quarantine import list_foreign, list_open
    from warehouse.lake import Lake
    from warehouse.settings import load_settings

    with Lake.open(load_settings(config).paths, read_only=True) as lake:
        for row in [*list_open(lake), *list_foreign(lake)]:
            place = f"{row['source']}:{row['position']}"
            typer.echo(f"{row['quarantine_id'][:24]}\t{place}\t{row['reason_code']}\t{row['reason']}")


@quarantine.command("replay", epilog="Example: paylake quarantine replay")
def replay_quarantine(config: Config = None) -> None:
    """Try every refused line again, for example after a network was added to the settings."""
    from datetime import UTC, datetime

    from pipelines.gateway.quarantine import replay
    from warehouse import migrate
    from warehouse.lake import Lake
    from warehouse.settings import load_settings

    settings = load_settings(config)
    with Lake.open(settings.paths) as lake:
        migrate.prepare(lake, settings)
        result = replay(lake, now=datetime.now(UTC), families=settings.families)
    typer.echo(f"accepted {result.accepted}, known {result.duplicates}, refused again {result.refused}")
