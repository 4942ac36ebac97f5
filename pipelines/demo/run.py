"""`paylake demo`: chains, a gateway and payers on this machine, and Paylake over them.

Belongs here: what is started in which order, how it is kept going, what is printed. Does not belong here: what happens
in the demo's world (`world.py`, `traffic.py`), its folder (`folder.py`), processes (`processes.py`), figures
(`figures.py`).
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from pipelines.demo.cast import CHAINS, Mode
from pipelines.demo.figures import Merchant
from pipelines.demo.folder import Ports, choose_ports, key_of, own, write_settings
from pipelines.demo.processes import DemoFailed, Process
from pipelines.demo.world import World

MERCHANT = "mer_demo"
MODES: tuple[Mode, ...] = ("live", "test")
TICK_SECONDS = 2.0
# Saving the chains may take this share of the time, however long they have grown.
SAVE_SHARE = 10
FIGURES_SECONDS = 10.0
ONCE_TICKS = 8


def run(
    folder: Path,
    *,
    once: bool = False,
    reset: bool = False,
    seed: int = 1,
    port: int | None = None,
    tick_seconds: float = TICK_SECONDS,
) -> int:
    """Run the demo until Ctrl-C, or for one round.

    Args:
        folder: all its files; made if it does not exist, continued if it does.
        once: one round of traffic, one sync, the figures, and the end.
        reset: throw away what earlier runs left.
        seed: of the traffic, where it begins anew.
        port: of the API; else 8000 or another free one.
        tick_seconds: pause between ticks.

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
    with own(folder, reset=reset):
        ports = choose_ports(folder, port)
        with _Demo(folder, ports, seed, console, stop, tick_seconds) as demo:
            if once:
                demo.round()
                return 130 if stop.is_set() else 0
            demo.follow()
            console.print("stopping; the same command continues, --reset starts over")
    return 0


class _Demo:
    """One run of the demo."""

    def __init__(
        self, folder: Path, ports: Ports, seed: int, console: Console, stop: threading.Event, tick_seconds: float
    ) -> None:
        self._folder = folder
        self._ports = ports
        self._console = console
        self._stop = stop
        self._tick_seconds = tick_seconds
        self._stack = ExitStack()
        self._world = World(folder, ports.nodes, seed)
        self._running: list[Process] = []
        self._merchants: dict[Mode, Merchant] = {}

    def __enter__(self) -> _Demo:
        with ExitStack() as stack:
            self._console.print(f"starting {len(CHAINS)} chains and the gateway (files in {self._folder})")
            config = str(write_settings(self._folder, self._ports))
            (self._folder / "logs").mkdir(exist_ok=True)
            stack.enter_context(self._world)
            events, gateway_port = str(self._world.events), str(self._ports.gateway)
            self._start(stack, "gateway", "pipelines.demo.gateway", "--events", events, "--port", gateway_port)
            for mode in MODES:
                merchant = Merchant(self._ports.api, key_of(self._folder, MERCHANT, mode))
                self._merchants[mode] = stack.enter_context(merchant)
            self._start(stack, "serve", "pipelines", "serve", "--port", str(self._ports.api), "--config", config)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def round(self) -> None:
        """One round: traffic up to now, sync until idle, figures from the API."""
        ticks = 0
        while ticks < ONCE_TICKS and not self._stop.wait(0.2 if ticks else 0):
            ticks += self._advance(seconds_apart=1)
        sync = self._start_sync("--until-idle")
        code = sync.wait(self._stop)
        if code:
            raise sync.failure(f"ended with exit code {code}")
        for mode, merchant in self._merchants.items():
            merchant.wait(self._stop)
            if self._stop.is_set():
                return
            figures = merchant.check(self._world.state.account(mode, MERCHANT))
            self._console.print(f"{mode}: {figures.line()}")
        self._console.print(f"blocks: {self._blocks()}")

    def follow(self) -> None:
        """Traffic, sync and API until somebody stops it; what ends is started again."""
        self._advance()
        self._start_sync()
        for merchant in self._merchants.values():
            merchant.wait(self._stop, meanwhile=self._keep_running)
        if not self._stop.is_set():
            # Only now: its five processes would take the first figures' time.
            self._start_dagster()
            self._welcome()
        figures_at = 0.0
        while not self._stop.wait(max(self._tick_seconds, SAVE_SHARE * self._world.save_seconds)):
            self._keep_running()
            self._advance()
            if time.monotonic() >= figures_at:
                self._tell_figures()
                figures_at = time.monotonic() + FIGURES_SECONDS

    def _advance(self, seconds_apart: float | None = None) -> int:
        """Let ticks happen up to now: many after a pause, else one; how many."""
        times = self._world.catch_up_times(seconds_apart or self._tick_seconds)
        for number, at in enumerate(times):
            if self._stop.is_set():
                return number
            self._world.tick(at)
        return len(times)

    def _keep_running(self) -> None:
        for process in self._running:
            if how := process.revive():
                self._console.print(f"{process.name} had ended ({how}) and was started again")
        for key in self._world.ensure_nodes():
            self._console.print(f"the node of {key} had ended and was started again")

    def _tell_figures(self) -> None:
        try:
            for mode, merchant in self._merchants.items():
                self._console.print(f"{mode}: {merchant.figures().line()}")
        except DemoFailed as problem:  # the API is being started again
            self._console.print(str(problem))

    def _blocks(self) -> str:
        return ", ".join(f"{key} {chain.head}" for key, chain in self._world.state.chains.items())

    def _start_sync(self, *options: str) -> Process:
        config = str(self._folder / "paylake.toml")
        return self._start(self._stack, "sync", "pipelines", "sync", *options, "--config", config)

    def _start_dagster(self) -> Process:
        options = ["--port", str(self._ports.dagster), "--config", str(self._folder / "paylake.toml")]
        return self._start(self._stack, "dagster", "pipelines", "dagster", *options)

    def _start(self, stack: ExitStack, name: str, module: str, *arguments: str) -> Process:
        process = Process(name, ["-m", module, *arguments], self._folder / "logs" / f"{name}.log")
        process.start()
        stack.callback(process.stop)
        self._running.append(process)
        return process

    def _welcome(self) -> None:
        api = f"http://127.0.0.1:{self._ports.api}"
        nodes = {key: chain.node_url for key, chain in self._world.chains.items()}
        keys = {mode: merchant.key for mode, merchant in self._merchants.items()}
        self._console.print(_welcome_text(api, self._ports, nodes, keys), markup=False)


def _welcome_text(api: str, ports: Ports, nodes: Mapping[str, str], keys: Mapping[Mode, str]) -> str:
    curl = f"curl -H 'X-API-Key: {keys['live']}'"
    dashboard = f"{api}/api/v1/dashboard"
    return f"""
API         {dashboard}   (its pages: {api}/docs)
Dagster     http://127.0.0.1:{ports.dagster}   (in about ten seconds)
Gateway     http://127.0.0.1:{ports.gateway}/v1/events
Nodes       {", ".join(f"{key} {url}" for key, url in nodes.items())}

Keys of {MERCHANT}
  live      {keys["live"]}
  test      {keys["test"]}

Try
  {curl} '{dashboard}/sessions?limit=3'
  {curl} '{dashboard}/transactions?limit=3'
  {curl} '{dashboard}/balance/crypto'

Traffic goes on; Ctrl-C stops everything.
"""
