"""The demo's traffic: seeded, of every kind on every chain, and on record."""

import random
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from pipelines.demo.cast import CHAINS, FINALITY_BLOCKS, REORG_DEPTH_MAX
from pipelines.demo.plans import ChainState, Deposit, PlannedBlock, PlannedTransfer, State, Tick
from pipelines.demo.reorgs import plan_branch
from pipelines.demo.spam import plan_spam
from pipelines.demo.traffic import plan_tick

START = 1_780_000_000
SHOP = Deposit(1, "live.POL", "0x" + "d1" * 20, "mer_demo", "USDT", 0)


def new_state(seed: int) -> State:
    return State(seed, {key: ChainState(9, START) for key in CHAINS}, last_at=START)


def ticks_of(seed: int, count: int, state: State | None = None) -> Iterator[Tick]:
    state = state or new_state(seed)
    mined: dict[str, list[str]] = {}
    for _ in range(count):
        tick = plan_tick(state, state.last_at + 2, mined)
        mined = {step.chain: hashes_of(tick.number, step) for step in tick.steps}
        yield tick


def hashes_of(number, step) -> list[str]:
    transfers = sum(len(block.transfers) for block in step.blocks)
    return [f"{step.chain} {number} {place}" for place in range(transfers)]


def bytes_of(seed: int, count: int) -> list[bytes]:
    return [msgspec.json.encode(tick) for tick in ticks_of(seed, count)]


def test_the_same_seed_plans_the_same_traffic():
    assert bytes_of(7, 200) == bytes_of(7, 200)
    assert bytes_of(7, 20) != bytes_of(8, 20)


def test_traffic_pays_in_every_way_in_both_modes_and_speaks_of_all_of_it():
    events = [event for tick in ticks_of(3, 1500) for event in tick.events]
    created = [event for event in events if event["type"] == "session.created"]
    ways = {(event["mode"], event["data"]["metadata"]["paid_how"]) for event in created}
    kinds = {"exact", "split", "over", "under", "late", "fake_token", "zero_value", "nothing"}
    assert ways == {(mode, kind) for mode in ("live", "test") for kind in kinds}
    places = {f"{event['mode']}.{event['data']['network']}" for event in created}
    assert places == set(CHAINS)
    counts = Counter(event["type"] for event in events)
    for kind in ("address.swept", "address.gas_funded", "session.payment_received", "session.expired"):
        assert counts[kind] > 10
    # Addresses are used again after a rest.
    assert counts["address.created"] < counts["session.created"] == counts["session.address_assigned"]
    assert len({event["event_id"] for event in events}) == len(events)


def test_every_chain_has_its_own_pace_and_is_reorganised_no_deeper_than_is_final():
    ticks = list(ticks_of(4, 900))
    for key, chain in CHAINS.items():
        steps = [step for tick in ticks for step in tick.steps if step.chain == key]
        assert len(steps) == pytest.approx(1800 / chain.block_seconds, rel=0.02)
        depths = Counter(step.depth for step in steps)
        assert depths[0] > len(steps) * 0.8
        assert 0 < max(depths) <= REORG_DEPTH_MAX < FINALITY_BLOCKS - 1


def test_the_record_is_what_the_blocks_hold():
    state = new_state(5)
    blocks: dict[tuple[str, int], PlannedBlock] = {}
    for tick in ticks_of(5, 600, state):
        for step in tick.steps:
            blocks |= {(step.chain, step.first + place): block for place, block in enumerate(step.blocks)}
    owners = {(deposit.chain, deposit.address): deposit.merchant_id for deposit in state.deposits}
    counts: Counter[str] = Counter()
    for (chain, _), block in blocks.items():
        for one in block.transfers:
            owner = owners.get((chain, one.receiver))
            if owner and one.decimals() is not None and one.base_units != "0":
                counts[f"{CHAINS[chain].mode}/{owner}"] += 1
    assert counts == {key: account.incoming for key, account in state.record.items()}


def payment(units: int, receiver: str = SHOP.address, sender: str = "0xbeef") -> PlannedTransfer:
    token = CHAINS["live.POL"].tokens["USDT"].address
    return PlannedTransfer(START, "live.POL", "transfer", token, sender, receiver, str(units), is_payment=True)


def test_another_branch_keeps_every_transfer_and_their_order_and_some_pay_more():
    old = [PlannedBlock(START + place, [payment(10 * place + n) for n in range(3)]) for place in range(3)]
    newest = PlannedBlock(START + 9, [payment(99)])
    moved = again = 0
    for seed in range(50):
        branch = plan_branch(old, newest, random.Random(seed))
        assert [block.at for block in branch] == [START, START + 1, START + 2, START + 9]
        units = [int(one.base_units) for block in branch for one in block.transfers]
        before = [int(one.base_units) for block in old for one in block.transfers] + [99]
        assert len(units) == len(before)
        assert all(new >= paid for new, paid in zip(units, before, strict=True))
        again += units != before
        moved += [len(block.transfers) for block in branch] != [3, 3, 3, 1]
    assert again > 10
    assert moved > 10


def test_spam_comes_in_every_form_and_only_dust_is_money():
    spam = plan_spam(CHAINS["live.POL"], [SHOP], START, random.Random(1), all_kinds=True)
    assert [one.kind for one in spam] == ["poison", "transfer", "transfer", "transfer", "nft", "transfer"]
    counting = [one for one in spam if one.decimals() is not None and one.base_units != "0"]
    assert [0 < int(one.base_units) < 1000 for one in counting] == [True]
    assert plan_spam(CHAINS["live.BSC"], [SHOP], START, random.Random(1), all_kinds=True) == []
