"""The demo's outside world on disk and in motion: a chain that outlives its node, and the feed's file.

Belongs here: performing ticks so that a process killed at any point loses nothing and doubles nothing. Does not belong
here: what happens in a tick (`traffic.py`), Paylake's own processes (`run.py`).

Each tick is written down whole before it happens: its events with their place in the file, its transactions with the
number of their block. After it the chain is saved. So whatever died, the written tick is simply performed again: what
is in the file or on the chain already is left out.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pipelines.demo.anvil import Anvil, Transaction
from pipelines.demo.evm_tokens import deploy_token, minting
from pipelines.demo.gateway import EventFile
from pipelines.demo.real_tokens import chain_id_of, place_tokens
from pipelines.demo.traffic import DECIMALS, NETWORK, PAYERS, TOKENS, State, Tick, plan_tick
from warehouse.errors import ChainError
from warehouse.manifest import replace_file

Result = TypeVar("Result")

CHAIN_ID = chain_id_of(NETWORK)
HISTORY = timedelta(minutes=30)
# Time that passed while nobody looked is made up for in at most this many blocks: anvil slows down with its length.
CATCH_UP_BLOCKS_MAX = 60
_REVIVALS = 3
_PAYER_FUNDS = 10**9 * 10**DECIMALS


class Written(msgspec.Struct):
    """The newest tick, and the state after it."""

    state: State
    tick: Tick | None
    block: int
    offset: int
    lines: str


class World:
    """The chain and the feed of one demo. A context manager: the node runs inside it.

    Args:
        folder: of the demo.
        node_port: where the node listens.
        seed: of the traffic, where it begins; later the one it began with.
    """

    def __init__(self, folder: Path, node_port: int, seed: int) -> None:
        self.events = folder / "events.ndjson"
        self._file = EventFile(self.events)
        self._plan = folder / "traffic.json"
        self._chain = folder / "chain.state"
        self._port = node_port
        self._seed = seed
        self._node: Anvil | None = None
        self._written: Written | None = None
        self.save_seconds = 0.0

    def __enter__(self) -> World:
        if self._chain.exists() and self._plan.exists():
            self._written = msgspec.json.decode(self._plan.read_bytes(), type=Written)
            self.revive()
        else:
            self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        if self._node:
            self._node.stop()

    def _begin(self) -> None:
        """A chain with tokens and payers; nothing of an earlier, unfinished beginning stays."""
        self.events.unlink(missing_ok=True)
        self._node = Anvil(CHAIN_ID, self._port, genesis_time=datetime.now(UTC) - HISTORY)
        self._node.start()
        place_tokens(self._node, NETWORK)
        fake_token = deploy_token(self._node, name="Tether USD", symbol="USDT", decimals=DECIMALS)
        tokens = [*TOKENS.values(), fake_token]
        self._node.send_and_mine([minting(token, payer, _PAYER_FUNDS) for token in tokens for payer in PAYERS])
        state = State(self._seed, fake_token, last_at=self._head_time())
        self._write(Written(state, None, self._node.block_number(), 0, ""))
        self._save_chain()

    def revive(self) -> None:
        """Start the node again from what was saved, and perform the written tick where it was lost."""
        if self._node:
            self._node.stop()
        # A node takes no block older than its own beginning, also after loading an older chain.
        began_at = datetime.fromtimestamp(self.state.last_at, UTC) - HISTORY
        self._node = Anvil(CHAIN_ID, self._port, genesis_time=began_at)
        self._node.start()
        self._node.rpc("anvil_loadState", "0x" + self._chain.read_bytes().hex())
        self._perform()

    @property
    def node_url(self) -> str:
        """Address of the node."""
        assert self._node is not None, "used as a context manager"
        return self._node.url

    @property
    def node_process_id(self) -> int:
        """Process id of the node as it runs now."""
        assert self._node is not None, "used as a context manager"
        return self._node.process_id

    @property
    def state(self) -> State:
        """The traffic's state after the newest tick."""
        assert self._written is not None, "used as a context manager"
        return self._written.state

    @property
    def blocks(self) -> int:
        """Number of the newest tick's block."""
        assert self._written is not None, "used as a context manager"
        return self._written.block

    def lag_seconds(self) -> int:
        """How far the newest tick is behind the clock."""
        return int(time.time()) - self.state.last_at

    def catch_up_times(self) -> list[int]:
        """Times of the ticks that lead from the newest one to now, evenly spread."""
        first, lag = self.state.last_at, self.lag_seconds()
        count = max(0, min(CATCH_UP_BLOCKS_MAX, lag))
        return [first + lag * number // count for number in range(1, count + 1)]

    def tick(self, at: int) -> Tick:
        """Let one tick happen; after a node's death with the node started again.

        Args:
            at: its time, later than that of the tick before.
        """
        mined = self._surely(self._mined)
        state = msgspec.json.decode(msgspec.json.encode(self.state), type=State)
        tick = plan_tick(state, at, mined)
        lines = b"".join(msgspec.json.encode(event) + b"\n" for event in tick.events)
        self._write(Written(state, tick, self.blocks + 1, self._file.size_bytes(), lines.decode()))
        self._surely(self._perform)
        return tick

    def _surely(self, action: Callable[[], Result]) -> Result:
        """What the action returns; the node is started again when it died meanwhile."""
        for _ in range(_REVIVALS):
            try:
                return action()
            except ChainError as error:
                problem = error
            with contextlib.suppress(ChainError):  # it died again: the action will tell
                self.revive()
        raise problem

    def _mined(self) -> list[str]:
        """Hashes of the newest tick's transactions: the node mines them in the order they were sent."""
        return self._rpc("eth_getBlockByNumber", hex(self.blocks), False)["transactions"]

    def _perform(self) -> None:
        written = self._written
        assert written is not None, "used as a context manager"
        assert self._node is not None, "used as a context manager"
        self._file.put(written.offset, written.lines.encode())
        if written.tick and self._node.block_number() < written.block:
            transactions: list[Transaction] = written.tick.transactions
            self._node.send_and_mine(transactions, at=datetime.fromtimestamp(written.tick.at, UTC))
            self._save_chain()

    def _save_chain(self) -> None:
        started = time.monotonic()
        replace_file(self._chain, bytes.fromhex(self._rpc("anvil_dumpState")[2:]))
        self.save_seconds = time.monotonic() - started

    def _write(self, written: Written) -> None:
        replace_file(self._plan, msgspec.json.encode(written))
        self._written = written

    def _head_time(self) -> int:
        return int(self._rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def _rpc(self, method: str, *params: object) -> Any:
        assert self._node is not None, "used as a context manager"
        return self._node.rpc(method, *params)
