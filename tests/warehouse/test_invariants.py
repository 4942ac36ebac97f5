"""warehouse.invariants: the convention of check files, and what one that breaks it is told."""

from pathlib import Path
from typing import Any

import pytest

from warehouse import invariants as module
from warehouse.duck import connect
from warehouse.invariants import CREDITS, ROWS_SHOWN, Finding, Invariant, ask, runnable_names
from warehouse.sql_files import ModelError

GOOD = (
    "-- No merchant is nameless.\n-- invariant: 1, 22\n-- about: marts.merchants\n-- hint: Name it.\n\n"
    "select merchant_id, 'a name' as expected, name as actual from marts.merchants where name is null"
)


def read_folder(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> tuple[Invariant, ...]:
    """The invariants of a folder that holds one."""
    (folder / "checks").mkdir()
    (folder / "checks" / "merchants_are_named.sql").write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "sql_folder", lambda: folder)
    return module.invariants.__wrapped__()


def test_a_header_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (invariant,) = read_folder(tmp_path, monkeypatch, GOOD)
    assert (invariant.name, invariant.sentence) == ("merchants_are_named", "No merchant is nameless.")
    assert (invariant.numbers, invariant.about, invariant.hint) == ((1, 22), "marts.merchants", "Name it.")
    assert invariant.reads == {"marts.merchants"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-- about", "-- grain: mode\n-- about", r"merchants_are_named\.sql: unknown header line 'grain: mode'"),
        ("nameless.", "nameless", r"the header is a sentence, then one each of invariant, about, hint"),
        ("-- hint: Name it.\n", "", r"the header is a sentence, then one each of"),
        ("-- hint", "-- about: marts.ledger\n-- hint", r"the header is a sentence, then one each of"),
        ("1, 22", "R15", r"invariant is a list of numbers, not 'R15'"),
        ("about: marts.merchants", "about: marts.nobody", r"names marts\.nobody, which no file or contract declares"),
        ("from marts.merchants", "from marts.nobody", r"names marts\.nobody, which no file or contract declares"),
        ("from marts.merchants", "from affected.books", r"names affected\.books, which no file or contract declares"),
        ("name as actual", "name", r"its last columns are not expected and actual"),
    ],
)
def test_a_file_that_breaks_the_convention_is_named(
    old: str, new: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(ModelError, match=message):
        read_folder(tmp_path, monkeypatch, GOOD.replace(old, new))


def test_all_rows_are_counted_and_the_first_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connect(threads=1)
    connection.execute("CREATE SCHEMA marts")
    connection.execute(
        "CREATE TABLE marts.merchants AS "
        "SELECT 'mer_' || range AS merchant_id, NULL::VARCHAR AS name FROM range(10, 37)"
    )

    def rows_of(sql: str) -> list[dict[str, Any]]:
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    (invariant,) = read_folder(tmp_path, monkeypatch, GOOD)
    finding = ask(invariant, rows_of)
    assert finding.broken_count == 27
    assert len(finding.rows) == ROWS_SHOWN
    assert finding.rows[0] == {"merchant_id": "mer_10", "expected": "a name", "actual": None}
    connection.execute("UPDATE marts.merchants SET name = 'A'")
    assert ask(invariant, rows_of) == Finding(invariant, 0, [])


def test_the_operational_stores_credits_are_a_frame_of_the_caller() -> None:
    assert runnable_names(f"select * from {CREDITS}") == "select * from operations_balance_credits"
