"""Whatever comes when, derived tables are a function of raw, and of what the chains are in the end.

The same random history is delivered piecemeal with a refresh after each piece, while its chains change their mind, then
rebuilt from raw, then delivered at once into another world whose chains were never otherwise: three ways to the same
tables. What the first world has more, because it is history (P-023), is told apart by `without_history`.
"""

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.evidence import Evidence
from tests.models.delivery import deliver
from tests.models.random_histories import random_history
from tests.support.models import HOT_WALLET
from warehouse import sql_models
from warehouse.sql_models import ModelError

Tables = dict[str, list[dict[str, Any]]]


def assert_same(expected: Tables, actual: Tables, case: str) -> None:
    for table, rows in expected.items():
        missing = [row for row in rows if row not in actual[table]]
        surplus = [row for row in actual[table] if row not in rows]
        assert (missing, surplus) == ([], []), f"{case}: {table}"


def without_history(tables: Tables) -> Tables:
    """As if nothing had come late, and the timeline's payment_orphaned never was.

    Without the batch that brought a row; other rows' sequence and the session's updated_at go without payment_orphaned.
    """
    tables = {
        name: [{column: value for column, value in row.items() if column != "batch_id"} for row in rows]
        for name, rows in tables.items()
    }
    timeline: list[dict[str, Any]] = []
    updated_at: dict[str, Any] = {}
    for row in tables["marts.session_timeline"]:
        if row["event"] == "payment_orphaned":
            continue
        is_same_session = timeline and timeline[-1]["session_id"] == row["session_id"]
        timeline.append(row | {"sequence": timeline[-1]["sequence"] + 1 if is_same_session else 1})
        if row["event"] != "funds_swept":
            updated_at[row["session_id"]] = row["event_at"]
    sessions = [row | {"updated_at": updated_at[row["session_id"]]} for row in tables["marts.sessions"]]
    return tables | {"marts.session_timeline": timeline, "marts.sessions": sessions}


def assert_order_free(seed: int, case: int, *, straggler: str = "") -> Tables:
    """Three ways to the tables of one random history."""
    rng = random.Random(f"{seed}:{case}")
    history = random_history(rng)
    world = deliver(history.batches(rng, rng.randint(3, 5), straggler=straggler))
    refreshed = world.derived()
    world.rebuild()
    assert_same(world.derived(), refreshed, f"case {case}, refreshed as if rebuilt")
    clean = without_history(deliver([history.settled()]).derived())
    assert_same(clean, without_history(refreshed), f"case {case}, in pieces as at once")
    return refreshed


@pytest.mark.timeout(3600)
def test_any_order_and_batching_gives_the_tables_of_a_rebuild(evidence: Evidence) -> None:
    kinds = {"sessions": "status", "transactions": "type", "addresses": "sweep_status", "ledger": "session_id"}
    kinds |= {"session_timeline": "event", "sweeps": "reported_hot_wallet", "gas_fundings": "network"}
    seen: dict[str, set[str | None]] = {column: set() for column in kinds.values()}
    for case in range(evidence.cases(test=8, evidence=300)):
        tables = assert_order_free(evidence.seed, case)
        for table, column in kinds.items():
            seen[column] |= {row[column] for row in tables[f"marts.{table}"]}
    assert seen["status"] == {"pending", "paid", "failed", "expired"}
    assert seen["type"] == {"incoming", "sweep", "outgoing"}
    assert seen["sweep_status"] >= {None, "pending", "swept"}
    assert None in seen["session_id"]
    assert len(seen["session_id"]) > 1
    assert "payment_orphaned" in seen["event"]
    assert seen["reported_hot_wallet"] == {None, HOT_WALLET}
    assert seen["network"] == {"BSC", "ETH"}


AFFECTED = "affected.moved_transfers"
NEW = "batch_id > getvariable('since_batch')"
LAST_WORD = "creations.occurred_at desc, creations.event_id desc"
HANDED_OUT = f"from intermediate.hand_outs\nwhere {NEW}"
NEW_RECEIPT = f"from staging.evm_receipts\n    where {NEW}"
NEW_HEADER, NEW_MARK = f"where blocks.{NEW}", f"where marks.{NEW}"
UNEXPIRED = "where outcomes.expires_at >= heads.head_time and outcomes.expires_at < seen.head_time"
ORPHANED = "orphaned.block_hash is not null as is_orphaned"
# What straggles, the model, and what of its SQL is replaced by what.
FAULTS = {
    "the last word is the last to arrive": (
        "session.created",
        "intermediate.session_terms",
        {LAST_WORD: "creations.batch_id desc"},
    ),
    "a hand-out affects no session": (
        "session.address_assigned",
        "affected.changed_sessions",
        {HANDED_OUT: f"{HANDED_OUT} and false"},
    ),
    "a late header affects no transfer": ("header", AFFECTED, {NEW_HEADER: f"{NEW_HEADER} and false"}),
    "a late receipt affects no transfer": ("receipt", AFFECTED, {NEW_RECEIPT: f"{NEW_RECEIPT} and false"}),
    "orphaned blocks stay in the books": ("BSC", "current.own_transfers", {ORPHANED: "false as is_orphaned"}),
    "a block that leaves affects no address": ("BSC", AFFECTED, {NEW_MARK: f"{NEW_MARK} and false"}),
    "a head that goes back takes no confirmation": (
        "BSC",
        AFFECTED,
        {
            "least(coalesce(seen.head_block, -1), heads.head_block)": "coalesce(seen.head_block, -1)",
            "greatest(coalesce(seen.head_block, -1), heads.head_block)": "heads.head_block",
        },
    ),
    "a head that goes back undoes no expiry": (
        "BSC",
        "affected.changed_sessions",
        {UNEXPIRED: f"{UNEXPIRED} and false"},
    ),
    "what else a session was given is forgotten": (
        "BSC",
        "affected.other_addresses",
        {"from intermediate.hand_outs as hand_outs": "from (from intermediate.hand_outs limit 0) as hand_outs"},
    ),
    "an entry stays when its transfer goes": (
        "address.created",
        "affected.entries",
        {"where type = 'incoming'": "where type = 'incoming' and change = 'added'"},
    ),
}


@pytest.mark.timeout(1800)
def test_models_that_depend_on_the_order_are_caught(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    count = evidence.cases(test=2, evidence=len(FAULTS))
    for fault, (straggler, model_name, change) in list(FAULTS.items())[:count]:
        spoilt = tuple(_spoilt(model, change) if model.name == model_name else model for model in sql_models.models())
        with monkeypatch.context() as patch, evidence.planted_fault(fault):
            patch.setattr(sql_models, "models", lambda spoilt=spoilt: spoilt)
            assert_order_free_in(40, evidence.seed, straggler)


def assert_order_free_in(cases: int, seed: int, straggler: str) -> None:
    for case in range(cases):
        try:
            assert_order_free(seed, case, straggler=straggler)
        except ModelError as broken:  # a model's own check notices it too
            raise AssertionError(str(broken)) from broken


def _spoilt(model: sql_models.Model, change: dict[str, str]) -> sql_models.Model:
    sql = model.sql
    for sound, spoilt in change.items():
        assert sql.count(sound) == 1
        sql = sql.replace(sound, spoilt)
    return replace(model, sql=sql)
