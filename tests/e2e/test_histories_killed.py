"""Random histories through the real lake, by processes that die anywhere: the tables of one run, and of a rebuild."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.evidence import Evidence
from tests.models.histories import History
from tests.models.random_histories import random_history
from tests.models.test_order_free import assert_same, without_history
from tests.support.played_history import Tables, played

pytestmark = pytest.mark.process

# What arrives late, and where the processes die that have the fault.
FAULTS = {
    "a file counts as read before its events are stored": ("session.created", "after the feed's first commit"),
    "a late hand-out affects nothing": ("session.address_assigned", "segments renamed, manifest not yet written"),
}


def one_run(folder: Path, history: History) -> Tables:
    """The tables when everything is known at once."""
    with played(folder, history) as clean:
        clean.at_once()
        return clean.tables()


def assert_survives(
    folder: Path, seed: int, case: int, batches: int, *, straggler: str = "", planted: str = "", point: str = ""
) -> int:
    """One history in pieces, with kills.

    Returns:
        How many processes died.
    """
    rng = random.Random(f"{seed}:killed:{case}")
    history = random_history(rng)
    with played(folder / f"{case}-killed", history) as pieces:
        pieces.piecemeal(rng, batches, straggler=straggler, planted=planted, point=point)
        tables = pieces.tables()
        at_once = one_run(folder / f"{case}-clean", history)
        assert_same(without_history(at_once), without_history(tables), f"case {case}, as at once")
        pieces.rebuild()
        assert_same(pieces.tables(), tables, f"case {case}, as rebuilt")
    return pieces.deaths


@pytest.mark.timeout(3600)
def test_killed_anywhere_a_history_gives_the_tables_of_one_run(tmp_path: Path, evidence: Evidence) -> None:
    cases = evidence.cases(test=1, evidence=20)
    # Each batch is two processes, and one takes a second or more just to begin.
    deaths = sum(assert_survives(tmp_path, evidence.seed, case, 2) for case in range(cases))
    assert deaths >= cases
    if cases == 1:
        return
    for fault, (straggler, point) in FAULTS.items():
        with evidence.planted_fault(fault):
            for case in range(5):
                folder = tmp_path / f"{straggler}-{case}"
                assert_survives(folder, evidence.seed, case, 2, straggler=straggler, planted=fault, point=point)
