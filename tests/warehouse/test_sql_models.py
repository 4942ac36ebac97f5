"""warehouse.sql_models: the convention of model files, and what a model that breaks it or its contract is told."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.models import ModelWorld, deposit, session
from warehouse import model_runs, sql_models
from warehouse.contracts import tables
from warehouse.sql_models import Model, ModelError

GOOD = "-- One merchant.\n-- grain: merchant_id\n\nselect merchant_id from staging.merchant_updates"
STAGING = "-- One event.\n-- grain: event_id\n\nselect event_id, merchant_id from raw.gateway_events"


def read_folder(folder: Path, monkeypatch: pytest.MonkeyPatch, **texts: str) -> tuple[Model, ...]:
    """Models of a folder with a staging model and the given `<layer>__<stem>` files."""
    for name, text in {"staging__merchant_updates": STAGING, **texts}.items():
        layer, _, stem = name.partition("__")
        (folder / layer).mkdir(exist_ok=True)
        (folder / layer / f"{stem}.sql").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sql_models, "sql_folder", lambda: folder)
    return sql_models.models.__wrapped__()


def test_a_header_is_read_and_models_stand_after_what_they_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = "-- One merchant.\n-- grain: mode, merchant_id\n-- check: a > 0\n-- check: b > 0\n"
    header += "-- incremental: affected.books on mode, merchant_id = owner\n-- within: created_at\n\n"
    staging, affected, model = read_folder(
        tmp_path,
        monkeypatch,
        marts__merchants=header + "select * from staging.merchant_updates",
        affected__books="-- Some.\n-- grain: owner\n\nselect * from staging.merchant_updates, marts.merchants",
    )
    assert [staging.name, affected.name, model.name] == [
        "staging.merchant_updates",
        "affected.books",
        "marts.merchants",
    ]
    assert (model.sentence, model.grain, model.checks) == ("One merchant.", ("mode", "merchant_id"), ("a > 0", "b > 0"))
    assert (model.affected_by, model.within) == ("affected.books", "created_at")
    assert model.keys == (("mode", "mode"), ("merchant_id", "owner"))
    assert (staging.is_view, affected.is_view, model.is_view) == (True, False, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            GOOD.replace("-- grain", "-- flavour: sweet\n-- grain"),
            r"merchants\.sql: unknown header line 'flavour: sweet'",
        ),
        (GOOD.replace("-- grain", "-- and more.\n-- grain"), r"merchants\.sql: unknown header line 'and more\.'"),
        (
            GOOD.replace("-- grain: merchant_id\n", ""),
            r"merchants\.sql: the header is a sentence, then exactly one grain",
        ),
        (GOOD.replace("\n\n", "\n-- grain: mode\n\n"), r"merchants\.sql: the header is a sentence"),
        (GOOD.replace("One merchant.", "One merchant"), r"merchants\.sql: the header is a sentence"),
        (GOOD.replace("\n\n", "\n-- incremental: by day\n\n"), r"merchants\.sql: incremental is `affected\.<set> on"),
        (
            GOOD.replace("staging.merchant_updates", "marts.nothing"),
            r"marts\.merchants reads marts\.nothing, which no file",
        ),
        (
            GOOD.replace("staging.merchant_updates", "changes.nothing"),
            r"marts\.merchants reads changes\.nothing, which no",
        ),
        (
            GOOD.replace("staging.merchant_updates", "raw.gateway_events"),
            r"marts\.merchants reads .*: only staging reads raw",
        ),
    ],
)
def test_a_file_that_breaks_the_convention_is_named(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match=message):
        read_folder(tmp_path, monkeypatch, marts__merchants=text)


def test_a_table_without_a_contract_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"marts\.unheard has no contract") as caught:
        read_folder(tmp_path, monkeypatch, marts__unheard=GOOD)
    assert caught.value.hint == "add warehouse/contracts/marts/unheard.py"


def spoil(monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[Model], Model]) -> None:
    changed = tuple(change(model) if model.name == name else model for model in sql_models.models())
    monkeypatch.setattr(sql_models, "models", lambda: changed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda m: replace(m, sql=f"select *, 1 as surplus from ({m.sql})"),
            r"marts\.merchants: .* in the columns surplus",
        ),
        (
            lambda m: replace(m, sql=f"select * exclude (email) from ({m.sql})"),
            r"marts\.merchants: .* in the columns email",
        ),
        (
            lambda m: replace(m, sql=f"select * replace (1 as status) from ({m.sql})"),
            r"marts\.merchants\.status is INTEGER in SQL and VARCHAR in its contract",
        ),
        (
            lambda m: replace(m, sql=f"select merchants.* from ({m.sql}) as merchants, range(2)"),
            r"marts\.merchants: more than one row for mode, merchant_id = \('live', 'mer_1'\)",
        ),
        (
            lambda m: replace(m, checks=("platform_fee_rate > 0.5",)),
            r"marts\.merchants: platform_fee_rate > 0\.5 does not hold for mode, merchant_id = \('live', 'mer_1'\)",
        ),
        (lambda m: replace(m, checks=("timezone <> ''",)), r"marts\.merchants: timezone <> '' does not hold"),
    ],
    ids=["surplus column", "missing column", "wrong type", "grain not unique", "failing check", "a check that is null"],
)
def test_rows_that_break_contract_grain_or_check_are_refused_by_name(
    change: Callable[[Model], Model], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = ModelWorld()
    world.merchant(0)
    spoil(monkeypatch, "marts.merchants", change)
    with pytest.raises(ModelError, match=message):
        world.refresh()


def test_the_graph_runs_on_empty_tables() -> None:
    world = ModelWorld()
    world.refresh()
    assert not any(world.derived().values())


def test_a_refresh_without_news_replaces_no_row() -> None:
    world = ModelWorld()
    world.merchant(0)
    world.address(1, 0)
    world.session(1, 0, expires=100)
    world.assign(1, 1, 1)
    world.transfer(5, "100", to=deposit(1))
    world.head(20)
    world.refresh()
    replaced = Counter()
    model_runs.run(world.connection, 10**6, lambda name, rows: replaced.update({name: rows}))
    assert not replaced.total()


def test_a_refresh_replaces_only_the_rows_that_differ() -> None:
    world = ModelWorld()
    for number in (1, 2):
        world.session(number, 0, expires=100)
    world.refresh()
    world.event("session.failed", 5, {"session_id": session(2), "reason": "x"})
    world.store()
    replaced = Counter()
    model_runs.run(world.connection, 0, lambda name, rows: replaced.update({name: rows}))
    assert +replaced == {
        "intermediate.session_terms": 2,  # one removed, one added
        "intermediate.session_outcomes": 2,
        "marts.sessions": 2,
        "marts.session_timeline": 1,
    }


def derived() -> list[Model]:
    return [
        model for model in sql_models.models() if model.name in {table.name for table in sql_models.derived_tables()}
    ]


def test_every_derived_table_has_a_contract_with_its_sentence_and_grain() -> None:
    assert {model.name: (model.sentence, model.grain) for model in derived()} == {
        name: (table.sentence, table.grain)
        for name, table in tables().items()
        if table.schema in ("intermediate", "marts")
    }


def test_the_keys_of_incremental_models_are_columns_of_both_sides() -> None:
    world = ModelWorld()
    world.refresh()
    for model in derived():
        if model.affected_by:
            name = sql_models.temporary_names(model.affected_by)
            theirs = {row[0] for row in world.connection.execute(f"DESCRIBE {name}").fetchall()}
            columns = tables()[model.name].columns.keys()
            assert {mine for mine, _ in model.keys} <= columns, model.name
            assert {key for _, key in model.keys} <= theirs, model.name
            if model.within:
                assert model.within in columns, model.name
                assert {"earliest", "latest"} <= theirs, model.name


def test_no_two_tables_share_a_stem() -> None:
    """Temporary tables are named by the stem alone."""
    stems = Counter(model.stem for model in sql_models.models() if not model.is_affected)
    assert [stem for stem, count in stems.items() if count > 1 and stem in {m.stem for m in derived()}] == []


def test_the_fingerprint_changes_with_the_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sql_models.code_fingerprint.__wrapped__()
    spoil(monkeypatch, "marts.merchants", lambda model: replace(model, sql=model.sql + "\n"))
    assert sql_models.code_fingerprint.__wrapped__() != before
