"""`paylake doctor`: is everything this deployment needs there and right?

Belongs here: questions and what to do about each answer. Does not: repairing.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import duckdb
from rich.console import Console

from pipelines.chains.evm import EvmSource
from pipelines.chains.rpc import RetryPolicy
from pipelines.chains.rpc_pool import RpcPool
from warehouse.domain.networks import Family
from warehouse.duck import LAKE_EXTENSIONS, connect, load_extension
from warehouse.errors import PaylakeError
from warehouse.lake import Lake
from warehouse.settings import NetworkSettings, Settings
from warehouse.store.connection import open_store

# A doctor is asked by a person who waits.
_PATIENCE = RetryPolicy(attempts=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer: what was looked at, whether it is right, what was seen, and what to do if it is wrong."""

    subject: str
    is_right: bool
    seen: str
    fix: str = ""


def run(settings: Settings) -> int:
    """Print every finding.

    Returns:
        1 if something is wrong, else 0.
    """
    console = Console(highlight=False, soft_wrap=True)
    wrong = 0
    for finding in findings(settings):
        mark = "[green]ok[/]   " if finding.is_right else "[red]wrong[/]"
        console.print(f"{mark} {finding.subject}: {finding.seen}")
        if not finding.is_right:
            wrong += 1
            if finding.fix:
                console.print(f"      → {finding.fix}")
    console.print(f"{wrong} wrong" if wrong else "everything is right")
    return 1 if wrong else 0


def findings(settings: Settings) -> Iterator[Finding]:
    """Look at versions, settings, storage and nodes, in this order."""
    yield Finding("versions", True, f"Python {platform.python_version()}, DuckDB {duckdb.__version__}")
    yield from _settings(settings)
    yield from _storage(settings)
    for network in settings.active_networks():
        yield from _network(settings, network)


def _settings(settings: Settings) -> Iterator[Finding]:
    for key, variable in settings.unset_secrets.items():
        yield Finding(key, False, f"its variable {variable} is not set", f"export {variable}=… where it is needed")
    if not settings.active_networks():
        yield Finding("networks", False, "none has rpc_urls", "set networks.live.BSC.rpc_urls, for example")
    if settings.gateway.inbox is None and settings.gateway.base_url is None:
        yield Finding("gateway", False, "neither base_url nor inbox is set", "set gateway.inbox or gateway.base_url")
    elif settings.gateway.inbox is not None and not settings.gateway.inbox.is_dir():
        yield Finding(
            "gateway.inbox", False, f"{settings.gateway.inbox} is no directory", f"mkdir -p {settings.gateway.inbox}"
        )


def _storage(settings: Settings) -> Iterator[Finding]:
    yield _tried("DuckDB extensions", lambda: _load_extensions())
    yield _tried("operational store", lambda: _open_store(settings))
    if settings.paths.catalog.exists():
        yield _tried("lake", lambda: _open_lake(settings))
    else:
        yield Finding("lake", True, f"none in {settings.paths.data_dir} yet; the first paylake sync makes it")


def _network(settings: Settings, network: NetworkSettings) -> Iterator[Finding]:
    name = f"networks.{network.mode}.{network.network}"
    tokens = settings.tokens(network.mode, network.network)
    if not tokens:
        yield Finding(
            name, False, "no tokens: no transfer counts as money", f"set {name}.tokens.USDT address and decimals"
        )
    if network.family is not Family.EVM:
        yield Finding(name, False, f"this version reads no {network.family} chains", f"remove {name}.rpc_urls")
        return
    with RpcPool.from_settings(network, _PATIENCE) as pool:
        source = EvmSource(network, tokens, pool)
        node = _tried(name, lambda: _node(source, network))
        yield node
        if not node.is_right:
            return
        for token in tokens:
            yield _tried(
                f"{name}.tokens.{token.currency}", lambda token=token: _decimals(source, token.address, token.decimals)
            )


def _tried(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, look())
    except PaylakeError as error:
        return Finding(subject, False, str(error), error.hint or "")


def _load_extensions() -> str:
    with connect() as connection:
        for name in LAKE_EXTENSIONS:
            load_extension(connection, name)
    return ", ".join(LAKE_EXTENSIONS)


def _open_store(settings: Settings) -> str:
    with open_store(settings):
        return str(settings.paths.operations)


def _open_lake(settings: Settings) -> str:
    with Lake.open(settings.paths, read_only=True) as lake:
        return f"{settings.paths.data_dir}, snapshot {lake.snapshot_id()}"


def _node(source: EvmSource, network: NetworkSettings) -> str:
    source.check()
    head = source.head()
    time = f"{head.finalized_time:%Y-%m-%d %H:%M:%S} UTC"
    return f"chain {network.chain_id}, head {head.number}, final {head.finalized_number} ({time})"


def _decimals(source: EvmSource, token_address: str, expected: int) -> str:
    actual = source.token_decimals(token_address)
    if actual != expected:
        raise PaylakeError(
            f"the contract {token_address} has {actual} decimals, the settings say {expected}",
            hint="correct decimals: every amount of this token would be wrong",
        )
    return f"{token_address}, {actual} decimals"
