"""The demo's outside world on disk and in motion: its chains and the feed's file.

Belongs here: ticks, written down whole before they happen, so that a process killed at any point loses nothing and
doubles nothing. Does not belong here: what happens in a tick (`traffic.py`), how a chain takes its part of it
(`chain.py`), Paylake's own processes (`run.py`).

What is written down: the tick's events with their place in the file, and its steps with the numbers of their blocks.
So whatever died, the written tick is simply performed again: what is in the file or on a chain already is left out.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import msgspec

from pipelines.demo.cast import CHAINS
from pipelines.demo.chain import Chain
from pipelines.demo.gateway import EventFile
from pipelines.demo.plans import ChainState, State, Tick
from pipelines.demo.processes import DemoFailed
from pipelines.demo.traffic import plan_tick
from warehouse.manifest import replace_file

HISTORY = timedelta(minutes=30)
# Time that passed while nobody looked is made up for in at most this many ticks: anvil slows down with its length.
CATCH_UP_TICKS_MAX = 40


class Written(msgspec.Struct):
    """The newest tick, and the state after it."""

    genesis_at: int
    state: State
    tick: Tick | None
    offset: int
    lines: str


class World:
    """The chains and the feed of one demo. A context manager: the nodes run inside it.

    Args:
        folder: of the demo.
        node_ports: where each chain's node listens, by key of the chain.
        seed: of the traffic, where it begins; later the one it began with.
    """

    def __init__(self, folder: Path, node_ports: Mapping[str, int], seed: int) -> None:
        self.events = folder / "events.ndjson"
        self.chains: dict[str, Chain] = {}
        self._file = EventFile(self.events)
        self._plan = folder / "traffic.json"
        self._folder = folder / "chains"
        self._ports = node_ports
        self._seed = seed
        self._written: Written | None = None

    def __enter__(self) -> World:
        try:
            if self._plan.exists():
                self._continue()
            else:
                self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for chain in self.chains.values():
            chain.stop()

    def _begin(self) -> None:
        """Chains with tokens and payers; nothing of an earlier, unfinished beginning stays."""
        self.events.unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        began_at = int(time.time() - HISTORY.total_seconds())
        # The first blocks take their time from the nodes' clocks, which begin here; the first tick comes after them.
        genesis_at = began_at - 60
        self._make_chains(genesis_at)
        chains = {key: ChainState(chain.begin(), began_at) for key, chain in self.chains.items()}
        self._write(Written(genesis_at, State(self._seed, chains, last_at=began_at), None, 0, ""))

    def _continue(self) -> None:
        """The written tick is performed where it was lost."""
        try:
            written = msgspec.json.decode(self._plan.read_bytes(), type=Written)
        except msgspec.ValidationError:
            raise DemoFailed(f"{self._plan} is of another version of the demo", hint="begin anew: --reset") from None
        self._written = written
        self._make_chains(written.genesis_at)
        for chain in self.chains.values():
            chain.revive()
        self._perform()

    def _make_chains(self, genesis_at: int) -> None:
        self.chains = {
            key: Chain(cast, self._folder / key, self._ports[key], genesis_at) for key, cast in CHAINS.items()
        }

    @property
    def written(self) -> Written:
        """The newest tick, and the state after it."""
        assert self._written is not None, "used as a context manager"
        return self._written

    @property
    def state(self) -> State:
        """The traffic's state after the newest tick."""
        return self.written.state

    @property
    def save_seconds(self) -> float:
        """How long saving all chains took lately."""
        return sum(chain.save_seconds for chain in self.chains.values())

    def lag_seconds(self) -> int:
        """How far the newest tick is behind the clock."""
        return int(time.time()) - self.state.last_at

    def catch_up_times(self, seconds_apart: float) -> list[int]:
        """Times of the ticks that lead from the newest one to now, evenly spread; none if now is the newest one's.

        Args:
            seconds_apart: wanted between two ticks; more if there would be too many of them.
        """
        first, lag = self.state.last_at, self.lag_seconds()
        if lag < 1:
            return []
        count = min(CATCH_UP_TICKS_MAX, max(1, int(lag / seconds_apart)))
        return [first + lag * number // count for number in range(1, count + 1)]

    def ensure_nodes(self) -> list[str]:
        """Start nodes again that have ended; the keys of their chains."""
        return [key for key, chain in self.chains.items() if chain.ensure()]

    def tick(self, at: int) -> Tick:
        """Let one tick happen, whatever happens to the nodes meanwhile.

        Args:
            at: its time, later than that of the tick before.
        """
        newest = self.written.tick
        mined = {step.chain: self.chains[step.chain].hashes(step) for step in newest.steps} if newest else {}
        state = msgspec.json.decode(msgspec.json.encode(self.state), type=State)
        tick = plan_tick(state, at, mined)
        lines = b"".join(msgspec.json.encode(event) + b"\n" for event in tick.events)
        self._write(Written(self.written.genesis_at, state, tick, self._file.size_bytes(), lines.decode()))
        self._perform()
        return tick

    def _perform(self) -> None:
        written = self.written
        self._file.put(written.offset, written.lines.encode())
        for step in written.tick.steps if written.tick else ():
            self.chains[step.chain].perform(step)

    def _write(self, written: Written) -> None:
        replace_file(self._plan, msgspec.json.encode(written))
        self._written = written
