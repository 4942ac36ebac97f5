"""`paylake doctor`: is everything this deployment needs there and right?

Belongs here: questions and what to do about each answer. Does not: repairing.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
from rich.console import Console
from rich.markup import escape

from pipelines.chains.evm import EvmSource
from pipelines.chains.rpc import RetryPolicy
from pipelines.chains.rpc_pool import RpcPool
from warehouse.domain.networks import Family
from warehouse.duck import LAKE_EXTENSIONS, connect
from warehouse.errors import PaylakeError
from warehouse.lake import Lake
from warehouse.manifest import Head, read_manifest
from warehouse.settings import NetworkSettings, Settings
from warehouse.store.connection import open_store
from warehouse.store.network_states import NetworkState, find_states

# A doctor is asked by a person who waits.
_PATIENCE = RetryPolicy(attempts=2, longest_wait_seconds=3, timeout_seconds=10, answer_seconds=20)


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
        console.print(f"{mark} {escape(f'{finding.subject}: {finding.seen}')}")
        if not finding.is_right:
            wrong += 1
            if finding.fix:
                console.print(f"      → {escape(finding.fix)}")
    console.print(f"{wrong} wrong" if wrong else "everything is right")
    return 1 if wrong else 0


def findings(settings: Settings) -> Iterator[Finding]:
    """Look at versions, settings, storage and nodes, in this order."""
    yield Finding("versions", True, f"Python {platform.python_version()}, DuckDB {duckdb.__version__}")
    yield from _settings(settings)
    yield from _storage(settings)
    passes = _Passes.read(settings)
    for network in settings.active_networks():
        yield from _network(settings, network)
        yield from passes.findings(network)


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
        node = _node(source, network, name)
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
    connect(extensions=LAKE_EXTENSIONS).close()
    return ", ".join(LAKE_EXTENSIONS)


def _open_store(settings: Settings) -> str:
    with open_store(settings):
        return str(settings.paths.operations)


def _open_lake(settings: Settings) -> str:
    with Lake.open(settings.paths, read_only=True) as lake:
        return f"{settings.paths.data_dir}, snapshot {lake.snapshot_id()}"


def _node(source: EvmSource, network: NetworkSettings, name: str) -> Finding:
    try:
        source.check()
        head = source.head()
    except PaylakeError as error:
        return Finding(name, False, str(error), error.hint or "")
    age = _seconds_since(head.time)
    seen = (
        f"chain {network.chain_id}, head {head.number} of {age:.0f} s ago, "
        f"final {head.finalized_number} ({_utc(head.finalized_time)})"
    )
    if age > network.head_lag_limit_seconds:
        return Finding(name, False, f"the node lags: {seen}", f"use another node; {_limit(network)}")
    return Finding(name, True, seen)


def _decimals(source: EvmSource, token_address: str, expected: int) -> str:
    actual = source.token_decimals(token_address)
    if actual != expected:
        raise PaylakeError(
            f"the contract {token_address} has {actual} decimals, the settings say {expected}",
            hint="correct decimals: every amount of this token would be wrong",
        )
    return f"{token_address}, {actual} decimals"


@dataclass(frozen=True, slots=True)
class _Passes:
    """What sync left behind: the networks as it last found them, and the heads it published."""

    states: dict[tuple[str, str], NetworkState]
    heads: dict[tuple[str, str], Head]

    @classmethod
    def read(cls, settings: Settings) -> _Passes:
        """Read both; storage that cannot be read is a finding of its own."""
        try:
            with open_store(settings) as store:
                states = find_states(store)
            manifest = read_manifest(settings.paths.serving)
        except PaylakeError:
            return cls({}, {})
        return cls(states, {(head.mode, head.network): head for head in manifest.heads} if manifest else {})

    def findings(self, network: NetworkSettings) -> Iterator[Finding]:
        """What the last pass said of a network, and how old its published head is."""
        name, key = f"networks.{network.mode}.{network.network}", (network.mode, network.network)
        state, head = self.states.get(key), self.heads.get(key)
        if state is None:
            yield Finding(f"{name} last pass", True, "none yet; paylake sync reads it")
        elif state.problem_since:
            seen = f"{state.problem_code} since {_utc(state.problem_since)}, checked {_utc(state.checked_at)}"
            yield Finding(f"{name} last pass", False, f"{seen}: {state.problem}", "it is tried again by paylake sync")
        else:
            yield Finding(f"{name} last pass", True, f"no problem, checked {_utc(state.checked_at)}")
        if head:
            age = _seconds_since(head.head_time)
            fix = f"let paylake sync run, and see what it says; {_limit(network)}"
            is_right = age <= network.head_lag_limit_seconds
            yield Finding(f"{name} published head", is_right, f"{head.head_block} of {age:.0f} s ago", fix)


def _limit(network: NetworkSettings) -> str:
    name = f"networks.{network.mode}.{network.network}"
    return f"{name}.head_lag_limit_seconds = {network.head_lag_limit_seconds:g} is what counts as too old"


def _seconds_since(moment: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
