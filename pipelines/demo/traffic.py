"""Seeded traffic of the demo, tick by tick: what the gateway reports and what is sent on which chain.

Belongs here: a tick as a whole, and the record of what it does to whom. Everything follows from the state, the seed and
the time. Does not belong here: one session and its payments (`sessions.py`), nodes, files and clocks (`world.py`).

In a tick every chain whose time has come gets a block, now and then instead of some of its newest ones. The tick's
events come first; what the gateway reports of its transfers (it needs their hashes) comes with the tick after.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from pipelines.demo.cast import CHAINS, HOT_WALLET, MERCHANTS, REORG_DEPTH_MAX, SHARES, ChainCast
from pipelines.demo.plans import PlannedBlock, PlannedEvent, State, Step, Tick, moment
from pipelines.demo.reorgs import plan_branch, plan_depth
from pipelines.demo.sessions import plan_session
from pipelines.demo.spam import plan_spam
from warehouse.domain.addresses import shown_address
from warehouse.domain.networks import Family

SESSIONS_PER_SECOND = Fraction(3, 20)
SESSIONS_PER_TICK_MAX = 5
# However quiet chance wants it, every so many ticks somebody buys.
QUIET_TICKS_MAX = 4


def plan_tick(state: State, at: int, mined: Mapping[str, Sequence[str]]) -> Tick:
    """Move the state to the next tick and say what happens in it.

    Args:
        state: changed in place.
        at: time of the tick, later than that of the tick before.
        mined: by chain, the transaction hashes of the tick before in its order.
    """
    return _Planner(state, at).plan(mined)


class _Planner:
    """One tick being made."""

    def __init__(self, state: State, at: int) -> None:
        self._state = state
        self._at = at
        self._draw = random.Random(f"{state.seed}:{state.ticks}")  # noqa: S311 - traffic, not secrets
        self._told: list[dict[str, Any]] = []

    def plan(self, mined: Mapping[str, Sequence[str]]) -> Tick:
        state, at = self._state, self._at
        number = state.ticks
        if number == 0:
            self._introduce()
        self._report(mined)
        for event in [event for event in state.events if event.at <= at]:
            self._tell(event)
        state.events = [event for event in state.events if event.at > at]
        for _ in range(self._sessions_now()):
            self._open_session()
        steps = [self._step(chain) for chain in CHAINS.values() if self._is_due(chain)]
        state.unreported = {
            step.chain: [one.reports for block in step.blocks for one in block.transfers] for step in steps
        }
        state.ticks, state.last_at = number + 1, at
        return Tick(number, at, self._told, steps)

    def _tell(self, event: PlannedEvent, **more: str) -> None:
        event_id = f"evt_{self._state.seed}_{self._state.ticks:07d}_{len(self._told):03d}"
        envelope = {"event_id": event_id, "type": event.type, "occurred_at": moment(self._at)}
        owner = {"merchant_id": event.merchant_id, "mode": event.mode}
        self._told.append(envelope | owner | {"data": event.data | more})

    def _introduce(self) -> None:
        """Merchants and hot wallets, in every mode in which there are some."""
        terms = {"platform_fee_rate": "0.01", "withdrawal_fee_rate": "0.001", "default_currency": "USDT"}
        for mode, shares in SHARES.items():
            for merchant_id in shares:
                name, email = MERCHANTS[merchant_id], f"{merchant_id}@example.com"
                person = {"name": name, "email": email, "status": "active", "timezone": "UTC"}
                self._tell(PlannedEvent(0, mode, "merchant.updated", merchant_id, person | terms))
                self._state.account(mode, merchant_id)
        address = shown_address(Family.EVM, HOT_WALLET)
        for chain in CHAINS.values():
            wallet = {"network": chain.network, "address": address}
            self._tell(PlannedEvent(0, chain.mode, "hot_wallet.registered", None, wallet))

    def _report(self, mined: Mapping[str, Sequence[str]]) -> None:
        for chain, reports_of_each in self._state.unreported.items():
            for tx_hash, reports in zip(mined[chain], reports_of_each, strict=True):
                for report in reports:
                    self._tell(report, tx_hash=tx_hash)

    def _sessions_now(self) -> int:
        if self._state.ticks == 0:
            return 1
        expected = min(SESSIONS_PER_SECOND * (self._at - self._state.last_at), Fraction(SESSIONS_PER_TICK_MAX))
        count = int(expected) + (self._draw.random() < expected % 1)
        return max(count, self._state.ticks % QUIET_TICKS_MAX == 0)

    def _open_session(self) -> None:
        chain = self._draw.choices(list(CHAINS.values()), [chain.weight for chain in CHAINS.values()])[0]
        shares = SHARES[chain.mode]
        merchant_id = self._draw.choices(list(shares), list(shares.values()))[0]
        for event in plan_session(self._state, chain, merchant_id, self._at, self._draw):
            self._tell(event)

    def _is_due(self, chain: ChainCast) -> bool:
        return self._at - self._state.chains[chain.key].last_at >= chain.block_seconds

    def _step(self, chain: ChainCast) -> Step:
        state, memory = self._state, self._state.chains[chain.key]
        due = [one for one in state.transfers if one.chain == chain.key and one.at <= self._at]
        state.transfers = [one for one in state.transfers if one.chain != chain.key or one.at > self._at]
        block = PlannedBlock(self._at, due + plan_spam(chain, state.deposits, self._at, self._draw))
        depth = plan_depth(memory, self._draw)
        if depth:
            old = memory.recent[-depth:]
            blocks = plan_branch(old, block, self._draw)
            # The next reorganisation leaves all of this one alone.
            memory.recent = []
        else:
            old, blocks = [], [block]
            memory.recent = [*memory.recent, block][-REORG_DEPTH_MAX:]
        self._record(old, sign=-1)
        self._record(blocks, sign=1)
        step = Step(chain.key, memory.head + 1 - depth, depth, blocks)
        memory.head, memory.last_at = step.last, self._at
        return step

    def _record(self, blocks: Iterable[PlannedBlock], *, sign: int) -> None:
        deposits = self._state.deposits
        owners = {(deposit.chain, deposit.address): deposit.merchant_id for deposit in deposits}
        for one in (one for block in blocks for one in block.transfers):
            decimals = one.decimals()
            if decimals is None or one.base_units == "0":
                continue
            mode = CHAINS[one.chain].mode
            amount = sign * int(one.base_units) * 10 ** (18 - decimals)
            if receiver := owners.get((one.chain, one.receiver)):
                account = self._state.account(mode, receiver)
                account.incoming += sign
                account.received = str(int(account.received) + amount)
            elif sender := owners.get((one.chain, one.sender)):
                account = self._state.account(mode, sender)
                account.sweeps += sign
                account.swept = str(int(account.swept) + amount)
