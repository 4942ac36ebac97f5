"""A chain that outlives its node: saved after every step, loaded into the next node, reorganised when wanted.

Belongs here: performing one chain's steps so that a node killed at any point loses nothing and doubles nothing. Does
not belong here: what happens in a step (`traffic.py`), the other chains and the feed (`world.py`).

A step is performed from the newest saved chain on or not at all: whatever goes wrong, the node is started again with
what was saved, and the step begins anew. So a reorganisation, too, may be cut short anywhere. A node that has been
started again cannot take back blocks from before its start (anvil's saved form has no past states); the chain as it
was saved at an earlier block stands in then, which is why a few of those are kept.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pipelines.demo.anvil import Anvil
from pipelines.demo.cast import FINALITY_BLOCKS, FORGED, NFT, PAYERS, REORG_DEPTH_MAX, SPAMMER, ChainCast
from pipelines.demo.evm_tokens import minting, place_nft
from pipelines.demo.plans import Step
from pipelines.demo.real_tokens import place_all
from warehouse.errors import ChainError
from warehouse.manifest import replace_file

Result = TypeVar("Result")

_REVIVALS = 3
_FUNDS = 10**9


class Chain:
    """One chain of the demo. A node runs from `begin` or `revive` until `stop`.

    Args:
        cast: which chain.
        folder: of its saved states.
        port: where its node listens.
        genesis_at: time of block 0, in seconds since 1970. Every node takes it: none accepts a block from before its
            own beginning, also after loading an older chain.
    """

    def __init__(self, cast: ChainCast, folder: Path, port: int, genesis_at: int) -> None:
        self.cast = cast
        self.save_seconds = 0.0
        self._folder = folder
        self._node = Anvil(
            cast.chain_id,
            port,
            genesis_time=datetime.fromtimestamp(genesis_at, UTC),
            finality_blocks=FINALITY_BLOCKS,
        )

    def begin(self) -> int:
        """Start the chain with its tokens and with payers that have some; the number of its newest block."""
        self._folder.mkdir(parents=True)
        self._node.start()
        tokens = [*self.cast.tokens.values(), *self.cast.others.values(), FORGED]
        place_nft(self._node, NFT)
        place_all(self._node, tokens)
        self._node.send_and_mine(
            [
                minting(token.address, payer, _FUNDS * 10**token.decimals)
                for token in tokens
                for payer in (*PAYERS, SPAMMER)
            ]
        )
        head = self._node.block_number()
        self._save(first=head, last=head)
        return head

    def revive(self) -> None:
        """Start the node again, or for the first time, with the chain as it was saved last."""
        self._load(max(self._saved()))

    def stop(self) -> None:
        """End the node."""
        self._node.stop()

    @property
    def node_url(self) -> str:
        """Address of the node."""
        return self._node.url

    @property
    def node_process_id(self) -> int:
        """Process id of the node as it runs now."""
        return self._node.process_id

    def ensure(self) -> bool:
        """Start the node again if it does not answer; whether that was so."""
        with contextlib.suppress(ChainError):
            self._node.block_number()
            return False
        self._surely(self._node.block_number)
        return True

    def perform(self, step: Step) -> None:
        """Let the step happen unless it has happened already, whatever happens to the node meanwhile."""
        self._surely(lambda: self._perform(step))

    def hashes(self, step: Step) -> list[str]:
        """The hashes of a performed step's transactions: the node mines them in the order they were sent."""
        calls = [("eth_getBlockByNumber", [hex(number), False]) for number in range(step.first, step.last + 1)]
        blocks: list[dict[str, Any]] = self._surely(lambda: self._node.batch(calls))
        return [tx_hash for block in blocks for tx_hash in block["transactions"]]

    def _perform(self, step: Step) -> None:
        head = self._node.block_number()
        if head >= step.last and step.last in self._saved():
            return
        if head != step.first - 1 + step.depth:
            raise ChainError(f"{self.cast.key} stands at block {head}, not below {step.first}", network="anvil")
        if step.depth:
            self._take_back(step)
        for block in step.blocks:
            transactions = [one.transaction() for one in block.transfers]
            self._node.send_and_mine(transactions, at=datetime.fromtimestamp(block.at, UTC))
        self._save(step.first, step.last)

    def _take_back(self, step: Step) -> None:
        try:
            self._node.rollback(step.depth)
        except ChainError:
            self._load(step.first - 1)

    def _surely(self, action: Callable[[], Result]) -> Result:
        """What the action returns; it is begun anew from what was saved when the node died meanwhile."""
        for _ in range(_REVIVALS):
            try:
                return action()
            except ChainError as error:
                problem = error
            with contextlib.suppress(ChainError):  # it died again: the action will tell
                self.revive()
        raise problem

    def _load(self, number: int) -> None:
        self._node.stop()
        self._node.start()
        self._node.rpc("anvil_loadState", "0x" + self._file(number).read_bytes().hex())

    def _save(self, first: int, last: int) -> None:
        """Save the chain at block `last`; forget what is too old, and what block `first` and the next have replaced."""
        started = time.monotonic()
        replace_file(self._file(last), bytes.fromhex(self._node.rpc("anvil_dumpState")[2:]))
        for number in self._saved():
            if number != last and not last - REORG_DEPTH_MAX <= number < first:
                self._file(number).unlink()
        self.save_seconds = time.monotonic() - started

    def _saved(self) -> Sequence[int]:
        return [int(file.stem) for file in self._folder.glob("*.state")]

    def _file(self, number: int) -> Path:
        return self._folder / f"{number}.state"
