"""The invariants hold over whatever happened, and each one names the very object in which a fault was planted."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.evidence import Evidence
from tests.models.delivery import deliver
from tests.models.random_histories import random_history
from tests.support.models import ModelWorld
from tests.support.planted_faults import FAULTS
from tests.support.settled_world import settled_world
from warehouse.invariants import CREDITS, Finding, Invariant, ask, invariants

BY_NAME = {invariant.name: invariant for invariant in invariants()}
# Random histories send what addresses do not have; which, is counted apart.
OVERDRAWN = "addresses_are_never_overdrawn"


@pytest.fixture(scope="module")
def settled() -> ModelWorld:
    return settled_world()


@pytest.fixture
def world(settled: ModelWorld) -> Iterator[ModelWorld]:
    """The settled world, as it was again afterwards."""
    settled.connection.execute("BEGIN")
    yield settled
    settled.connection.execute("ROLLBACK")


def broken(world: ModelWorld, asked: list[Invariant]) -> dict[str, Finding]:
    """Those of the invariants that do not hold."""

    def rows_of(sql: str) -> list[dict[str, Any]]:
        cursor = world.connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    findings = [ask(invariant, rows_of) for invariant in asked]
    return {finding.invariant.name: finding for finding in findings if finding.broken_count}


def assert_all_hold(world: ModelWorld, asked: list[Invariant]) -> None:
    found = broken(world, asked)
    assert {name: finding.rows[0] for name, finding in found.items()} == {}


def test_no_invariant_is_without_a_planted_fault() -> None:
    assert FAULTS.keys() == BY_NAME.keys()
    assert {name for fault in FAULTS.values() for name in fault.also} <= BY_NAME.keys()


def test_in_a_world_in_which_all_is_well_all_hold(world: ModelWorld) -> None:
    assert_all_hold(world, list(BY_NAME.values()))


@pytest.mark.parametrize("name", BY_NAME)
def test_a_planted_fault_is_named_with_its_object_and_by_no_other(
    name: str, world: ModelWorld, evidence: Evidence
) -> None:
    fault = FAULTS[name]
    # In `make test` some of the others are asked too: asking all 47 of 47 worlds would take ten seconds.
    others = [invariant for other, invariant in BY_NAME.items() if other not in (name, *fault.also)]
    count = evidence.cases(test=2, evidence=len(others))
    asked = [BY_NAME[name], *(BY_NAME[other] for other in fault.also)]
    asked += random.Random(f"{evidence.seed}:{name}").sample(others, count)
    world.connection.execute(fault.sql)
    with evidence.planted_fault(name):
        assert_all_hold(world, [BY_NAME[name]])
    found = broken(world, asked)
    assert found.keys() == {name} | fault.also
    (row,) = found[name].rows
    assert fault.shown.items() <= row.items()


def overdrawn(world: ModelWorld) -> set[tuple[str, str, str]]:
    """Network, address and currency of which more left than had come, transfer by transfer."""
    held: dict[tuple[str, str, str], int] = {}
    found = set()
    columns = "network, deposit_address, currency, type, amount_base_units::VARCHAR AS units"
    sql = f"SELECT {columns} FROM marts.transactions ORDER BY block_number, log_index"
    for network, address, currency, type_, units in world.connection.execute(sql).fetchall():
        place = (network, address, currency)
        held[place] = held.get(place, 0) + (int(units) if type_ == "incoming" else -int(units))
        if held[place] < 0:
            found.add(place)
    return found


@pytest.mark.timeout(1800)
def test_all_hold_over_any_history(evidence: Evidence) -> None:
    asked = [invariant for name, invariant in BY_NAME.items() if name != OVERDRAWN and CREDITS not in invariant.reads]
    overdrawn_count = 0
    for case in range(evidence.cases(test=2, evidence=60)):
        rng = random.Random(f"{evidence.seed}:invariants:{case}")
        world = deliver(random_history(rng).batches(rng, rng.randint(2, 4)))
        assert_all_hold(world, asked)
        sql = BY_NAME[OVERDRAWN].sql
        named = {(row[1], row[2], row[3]) for row in world.connection.execute(sql).fetchall()}
        assert named == overdrawn(world), f"case {case}"
        overdrawn_count += len(named)
    assert overdrawn_count
