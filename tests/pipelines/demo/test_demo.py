"""`paylake demo` as a person runs it: one round, then following while each of its processes is killed, then compared.

What must be so in the end: the lake has the gateway's events and the nodes' transfers, once each, and the API shows
what the traffic's own record says.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from pipelines.demo.cast import CHAINS, HOT_WALLET
from pipelines.demo.chain import Chain
from pipelines.demo.figures import Merchant
from pipelines.demo.folder import Ports, choose_ports, write_settings
from pipelines.demo.gateway import make_server
from pipelines.demo.world import World
from pipelines.invariants import find
from tests.evidence import Evidence
from tests.pipelines.demo.test_world import has_payment, perform_always
from tests.support.api import ROOT
from tests.support.node_oracle import all_transfers
from tests.support.running_demo import MARKS, RunningDemo, demo_command, running
from warehouse.lake import Lake
from warehouse.manifest import read_manifest
from warehouse.settings import Settings, load_settings
from warehouse.store.api_keys import create_key
from warehouse.store.connection import open_store

LINE = re.compile(r"^(live|test): sessions (\d+) \(paid (\d+)", re.MULTILINE)
ON_CHAIN = """
SELECT block_number, log_index, block_hash, tx_hash, token_address, from_address, to_address, amount_text
FROM raw.evm_transfer_logs
ANTI JOIN staging.orphaned_blocks USING (mode, network, block_hash)
WHERE mode = $mode AND network = $network
ORDER BY ALL
"""


def paylake(*arguments: str) -> str:
    command = [sys.executable, "-m", "pipelines", *arguments]
    # The demo's own sync records its passes in Dagster; these need not wait for that.
    environment = {**os.environ, "PAYLAKE_DAGSTER__RECORD_SYNC": "false"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def one_round(folder: Path) -> dict[str, tuple[int, int]]:
    """Sessions and paid ones by mode, as one round prints them; it has compared them with its record itself."""
    command = demo_command(folder, "--once")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return {mode: (int(sessions), int(paid)) for mode, sessions, paid in LINE.findall(done.stdout)}


def kill_each(folder: Path, log: Path, draw: random.Random) -> None:
    """Follow, kill every process in some order, the demo itself last, and start it again."""
    demo = RunningDemo(folder, log)
    try:
        # Before the first figures, which need it.
        demo.wait_for(lambda: demo.find("sync"))
        demo.kill("serve")
        for name in draw.sample(list(MARKS), len(MARKS)):
            demo.kill(name)
            time.sleep(draw.uniform(0, 0.6))
        for name in MARKS:
            demo.wait_for(lambda name=name: demo.find(name))
        # They live again and do their work.
        version = manifest_version(folder)
        demo.wait_for(lambda: manifest_version(folder) > version)
        time.sleep(draw.uniform(0, 1))
        demo.kill_all()
        demo = RunningDemo(folder, log)
        welcomes = demo.welcomes()
        demo.wait_for(lambda: demo.welcomes() > welcomes)
        assert demo.stop() == 0, demo.printed()
    finally:
        demo.process.kill()
        demo.process.wait()
    assert not [line for _, _, line in running() if str(folder) in line]


def manifest_version(folder: Path) -> int:
    manifest = read_manifest(load_settings(folder / "paylake.toml", {}).paths.serving)
    assert manifest is not None
    return manifest.version


@dataclass
class Stopped:
    """A demo at rest, its nodes and its gateway reachable, its API up."""

    world: World
    ports: Ports
    settings: Settings

    def sync(self) -> None:
        paylake("sync", "--until-idle", "--config", str(self.settings.warehouse.data_dir.parent / "paylake.toml"))

    def stored(self, sql: str, **values: str) -> list[tuple]:
        with Lake.open(self.settings.paths, read_only=True) as lake:
            return [tuple(row.values()) for row in lake.rows(sql, values)]


@contextmanager
def gateway(events: Path, port: int) -> Generator[None]:
    server = make_server(events, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def at_rest(folder: Path) -> Generator[Stopped]:
    ports = choose_ports(folder, None)
    settings = load_settings(write_settings(folder, ports), {})
    with World(folder, ports.nodes, 0) as world:
        yield Stopped(world, ports, settings)


def check_events(demo: Stopped) -> None:
    """The lake has the gateway's events, each once, and refused none; every session is there once."""
    told = [msgspec.json.decode(line) for line in demo.world.events.read_bytes().splitlines()]
    stored = Counter(event for (event,) in demo.stored("SELECT event_id FROM raw.gateway_events"))
    assert stored == Counter(event["event_id"] for event in told)
    assert demo.stored("SELECT * FROM raw.gateway_quarantine") == []
    created = Counter(event["data"]["session_id"] for event in told if event["type"] == "session.created")
    assert Counter(f"{one}" for (one,) in demo.stored("SELECT session_id FROM marts.sessions")) == created
    ids = demo.stored("SELECT mode, id FROM marts.transactions")
    assert len(set(ids)) == len(ids)


def check_invariants(demo: Stopped) -> None:
    """What must hold of books, sessions, tenants and chains does."""
    assert {finding.invariant.name: finding.rows for finding in find(demo.settings) if finding.broken_count} == {}


def check_transfers(demo: Stopped) -> None:
    """The lake has what the nodes say moved from or to the demo's addresses, in the tokens that count."""
    for key, chain in CHAINS.items():
        deposits = demo.world.state.deposits
        watched = {HOT_WALLET, *(deposit.address for deposit in deposits if deposit.chain == key)}
        tokens = {token.address for token in chain.tokens.values()}
        truth = [
            one.as_stored
            for one in all_transfers(demo.world.chains[key].node_url)
            if one.token in tokens and {one.sender, one.receiver} & watched
        ]
        assert truth
        assert demo.stored(ON_CHAIN, mode=chain.mode, network=chain.network) == truth, key


def check_figures(demo: Stopped) -> None:
    """The API shows each merchant what the traffic's own record says."""
    with ExitStack() as stack:
        config = str(demo.settings.warehouse.data_dir.parent / "paylake.toml")
        command = [sys.executable, "-m", "pipelines", "serve", "--port", str(demo.ports.api), "--config", config]
        serve = stack.enter_context(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL))
        stack.callback(serve.terminate)
        for account_key, account in demo.world.state.record.items():
            mode, merchant_id = account_key.split("/")
            with open_store(demo.settings) as store:
                key, _ = create_key(store, merchant_id, mode)
            merchant = stack.enter_context(Merchant(demo.ports.api, key))
            merchant.wait(threading.Event())
            shown = merchant.figures()
            happened = (account.sessions, account.incoming, account.sweeps)
            assert (shown.sessions, shown.incoming, shown.sweeps) == happened, account_key
            assert 0 <= Decimal(account.received).scaleb(-18) - shown.received() < Decimal("2e-8"), account_key


@pytest.mark.chain
@pytest.mark.process
@pytest.mark.timeout(1800)
def test_whatever_process_is_killed_nothing_is_lost_or_doubled(
    tmp_path: Path, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = evidence.cases(test=1, evidence=6)
    folder, draw = tmp_path / "demo", random.Random(evidence.seed)
    first = one_round(folder)
    assert all(paid for _, paid in first.values())
    keys = [(folder / f"{mode}.key").read_text() for mode in ("live", "test")]
    for _ in range(rounds):
        kill_each(folder, tmp_path / "demo.log", draw)
    with at_rest(folder) as demo:
        with gateway(demo.world.events, demo.ports.gateway):
            replace_a_payment_that_was_read(demo, monkeypatch)
        check_events(demo)
        check_transfers(demo)
        check_invariants(demo)
        check_figures(demo)
        account = demo.world.state.account("live", "mer_demo")
        assert account.sessions > first["live"][0]
    assert [(folder / f"{mode}.key").read_text() for mode in ("live", "test")] == keys
    monkeypatch.setattr(Chain, "_perform", perform_always)
    with at_rest(folder) as demo:
        with gateway(repeated_under_a_new_id(demo.world.events, tmp_path), demo.ports.gateway):
            demo.sync()
        check_transfers(demo)
        with evidence.planted_fault("the written tick happens again after a crash"):
            check_figures(demo)
        with evidence.planted_fault("the gateway repeats an event under a new id"):
            check_events(demo)


def replace_a_payment_that_was_read(demo: Stopped, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reorganisation for certain, of a block with a payment that the lake has; read in turn."""
    world = demo.world
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.demo.reorgs.REORG_SHARE", 0)
        while not (recent := world.state.chains["live.BSC"].recent) or not has_payment(recent[-1:]):
            world.tick(world.state.last_at + 8)
        demo.sync()
        patch.setattr("pipelines.demo.reorgs.REORG_SHARE", 1)
        world.tick(world.state.last_at + 8)
        demo.sync()
    assert demo.stored("SELECT * FROM raw.evm_block_marks")


def repeated_under_a_new_id(events: Path, folder: Path) -> Path:
    """A copy of the feed that goes on with an event it had before, as if it were another one."""
    lines = events.read_bytes().splitlines(keepends=True)
    again = next(line for line in reversed(lines) if b'"session.created"' in line)
    copy = folder / "repeated.ndjson"
    copy.write_bytes(b"".join(lines) + again.replace(b'"evt_', b'"evt_again_', 1))
    return copy


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    command = demo_command(tmp_path, "--once", "--reset")
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1
    assert "holds something else than a demo" in refused.stderr
    assert (tmp_path / "letters.txt").read_text() == "dear"
