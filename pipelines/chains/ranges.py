"""How many blocks and addresses to ask for at once, learnt from what the node answers.

Belongs here: the arithmetic of growing and shrinking. Does not belong here: asking (`evm.py`).
"""

from math import ceil
from typing import Final

GROWTH: Final = 1.5
# Providers cut or refuse answers beyond 10,000 logs; the JSON of so many is also what decodes fastest.
TARGET_LOGS: Final = 10_000
# geth, BSC, Bor, Erigon and java-tron take at most 1,000 entries in one topic position.
MOST_ADDRESSES: Final = 1_000
# Without logs a range would grow until the node times out; it grows up to so many times the first guess.
_MOST_GROWTH: Final = 10
# After so many accepted ranges at the learnt limits, more is tried: limits depend on how full the blocks are.
_PATIENCE: Final = 32


class RangeSizer:
    """The number of blocks and of addresses of the next question.

    Args:
        first_blocks: the first guess, `max_block_range` of the settings.
    """

    def __init__(self, first_blocks: int) -> None:
        self.blocks = first_blocks
        self.addresses = MOST_ADDRESSES
        self._most_blocks = first_blocks * _MOST_GROWTH
        self._learnt_blocks = self._most_blocks
        self._accepted_at_limit = 0

    def accept(self, blocks: int, most_logs: int) -> None:
        """Learn from a range that was answered.

        Args:
            blocks: how many blocks it had; a last, shorter range teaches nothing about growing.
            most_logs: logs in its fullest answer.
        """
        if most_logs > TARGET_LOGS:
            self.blocks = max(1, blocks * TARGET_LOGS // most_logs)
        elif blocks < self.blocks:
            return
        elif self.blocks < self._learnt_blocks and most_logs * GROWTH <= TARGET_LOGS:
            self.blocks = min(ceil(self.blocks * GROWTH), self._learnt_blocks)
        else:
            self._accepted_at_limit += 1
            if self._accepted_at_limit >= _PATIENCE:
                self._learnt_blocks = min(ceil(self._learnt_blocks * GROWTH), self._most_blocks)
                self.addresses = min(self.addresses * 2, MOST_ADDRESSES)
                self._accepted_at_limit = 0

    def refuse(self, first: int, last: int, suggested: tuple[int, int] | None = None) -> bool:
        """Learn from a range that was too large; False when it cannot be made smaller.

        Args:
            first: first block of the range.
            last: last block of the range.
            suggested: the range that the node says would work; it wins if it begins where ours did and is shorter.
        """
        asked = last - first + 1
        if asked == 1:
            return False
        if suggested and suggested[0] <= first <= suggested[1] < last:
            self.blocks = suggested[1] - first + 1
        else:
            self.blocks = asked // 2
        self._learnt_blocks = self.blocks
        self._accepted_at_limit = 0
        return True

    def narrow(self, addresses: int) -> bool:
        """Learn from a list of addresses that was too long; False when it cannot be made shorter."""
        if addresses <= 1:
            return False
        self.addresses = addresses // 2
        return True
