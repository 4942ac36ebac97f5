"""The ledger, its postings, the days and the balances tell one story, whatever happened in whatever order."""

import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.evidence import Evidence
from tests.models.delivery import deliver
from tests.models.random_histories import random_history
from tests.support.models import ModelWorld
from warehouse import sql_models

BOOK = "mode, merchant_id, network, currency"
BALANCES = f"""
SELECT {BOOK}, received_final, platform_fees_final, received_final - platform_fees_final
FROM marts.balances WHERE received_final > 0 ORDER BY ALL
"""
# The two queries of a pair have the same rows. Sums are made in SQL: Python's decimals keep 28 digits.
AGREEMENTS = {
    "the entries sum to the balances": (
        f"SELECT {BOOK}, sum(amount), sum(fee), sum(net) FROM marts.ledger GROUP BY ALL ORDER BY ALL",
        BALANCES,
    ),
    "the entries of a day sum to its credits": (
        f"SELECT {BOOK}, posted_at::DATE, sum(amount), sum(fee) FROM marts.ledger GROUP BY ALL ORDER BY ALL",
        f"SELECT {BOOK}, day, received_final, platform_fees_final FROM marts.daily_credits "
        "WHERE received_final > 0 ORDER BY ALL",
    ),
    "every final incoming transfer is one entry": (
        f"SELECT {BOOK}, id, tx_hash, amount, fee, posted_at, session_id, reference FROM marts.ledger ORDER BY ALL",
        f"SELECT {BOOK}, id, tx_hash, amount, platform_fee, block_time, session_id, reference "
        "FROM marts.transactions WHERE type = 'incoming' AND is_final ORDER BY ALL",
    ),
    "the legs of an entry sum to zero": (
        f"SELECT {BOOK}, entry_id, sum(amount), count(*) FROM marts.ledger_postings GROUP BY ALL ORDER BY ALL",
        f"SELECT {BOOK}, id, 0, 3 FROM marts.ledger ORDER BY ALL",
    ),
    "the accounts hold what the balances say": (
        f"SELECT {BOOK}, sum(amount) FILTER (account = 'deposit'), -sum(amount) FILTER (account = 'platform_fees'), "
        "-sum(amount) FILTER (account = 'merchant') FROM marts.ledger_postings GROUP BY ALL ORDER BY ALL",
        BALANCES,
    ),
}


def assert_books_agree(world: ModelWorld, case: str) -> None:
    for name, (left, right) in AGREEMENTS.items():
        ours, theirs = (world.connection.execute(sql).fetchall() for sql in (left, right))
        assert ours == theirs, f"{case}: {name}"


def play(seed: int, case: int) -> list[dict[str, Any]]:
    """One random history in pieces; the books agree at its end, and after a rebuild.

    Returns:
        Its entries.
    """
    rng = random.Random(f"{seed}:books:{case}")
    world = deliver(random_history(rng).batches(rng, rng.randint(2, 4)))
    assert_books_agree(world, f"case {case}")
    entries = world.rows("marts.ledger")
    world.rebuild()
    assert_books_agree(world, f"case {case}, rebuilt")
    assert world.rows("marts.ledger") == entries
    return entries


@pytest.mark.timeout(3600)
def test_r15_the_books_of_any_history_agree(evidence: Evidence) -> None:
    entries = [entry for case in range(evidence.cases(test=6, evidence=300)) for entry in play(evidence.seed, case)]
    assert {entry["session_id"] is None for entry in entries} == {True, False}
    assert {entry["decimals"] for entry in entries} == {6, 18}
    assert len({entry["platform_fee_rate"] for entry in entries}) > 2
    assert {Decimal("0.0000005"), Decimal("33.333333333333333333")} <= {entry["amount"] for entry in entries}


CENTS = "round(amount * platform_fee_rate, 2)::decimal(38, 8) as platform_fee"
FAULTS = {
    "an entry is posted before it is final": ("marts.ledger", "and transfers.is_final", ""),
    "the fee is rounded to cents": (
        "marts.ledger",
        "from changes.transactions",
        f"from (select * replace ({CENTS}) from changes.transactions)",
    ),
    "only matched money is posted": ("marts.ledger", "transfers.is_final", "transfers.session_id is not null"),
    "an entry stays as it was first posted": ("affected.entries", "'incoming'", "'incoming' and not is_final"),
    "the fee has no leg": ("marts.ledger_postings", ", ('platform_fees')", ""),
    "the merchant is owed the gross amount": ("marts.ledger_postings", "-ledger.net", "-ledger.amount"),
}


@pytest.mark.timeout(1800)
def test_books_that_disagree_are_caught(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    count = evidence.cases(test=2, evidence=len(FAULTS))
    for fault, (name, sound, spoilt) in list(FAULTS.items())[:count]:
        changed = tuple(_spoilt(model, name, sound, spoilt) for model in sql_models.models())
        with monkeypatch.context() as patch, evidence.planted_fault(fault):
            patch.setattr(sql_models, "models", lambda changed=changed: changed)
            for case in range(40):
                play(evidence.seed, case)


def _spoilt(model: sql_models.Model, name: str, sound: str, spoilt: str) -> sql_models.Model:
    if model.name != name:
        return model
    assert model.sql.count(sound) == 1
    return replace(model, sql=model.sql.replace(sound, spoilt))
