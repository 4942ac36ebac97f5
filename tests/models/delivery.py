"""Delivery of random histories to a `ModelWorld`, with a refresh after each batch.

Belongs here: what ingest writes when a chain changes its mind. Does not: what happens (histories.py).
"""

from __future__ import annotations

from tests.models.histories import History, Tip
from tests.support.models import ModelWorld


def deliver(batches: list[History]) -> ModelWorld:
    """A world that received `batches` one after the other, with a refresh after each."""
    delivery = _Delivery(ModelWorld(batches[0].branches))
    for batch in batches:
        delivery.receive(batch)
    return delivery.world


class _Delivery:
    """One world and its chains as it saw them last."""

    def __init__(self, world: ModelWorld) -> None:
        self.world = world
        self._tips: dict[str, Tip] = {}
        self._left: dict[str, set[tuple[int, str]]] = {}
        self._headers: list[tuple[str, str, int]] = []

    def receive(self, batch: History) -> None:
        """Everything of one batch, then a refresh."""
        for event in batch.events:
            self.world.event(**event)
        for network, tips in batch.tips.items():
            self._move(network, tips[-1])
        for transfer in batch.transfers:
            self.world.transfer(**transfer)
        for receipt in batch.receipts:
            self.world.receipt(**receipt)
        self._headers += batch.headers
        for network in self._tips:
            self._store_headers(network)
        self.world.refresh()

    def _move(self, network: str, tip: Tip) -> None:
        """Marks as ingest writes them, but only of blocks that the lake holds something of: others change nothing."""
        before, now = self._blocks(self._tips.get(network)), self._blocks(tip)
        held = self.world.held_blocks(network) | self.world.held_blocks(network, "raw.evm_transfer_logs")
        left = self._left.setdefault(network, set())
        for block, branch in sorted(before - now):
            if self.world.branches.hash(network, block, branch) in held:
                self.world.orphan(block, network=network, branch=branch, at=tip.block)
                left.add((block, branch))
        for block, branch in sorted(left & now):
            self.world.bring_back(block, network=network, branch=branch, at=tip.block)
            left.remove((block, branch))
        self.world.head(tip.block, finalized=tip.finalized, network=network, branch=tip.branch, with_headers=False)
        self._tips[network] = tip

    def _blocks(self, tip: Tip | None) -> set[tuple[int, str]]:
        """The blocks of a chain."""
        if tip is None:
            return set()
        return {(block, self.world.branches.home(block, tip.branch)) for block in range(tip.block + 1)}

    def _store_headers(self, network: str) -> None:
        tip = self._tips[network]
        shared = [
            self.world.branches.shared(tip.branch, branch, min(tip.block, up_to))
            for known, branch, up_to in self._headers
            if known == network
        ]
        if shared:
            self.world.headers(max(shared), network=network, branch=tip.branch)
