"""The demo's world: seeded, and neither doubled nor lost when its node is killed."""

import contextlib
import os
import random
import signal
import threading
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from pipelines.demo.run import _free_port
from pipelines.demo.traffic import TOKENS, State, plan_tick
from pipelines.demo.world import World
from tests.evidence import Evidence
from tests.support.node_oracle import all_transfers


def ticks_of(seed: int, count: int) -> list[bytes]:
    state = State(seed, "0x" + "fa" * 20, last_at=1_780_000_000)
    return [msgspec.json.encode(plan_tick(state, state.last_at + 2, ["0x" + "11" * 32] * 50)) for _ in range(count)]


def test_the_same_seed_plans_the_same_traffic():
    assert ticks_of(7, 200) == ticks_of(7, 200)
    assert ticks_of(7, 20) != ticks_of(8, 20)


def test_traffic_pays_in_every_way_and_speaks_of_all_of_it():
    events = [event for line in ticks_of(3, 1500) for event in msgspec.json.decode(line)["events"]]
    ways = {event["data"]["metadata"]["paid_how"] for event in events if event["type"] == "session.created"}
    assert ways == {"exact", "split", "over", "under", "late", "fake_token", "zero_value", "nothing"}
    kinds = Counter(event["type"] for event in events)
    for kind in ("address.swept", "address.gas_funded", "session.payment_received", "session.expired"):
        assert kinds[kind] > 10
    # Addresses are used again after a rest.
    assert kinds["address.created"] < kinds["session.created"] == kinds["session.address_assigned"]
    assert len({event["event_id"] for event in events}) == len(events)


def kill_soon(process_id: int, seconds: float) -> None:
    def kill() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)

    threading.Timer(seconds, kill).start()


@pytest.mark.chain
@pytest.mark.process
def test_a_killed_node_comes_back_with_every_transfer_once(tmp_path: Path, evidence: Evidence) -> None:
    kills = evidence.cases(test=6, evidence=40)
    port = _free_port()
    planned: Counter[tuple[str, str, int]] = Counter()
    with World(tmp_path, port, evidence.seed) as world:
        draw = random.Random(evidence.seed)
        for number in range(2 * kills):
            if number % 2:
                kill_soon(world.node_process_id, draw.uniform(0, 0.03))
            tick = world.tick(world.state.last_at + 8)
            for one in tick.transactions:
                if one.to in TOKENS.values():
                    planned[one.to, one.sender, int(one.data[-64:], 16)] += 1
    with World(tmp_path, port, evidence.seed) as world:  # as after the death of the demo itself
        world.tick(world.state.last_at + 8)
        told = all_transfers(world.node_url)
        lines = world.events.read_text().splitlines()
    found = Counter((one.token, one.sender, one.amount) for one in told)
    assert all(found[key] == count for key, count in planned.items())
    assert planned.total() > kills
    assert len({msgspec.json.decode(line)["event_id"] for line in lines}) == len(lines)
    with evidence.planted_fault("one transfer is lost"):
        lost = Counter(found) - Counter([next(iter(planned))])
        assert all(lost[key] == count for key, count in planned.items())
