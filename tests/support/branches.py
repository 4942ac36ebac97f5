"""Branches of a made-up chain: which block stands at a height, its hash and its time.

Belongs here: names of blocks. Does not: what is in them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def minute(number: float) -> datetime:
    """START plus so many minutes: the time of the block of that number on the first branch."""
    return START + timedelta(minutes=number)


@dataclass(frozen=True)
class _Branch:
    fork: int
    minutes: float
    parent: str


class Branches:
    """The branches of a chain; the first one is called ''."""

    def __init__(self) -> None:
        self._branches = {"": _Branch(0, 0, "")}

    def fork(self, name: str, block: int, *, minutes: float = 0, parent: str = "") -> None:
        """Let a branch leave its parent: its own blocks begin with `block` and are so many minutes later."""
        self._branches[name] = _Branch(block, minutes, parent)

    def home(self, block: int, branch: str) -> str:
        """The branch whose own the block is that stands at this height of a branch."""
        while block < self._branches[branch].fork:
            branch = self._branches[branch].parent
        return branch

    def hash(self, network: str, block: int, branch: str) -> str:
        """The hash of a block."""
        return "0x" + hashlib.sha256(f"{network}{block}{self.home(block, branch)}".encode()).hexdigest()

    def time(self, block: int, branch: str) -> datetime:
        """The time of a block."""
        return minute(block + self._branches[self.home(block, branch)].minutes)

    def shared(self, one: str, other: str, up_to: int) -> int:
        """The newest block up to a height that two branches share."""
        return max(block for block in range(up_to + 1) if self.home(block, one) == self.home(block, other))
