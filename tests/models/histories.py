"""Histories of a gateway and its chains, and how they are cut into batches of any order.

Belongs here: which facts there are, and which of them a world can have seen when. Does not: what happens
(random_histories.py), how a world receives it (delivery.py).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tests.support.branches import Branches


@dataclass(frozen=True)
class Tip:
    """A chain as it is at one time: the head on its branch, and the finalised block."""

    branch: str
    block: int
    finalized: int


@dataclass
class History:
    """Facts in no order, except that the tips of each network follow each other.

    Attributes:
        branches: of all chains.
        events: arguments of `ModelWorld.event`.
        transfers: arguments of `ModelWorld.transfer`; each is ingested only if its block is ever seen on the chain.
        receipts: arguments of `ModelWorld.receipt`, of transactions whose block may never be seen on the chain.
        tips: by network.
        headers: network, and the branch and block up to which headers may be stored once they are on the chain.
    """

    branches: Branches = field(default_factory=Branches)
    events: list[dict[str, Any]] = field(default_factory=list)
    transfers: list[dict[str, Any]] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    tips: dict[str, list[Tip]] = field(default_factory=dict)
    headers: list[tuple[str, str, int]] = field(default_factory=list)

    def batches(self, rng: random.Random, count: int, *, straggler: str = "") -> list[History]:
        """Cut into batches: all at random, or all in the first but one straggler in each of the others (often a chain).

        Of several tips in one batch only the last is seen. A transfer comes with the first batch, from its own on,
        that sees its block on the chain.

        Args:
            rng: the case's.
            count: how many batches.
            straggler: "transfer", "receipt", "header", a network (its tips) or a type of event; empty for any.
        """
        cut = [History(self.branches) for _ in range(count)]
        manner = "" if straggler else rng.choice(("scattered", "straggling", "chains", "chains"))
        if manner == "chains":
            straggler = rng.choice(sorted(self.tips))
        positions = self._scattered(rng, count) if manner == "scattered" else self._straggling(rng, count, straggler)
        for network, tips in self.tips.items():
            in_order = sorted(positions[network, number] for number in range(len(tips)))
            for tip, position in zip(tips, in_order, strict=True):
                cut[position].tips.setdefault(network, []).append(tip)
        self._cut_transfers(cut, positions)
        for number, event in enumerate(self.events):
            cut[positions[event["event_type"], number]].events.append(event)
        for number, receipt in enumerate(self.receipts):
            cut[positions["receipt", number]].receipts.append(receipt)
        for number, header in enumerate(self.headers):
            cut[positions["header", number]].headers.append(header)
        for batch in cut:
            rng.shuffle(batch.events)
            rng.shuffle(batch.transfers)
        return cut

    def _cut_transfers(self, cut: list[History], positions: dict[tuple[str, int], int]) -> None:
        """Each into the first batch, from its own on, that sees its block on the chain."""
        for number, transfer in enumerate(self.transfers):
            for position in range(positions["transfer", number], len(cut)):
                if self._is_on(self._tip_at(cut[: position + 1], transfer["network"]), transfer):
                    cut[position].transfers.append(transfer)
                    break

    def settled(self) -> History:
        """The same world, had its chains never been otherwise than they are in the end."""
        tips = {network: tips[-1] for network, tips in self.tips.items()}
        transfers = [transfer for transfer in self.transfers if self._is_on(tips[transfer["network"]], transfer)]
        only = {network: [tip] for network, tip in tips.items()}
        return History(self.branches, self.events, transfers, self.receipts, only, self.headers)

    @staticmethod
    def _tip_at(batches: list[History], network: str) -> Tip | None:
        return next((batch.tips[network][-1] for batch in reversed(batches) if network in batch.tips), None)

    def _is_on(self, tip: Tip | None, transfer: dict[str, Any]) -> bool:
        if tip is None or transfer["block"] > tip.block:
            return False
        return self.branches.home(transfer["block"], tip.branch) == transfer["branch"]

    def _keys(self) -> list[tuple[str, int]]:
        """Every fact as its kind and number."""
        keys = [(event["event_type"], number) for number, event in enumerate(self.events)]
        keys += [("transfer", number) for number in range(len(self.transfers))]
        keys += [("header", number) for number in range(len(self.headers))]
        return keys + [(network, number) for network, tips in self.tips.items() for number in range(len(tips))]

    def _scattered(self, rng: random.Random, count: int) -> dict[tuple[str, int], int]:
        receipts = {key: self._own_draw(key).randrange(count) for key in self._receipt_keys()}
        return receipts | {key: rng.randrange(count) for key in self._keys()}

    def _receipt_keys(self) -> list[tuple[str, int]]:
        return [("receipt", number) for number in range(len(self.receipts))]

    def _own_draw(self, key: tuple[str, int]) -> random.Random:
        """Receipts draw from themselves: so the cases are those that there were before receipts."""
        return random.Random(self.receipts[key[1]]["tx_hash"])

    def _straggling(self, rng: random.Random, count: int, straggler: str) -> dict[tuple[str, int], int]:
        """What a straggler touches is touched by nothing else; every kind is as likely as another."""
        keys = self._keys()
        # Headers touch the transfers that a chain's change touches: half of the time they are out of its way.
        later = count - 1 if straggler in self.tips and rng.random() < 0.5 else 0
        positions = {key: later if key[0] == "header" else 0 for key in keys}
        positions |= dict.fromkeys(self._receipt_keys(), 0)
        keys += self._receipt_keys() if straggler == "receipt" else []
        kinds = [straggler] if straggler else sorted({kind for kind, _ in keys})
        for position in range(1, count):
            kind = rng.choice(kinds)
            positions[rng.choice([key for key in keys if key[0] == kind])] = position
        return positions
