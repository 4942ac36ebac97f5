"""What arrives at deposit addresses and is no payment: poison, forgeries, look-alikes, NFTs and dust.

Belongs here: spam. Of all of it only dust is money. Does not belong here: buyers who pay with a forged token or with
nothing (`traffic.py`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from pipelines.demo.cast import FORGED, NFT, POISON, SPAMMER, ChainCast
from pipelines.demo.plans import Deposit, PlannedTransfer

# Of all blocks, those with something of it in them.
SPAM_SHARE = 0.25


def plan_spam(
    chain: ChainCast, deposits: Sequence[Deposit], at: int, draw: random.Random, *, all_kinds: bool = False
) -> list[PlannedTransfer]:
    """What spammers send in the chain's next block: mostly nothing.

    Args:
        chain: where.
        deposits: addresses they can know of.
        at: time of the block.
        draw: chance.
        all_kinds: one of each kind instead.
    """
    targets = [deposit.address for deposit in deposits if deposit.chain == chain.key]
    if not targets or not (all_kinds or draw.random() < SPAM_SHARE):
        return []
    kinds = _kinds(chain, draw.choice(targets), at, draw)
    return kinds if all_kinds else [draw.choice(kinds)]


def _kinds(chain: ChainCast, target: str, at: int, draw: random.Random) -> list[PlannedTransfer]:
    token = draw.choice(list(chain.tokens.values())).address
    tempting = str(draw.randrange(100, 5_000) * 10**6)

    def sent(kind_token: str, base_units: str) -> PlannedTransfer:
        return PlannedTransfer(at, chain.key, "transfer", kind_token, SPAMMER, target, base_units)

    return [
        # A transfer of nothing out of the victim's account, which anybody may make: it looks like an earlier sweep.
        PlannedTransfer(at, chain.key, "poison", token, target, POISON, "0"),
        sent(token, "0"),
        sent(FORGED.address, tempting + "0" * (FORGED.decimals - 6)),
        *(sent(other.address, tempting) for other in chain.others.values()),
        PlannedTransfer(at, chain.key, "nft", NFT, SPAMMER, target, str(draw.getrandbits(128))),
        sent(token, str(draw.randint(1, 999))),
    ]
