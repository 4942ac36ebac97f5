"""One small deployment in which a bit of everything has happened, and its books by hand.

Belongs here: what happened. Does not: what is asked of it, what goes wrong in it (planted_faults.py).
"""

from __future__ import annotations

import hashlib

from tests.support.branches import Branches
from tests.support.models import HOT_WALLET, ModelWorld, deposit

STRANGER = "0x" + "77" * 20
REFUSED_LINE = b'{"event_id": 1}'
REFUSED_ID = hashlib.sha256(b"feed\0" + REFUSED_LINE).hexdigest()
# What the operational store was handed over: final income less its fees, by hand.
SPENDABLE_E8 = {
    ("mer_1", "BSC", "USDT"): 14_850_000_000,  # 100 + 40 + 10, less 1 %
    ("mer_1", "ETH", "USDT"): 2_487_222_144,  # 25.123456 less 0.25123456
    ("mer_2", "BSC", "USDC"): 980_000_000,  # 10 less 2 %
    ("mer_2", "BSC", "USDT"): 0,  # 60 are pending
}


def settled_world() -> ModelWorld:
    """Two merchants on two networks, sessions of every status, sweeps, a replaced block, a refused claim and line."""
    branches = Branches()
    branches.fork("other", 57)
    world = ModelWorld(branches)
    _tell(world)
    _pay(world)
    # Block 57 is replaced, with a payment of 60 in it that comes again in block 58.
    world.transfer(57, "60", to=deposit(5))
    world.head(57, finalized=40)
    world.head(20, network="ETH")
    world.refresh()
    world.orphan(57, at=58)
    world.transfer(58, "60", to=deposit(5), branch="other")
    world.head(59, finalized=50, branch="other")
    world.refresh()
    world.connection.execute(
        "INSERT INTO raw.gateway_quarantine VALUES ($id, 'feed', 1, $line, 'missing_key', 'type is missing', now(), 1)",
        {"id": REFUSED_ID, "line": REFUSED_LINE},
    )
    world.connection.execute(
        "CREATE TEMP TABLE operations_balance_credits (mode VARCHAR, merchant_id VARCHAR, network VARCHAR, "
        "currency VARCHAR, version BIGINT, credited_total_e8 BIGINT)"
    )
    for key, total in SPENDABLE_E8.items():
        values = {"m": key[0], "n": key[1], "c": key[2], "t": total}
        world.connection.execute("INSERT INTO operations_balance_credits VALUES ('live', $m, $n, $c, 1, $t)", values)
    return world


def _tell(world: ModelWorld) -> None:
    world.hot_wallet(-5)
    world.merchant(-5)
    world.merchant(30, platform_fee_rate="0.03")
    world.merchant(-5, "mer_2", platform_fee_rate="0.02")
    for number in (1, 2):
        world.address(number, -4)
    world.address(3, -4, network="ETH")
    world.address(4, -4, currency="USDC", merchant="mer_2")
    world.address(5, -4, merchant="mer_2")
    world.address(6, -3, address=deposit(1), merchant="mer_2", event_id="foreign_claim")
    world.session(1, 0, amount="100")  # paid, then late money
    world.session(2, 0, amount="100")  # too little: failed
    world.session(3, 20, amount="100")  # nothing: expired
    world.session(4, 50, amount="60", expires=90, merchant="mer_2")  # waits for confirmations: pending
    world.session(5, 0, amount="5", network="ETH", expires=100)  # failed by the gateway
    for session, address, at in ((1, 1, 1), (2, 2, 1), (3, 1, 21), (5, 3, 12)):
        world.assign(session, address, at)
    world.assign(4, 5, 51, merchant="mer_2")
    world.event("session.failed", 15, {"session_id": "00000000-0000-4000-8000-000000000005", "reason": "x"})


def _pay(world: ModelWorld) -> None:
    world.transfer(5, "100", to=deposit(1))
    world.transfer(6, "40", to=deposit(2))
    world.transfer(7, "10", to=deposit(4), currency="USDC")
    world.transfer(8, "25.123456", to=deposit(3), network="ETH")
    world.transfer(10, "100", to=HOT_WALLET, sender=deposit(1))
    world.transfer(14, "5", to=STRANGER, sender=deposit(2))
    world.transfer(16, "10", to=deposit(1), sender=deposit(2))
