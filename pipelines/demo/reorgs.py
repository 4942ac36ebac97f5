"""Reorganisations: now and then the newest blocks of a chain give way to others, as if another branch had won.

Belongs here: which blocks give way, and what becomes of their transfers. Does not belong here: doing it (`chain.py`).

Every transfer of the old blocks comes back, in the same block or a later one but in the same order, so that nothing
is sent before it is there. Some buyers use the occasion and pay again, a little more.
"""

from __future__ import annotations

import random

import msgspec

from pipelines.demo.cast import REORG_DEPTH_MAX
from pipelines.demo.plans import ChainState, PlannedBlock, PlannedTransfer, shown_amount

# Of all blocks, those that come with a reorganisation.
REORG_SHARE = 0.06
_LATER_SHARE = 0.3
_AGAIN_SHARE = 0.4


def plan_depth(chain: ChainState, draw: random.Random) -> int:
    """How many of the chain's newest blocks give way now: mostly none."""
    if not chain.recent or draw.random() >= REORG_SHARE:
        return 0
    return draw.randint(1, min(REORG_DEPTH_MAX, len(chain.recent)))


def plan_branch(old: list[PlannedBlock], newest: PlannedBlock, draw: random.Random) -> list[PlannedBlock]:
    """The blocks of the branch that wins: one for each old one, and the newest.

    Args:
        old: the blocks that give way.
        newest: what is mined on top.
        draw: chance.
    """
    branch = [PlannedBlock(block.at, []) for block in old]
    branch.append(PlannedBlock(newest.at, []))
    place = 0
    for number, block in enumerate(old):
        place = max(place, number)
        for one in block.transfers:
            if draw.random() < _LATER_SHARE:
                place = min(place + 1, len(old))
            branch[place].transfers.append(_again(one, draw))
    branch[-1].transfers += newest.transfers
    return branch


def _again(one: PlannedTransfer, draw: random.Random) -> PlannedTransfer:
    """The transfer as the other branch has it: mostly the same, of which there is nothing more to report."""
    decimals = one.decimals()
    if decimals is None or not one.is_payment or draw.random() >= _AGAIN_SHARE:
        return msgspec.structs.replace(one, reports=[])
    units = int(one.base_units) + draw.randint(1, 500) * 10 ** (decimals - 2)
    told = [
        msgspec.structs.replace(report, data=report.data | {"amount": shown_amount(units, decimals)})
        for report in one.reports
    ]
    return msgspec.structs.replace(one, base_units=str(units), reports=told)
