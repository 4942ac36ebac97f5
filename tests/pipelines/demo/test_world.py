"""The demo's world: nothing doubled and nothing lost when its nodes are killed, reorganisations included."""

import contextlib
import os
import random
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from pipelines.demo.cast import CHAINS, FORGED
from pipelines.demo.chain import Chain
from pipelines.demo.folder import free_port
from pipelines.demo.plans import PlannedBlock, Step
from pipelines.demo.processes import DemoFailed
from pipelines.demo.spam import plan_spam
from pipelines.demo.world import World
from tests.evidence import Evidence
from tests.support.node_oracle import all_transfers

Blocks = dict[tuple[str, int], PlannedBlock]


def perform_always(chain: Chain, step: Step) -> None:
    """A fault on purpose: a chain that does not look whether its payments have been made already."""
    for place, block in enumerate(step.blocks, start=1):
        transactions = [one.transaction() for one in block.transfers if one.is_payment]
        chain._node.send_and_mine(transactions, at=datetime.fromtimestamp(step.blocks[-1].at + place, UTC))
    chain._save(step.first, chain._node.block_number())


def has_payment(blocks: list[PlannedBlock]) -> bool:
    return any(one.is_payment for block in blocks for one in block.transfers)


def kill_soon(process_id: int, seconds: float) -> threading.Timer:
    def kill() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)

    timer = threading.Timer(seconds, kill)
    timer.start()
    return timer


def note(blocks: Blocks, steps: list[Step]) -> None:
    for step in steps:
        blocks |= {(step.chain, step.first + place): block for place, block in enumerate(step.blocks)}


def check_blocks(world: World, blocks: Blocks) -> None:
    """Every block holds the transfers planned for it, in their order, and no others."""
    for key, chain in world.chains.items():
        planned = [
            (number, one.token, one.sender, one.receiver, int(one.base_units))
            for (at, number), block in sorted(blocks.items())
            if at == key
            for one in block.transfers
            if one.kind in ("transfer", "poison")
        ]
        first = min(number for at, number in blocks if at == key)
        told = [
            (one.block, one.token, one.sender, one.receiver, one.amount)
            for one in all_transfers(chain.node_url)
            if one.block >= first
        ]
        assert told == planned, key


@pytest.mark.chain
@pytest.mark.process
def test_killed_nodes_come_back_with_every_transfer_once(
    tmp_path: Path, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = evidence.cases(test=6, evidence=80)
    ports = {key: free_port() for key in CHAINS}
    blocks: Blocks = {}
    draw = random.Random(evidence.seed)
    monkeypatch.setattr("pipelines.demo.reorgs.REORG_SHARE", 0.3)
    depths = []
    timers = []
    with World(tmp_path, ports, evidence.seed) as world:
        assert world.ensure_nodes() == []
        for number in range(3 * kills):
            if number % 3 == 2:
                chain = draw.choice(list(world.chains.values()))
                timers.append(kill_soon(chain.node_process_id, draw.uniform(0, 0.12)))
            tick = world.tick(world.state.last_at + 8)
            note(blocks, tick.steps)
            depths += [step.depth for step in tick.steps]
        for timer in timers:
            timer.join()
        world.ensure_nodes()
        check_blocks(world, blocks)
    print(f"reorganisations {sum(depth > 0 for depth in depths)} of {len(depths)}")
    assert max(depths)
    with World(tmp_path, ports, evidence.seed) as world:  # as after the death of the demo itself
        assert world.ensure_nodes() == []
        check_blocks(world, blocks)
        while not any(has_payment(step.blocks) for step in tick.steps):
            tick = world.tick(world.state.last_at + 8)
            note(blocks, tick.steps)
        check_blocks(world, blocks)
        lines = world.events.read_text().splitlines()
    assert len({msgspec.json.decode(line)["event_id"] for line in lines}) == len(lines)
    with monkeypatch.context() as patch, evidence.planted_fault("the written tick happens again after a crash"):
        patch.setattr(Chain, "_perform", perform_always)
        with World(tmp_path, ports, evidence.seed) as world:
            check_blocks(world, blocks)


@pytest.mark.chain
def test_every_kind_of_spam_is_accepted_by_every_chain(tmp_path: Path) -> None:
    with World(tmp_path, {key: free_port() for key in CHAINS}, 1) as world:
        while {deposit.chain for deposit in world.state.deposits} < set(CHAINS):
            world.tick(world.state.last_at + 8)
        for key, chain in world.chains.items():
            at = world.state.last_at
            spam = plan_spam(CHAINS[key], world.state.deposits, at, random.Random(1), all_kinds=True)
            head = world.state.chains[key].head
            before = len(all_transfers(chain.node_url))
            chain.perform(Step(key, head + 1, 0, [PlannedBlock(at, spam)]))
            told = all_transfers(chain.node_url)[before:]
            # The NFT's transfer has four topics.
            assert len(told) == len(spam) - 1
            assert {FORGED.address} < {one.token for one in told}


def test_what_an_earlier_version_wrote_is_refused_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "traffic.json").write_text('{"state": {}}')
    with pytest.raises(DemoFailed) as caught, World(tmp_path, {}, 1):
        pass
    assert "--reset" in str(caught.value.hint)
