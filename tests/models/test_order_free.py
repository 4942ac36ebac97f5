"""Derived tables do not depend on the order, the batches or the lateness of what they are derived from.

The same random history is delivered piecemeal with a refresh after each piece, then rebuilt from raw, then delivered at
once into another world: three ways to the same tables.
"""

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.evidence import Evidence
from tests.models.histories import deliver, random_history
from warehouse import sql_models

Tables = dict[str, list[dict[str, Any]]]


def assert_same(expected: Tables, actual: Tables, case: str) -> None:
    for table, rows in expected.items():
        missing = [row for row in rows if row not in actual[table]]
        surplus = [row for row in actual[table] if row not in rows]
        assert (missing, surplus) == ([], []), f"{case}: {table}"


def assert_order_free(seed: int, case: int, *, straggler: str = "") -> Tables:
    """Three ways to the tables of one random history."""
    rng = random.Random(f"{seed}:{case}")
    history = random_history(rng)
    world = deliver(history.batches(rng, rng.randint(3, 5), straggler=straggler))
    refreshed = world.derived()
    world.rebuild()
    assert_same(world.derived(), refreshed, f"case {case}, refreshed as if rebuilt")
    assert_same(deliver([history]).derived(), refreshed, f"case {case}, in pieces as at once")
    return refreshed


@pytest.mark.timeout(3600)
def test_any_order_and_batching_gives_the_tables_of_a_rebuild(evidence: Evidence) -> None:
    seen: dict[str, set[str]] = {"status": set(), "type": set(), "sweep_status": set(), "session_id": set()}
    for case in range(evidence.cases(test=8, evidence=300)):
        tables = assert_order_free(evidence.seed, case)
        columns = {"sessions": "status", "transactions": "type", "addresses": "sweep_status", "ledger": "session_id"}
        for table, column in columns.items():
            seen[column] |= {row[column] for row in tables[f"marts.{table}"]}
    assert seen["status"] == {"pending", "paid", "failed", "expired"}
    assert seen["type"] == {"incoming", "sweep", "outgoing"}
    assert seen["sweep_status"] >= {None, "pending", "swept"}
    assert None in seen["session_id"]
    assert len(seen["session_id"]) > 1


LAST_WORD = "creations.occurred_at desc, creations.event_id desc"
LATE_HEADER = "where confirming.batch_id > getvariable('since_batch')"
HANDED_OUT = "from staging.session_assignments\nwhere batch_id > getvariable('since_batch')"
FAULTS = {
    "the last word is the last to arrive": (
        "session.created",
        "intermediate.session_terms",
        LAST_WORD,
        "creations.batch_id desc",
    ),
    "a hand-out affects no session": (
        "session.address_assigned",
        "affected.changed_sessions",
        HANDED_OUT,
        f"{HANDED_OUT} and false",
    ),
    "a late header affects no transfer": (
        "header",
        "affected.matched_addresses",
        LATE_HEADER,
        f"{LATE_HEADER} and false",
    ),
    "an entry stays when its transfer goes": (
        "address.created",
        "affected.entries",
        "where type = 'incoming'",
        "where type = 'incoming' and change = 'added'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_model_that_depends_on_the_order_is_caught(
    fault: str, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    straggler, *change = FAULTS[fault]
    spoilt = tuple(_spoilt(model, *change) for model in sql_models.models())
    monkeypatch.setattr(sql_models, "models", lambda: spoilt)
    with evidence.planted_fault(fault):
        for case in range(evidence.cases(test=40, evidence=40)):
            assert_order_free(evidence.seed, case, straggler=straggler)


def _spoilt(model: sql_models.Model, name: str, sound: str, spoilt: str) -> sql_models.Model:
    if model.name != name:
        return model
    assert model.sql.count(sound) == 1
    return replace(model, sql=model.sql.replace(sound, spoilt))
