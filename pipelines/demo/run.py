"""`paylake demo`: a chain, a gateway and payers on this machine, and Paylake over them.

Belongs here: what is started in which order, how it is kept going, what is printed. Does not belong here: what happens
in the demo's world (`world.py`, `traffic.py`), processes (`processes.py`), figures (`figures.py`).
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console

from pipelines.demo.figures import Merchant
from pipelines.demo.gateway import TOKEN
from pipelines.demo.processes import DemoFailed, Process
from pipelines.demo.world import World
from warehouse.manifest import replace_file
from warehouse.settings import load_settings
from warehouse.store.api_keys import create_key, find_key
from warehouse.store.connection import open_store

MERCHANT = "mer_demo"
BLOCK_SECONDS = 2.0
# Saving the chain may take this share of the time, however long the chain has grown.
SAVE_SHARE = 10
FIGURES_SECONDS = 10.0
ONCE_TICKS = 8
_MARK = "demo.json"
_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where things listen; kept from one run to the next where they are still free."""

    api: int
    node: int
    gateway: int


PREFERRED = Ports(api=8000, node=8545, gateway=9100)


def run(folder: Path, *, once: bool = False, reset: bool = False, seed: int = 1, port: int | None = None) -> int:
    """Run the demo until Ctrl-C, or for one round.

    Args:
        folder: all its files; made if it does not exist, continued if it does.
        once: one round of traffic, one sync, the figures, and the end.
        reset: throw away what earlier runs left.
        seed: of the traffic, where it begins anew.
        port: of the API; else 8000 or another free one.

    Returns:
        The exit code: 0, or 130 if a round was interrupted.

    Raises:
        PaylakeError: the folder is in use or somebody else's, or a part of the demo fails for good.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    console = Console(highlight=False, soft_wrap=True)
    folder = folder.absolute()
    with _own(folder, reset=reset), _Demo(folder, _ports(folder, port), seed, console, stop) as demo:
        if once:
            demo.round()
            return 130 if stop.is_set() else 0
        demo.follow()
        console.print("stopping; the same command continues, --reset starts over")
    return 0


class _Demo:
    """One run of the demo."""

    def __init__(self, folder: Path, ports: Ports, seed: int, console: Console, stop: threading.Event) -> None:
        self._folder = folder
        self._ports = ports
        self._console = console
        self._stop = stop
        self._stack = ExitStack()
        self._world = World(folder, ports.node, seed)
        self._config = folder / "paylake.toml"
        self._running: list[Process] = []

    def __enter__(self) -> _Demo:
        with ExitStack() as stack:
            self._console.print(f"starting the chain and the gateway (files in {self._folder})")
            self._config.write_text(_settings_text(self._folder, self._ports), encoding="utf-8")
            (self._folder / "logs").mkdir(exist_ok=True)
            stack.enter_context(self._world)
            arguments = ["pipelines.demo.gateway", "--events", str(self._world.events)]
            self._start(stack, "gateway", *arguments, "--port", str(self._ports.gateway))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def round(self) -> None:
        """One round: traffic up to now, sync until idle, figures from the API."""
        self._catch_up(at_least=ONCE_TICKS)
        sync = self._start(self._stack, "sync", "pipelines", "sync", "--until-idle", "--config", str(self._config))
        code = sync.wait(self._stop)
        if code:
            raise sync.failure(f"ended with exit code {code}")
        with self._serve() as merchant:
            merchant.wait(self._stop)
            if not self._stop.is_set():
                figures = merchant.check(self._world.state.session_counts.get(MERCHANT, 0))
                self._console.print(f"{self._world.blocks} blocks; {figures.line()}")

    def follow(self) -> None:
        """Traffic, sync and API until somebody stops it; what ends is started again."""
        self._catch_up()
        self._start(self._stack, "sync", "pipelines", "sync", "--config", str(self._config))
        with self._serve() as merchant:
            merchant.wait(self._stop)
            if not self._stop.is_set():
                self._welcome(merchant)
            figures_at = 0.0
            while not self._stop.wait(max(BLOCK_SECONDS, SAVE_SHARE * self._world.save_seconds)):
                for process in self._running:
                    if how := process.revive():
                        self._console.print(f"{process.name} had ended ({how}) and was started again")
                self._catch_up()
                if time.monotonic() >= figures_at:
                    self._tell_figures(merchant)
                    figures_at = time.monotonic() + FIGURES_SECONDS

    def _catch_up(self, at_least: int = 1) -> None:
        """Let ticks happen up to now: many after a pause, else one; in the last place as many as are wanted."""
        done = 0
        while not self._stop.is_set() and (done < at_least or self._world.lag_seconds() > BLOCK_SECONDS):
            for at in self._world.catch_up_times() if self._world.lag_seconds() > BLOCK_SECONDS else [int(time.time())]:
                if self._stop.is_set():
                    return
                if at > self._world.state.last_at:
                    self._world.tick(at)
                    done += 1
            self._stop.wait(0.2 if done < at_least else 0)

    def _tell_figures(self, merchant: Merchant) -> None:
        try:
            self._console.print(f"block {self._world.blocks}: {merchant.figures().line()}")
        except DemoFailed as problem:  # the API is being started again
            self._console.print(str(problem))

    @contextmanager
    def _serve(self) -> Generator[Merchant]:
        port = str(self._ports.api)
        self._start(self._stack, "serve", "pipelines", "serve", "--port", port, "--config", str(self._config))
        with Merchant(self._ports.api, self._key()) as merchant:
            yield merchant

    def _start(self, stack: ExitStack, name: str, module: str, *arguments: str) -> Process:
        process = Process(name, ["-m", module, *arguments], self._folder / "logs" / f"{name}.log")
        process.start()
        stack.callback(process.stop)
        self._running.append(process)
        return process

    def _key(self) -> str:
        """The merchant's key: the one of the last run if it still opens anything."""
        file = self._folder / "live.key"
        with open_store(load_settings(self._config)) as store:
            if file.exists() and find_key(store, text := file.read_text().strip()):
                return text
            text, _ = create_key(store, MERCHANT, "live")
        file.touch(mode=0o600)
        file.write_text(text + "\n")
        return text

    def _welcome(self, merchant: Merchant) -> None:
        key = self._key()
        curl = f"curl -H 'X-API-Key: {key}'"
        self._console.print(
            f"""
The API answers at {merchant.url} (its pages: http://127.0.0.1:{self._ports.api}/docs)
Live key of {MERCHANT}: {key}
The chain's node: {self._world.node_url}   the gateway's feed: http://127.0.0.1:{self._ports.gateway}/v1/events

Try:
  {curl} '{merchant.url}/sessions?limit=3'
  {curl} '{merchant.url}/balance/crypto'
  {curl} '{merchant.url}/addresses?has_balance=true&limit=3'

Traffic goes on, a block every {BLOCK_SECONDS:.0f} s; Ctrl-C stops everything.
""",
            markup=False,
        )


@contextmanager
def _own(folder: Path, *, reset: bool) -> Generator[None]:
    """The demo's folder, locked and surely the demo's."""
    mark = folder / _MARK
    if folder.exists() and not mark.exists() and any(path.name != _LOCK for path in folder.iterdir()):
        raise DemoFailed(f"{folder} holds something else than a demo", hint="choose another with --folder")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(str(folder / _LOCK), timeout=0):
            if reset:
                _empty(folder)
            yield
    except Timeout:
        raise DemoFailed(f"another demo runs in {folder}", hint="stop it, or choose another with --folder") from None


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in (_LOCK, _MARK):
            path.unlink()


def _ports(folder: Path, port: int | None) -> Ports:
    """The ports of the last run, else the usual ones, else free ones; written down for the next run."""
    mark = folder / _MARK
    wanted = asdict(PREFERRED) | (json.loads(mark.read_text()) if mark.exists() else {})
    chosen = {name: wanted[name] if _is_free(wanted[name]) else _free_port() for name in wanted}
    if port is not None:
        if not _is_free(port):
            raise DemoFailed(f"port {port} is in use", hint="choose another with --port")
        chosen["api"] = port
    replace_file(mark, json.dumps(chosen).encode())
    return Ports(**chosen)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _settings_text(folder: Path, ports: Ports) -> str:
    """The demo's paylake.toml; JSON strings are TOML strings."""
    return f"""\
# Written by `paylake demo` at each start.
[warehouse]
data_dir = {json.dumps(str(folder / "data"))}
[gateway]
base_url = "http://127.0.0.1:{ports.gateway}"
token = "{TOKEN}"
[networks.live.BSC]
rpc_urls = ["http://127.0.0.1:{ports.node}"]
required_confirmations = 3
poll_seconds = 1.0
[api]
public_url = "http://127.0.0.1:{ports.api}"
"""
