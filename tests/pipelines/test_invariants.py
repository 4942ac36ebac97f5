"""`paylake check` and Dagster's job: the invariants over a real lake and operational store, and a fault in them."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from benchmarks.world import World, settings_of
from pipelines import checks
from pipelines.assets.invariants import invariant_checks
from pipelines.cli import app
from pipelines.hand_over import HandOver
from pipelines.invariants import find
from tests.support.dagster_runs import key
from warehouse import migrate
from warehouse.errors import StorageError
from warehouse.invariants import invariants
from warehouse.lake import Lake
from warehouse.settings import Settings
from warehouse.store.connection import open_store

SESSIONS = 10
ONE_ENTRY = "WHERE id = (SELECT min(id) FROM marts.ledger)"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A lake of a few paid sessions, handed over; each test leaves it as it was."""
    settings = settings_of(tmp_path_factory.mktemp("d"))
    with Lake.open(settings.paths) as lake, open_store(settings) as store:
        world = World(lake, settings, SESSIONS, session_seconds=3600)
        world.write_until(world.end)
        lake.write_tx(migrate.transform)
        assert HandOver(lake, store).run() == []
    return settings


def change(settings: Settings, sql: str) -> None:
    with Lake.open(settings.paths) as lake:
        lake.write_tx(lambda write: write.connection.execute(sql))


def broken(settings: Settings, *names: str) -> dict[str, int]:
    """Invariants that do not hold, with the number of rows that break them."""
    findings = list(find(settings, names or None))
    return {finding.invariant.name: finding.broken_count for finding in findings if finding.broken_count}


def test_a_fault_is_printed_with_its_rows_and_what_to_do(settings: Settings) -> None:
    change(settings, f"UPDATE marts.ledger SET net = net + 0.5 {ONE_ENTRY}")
    config = settings.paths.data_dir.parent / "paylake.toml"
    done = CliRunner().invoke(app, ["check", "--config", str(config)])
    change(settings, f"UPDATE marts.ledger SET net = net - 0.5 {ONE_ENTRY}")
    assert done.exit_code == 1
    assert "0 rows  tables_are_as_new_as_the_heads: The tables were computed with" in done.output
    assert "1 rows  entries_sum_to_zero: The legs of every entry sum to zero." in done.output
    assert "expected 0 over 3 legs, actual -0.500000000000000000 over 3 legs" in done.output
    assert "what to do: The entry's amount, fee and net disagree" in done.output
    assert done.output.endswith(f"{len(invariants()) - 1} of {len(invariants())} invariants hold\n")


def test_dagster_shows_a_fault_on_the_table_it_is_about(settings: Settings) -> None:
    names = ("sessions_are_paid_by_their_transfers", "sessions_sum_their_transfers", "entries_sum_to_zero")
    keys = [spec.key for name, spec in checks.invariant_specs().items() if name in names]
    change(settings, "UPDATE marts.sessions SET paid_at = paid_at + INTERVAL 1 SECOND")
    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.materialize(
            [invariant_checks(settings)],
            selection=dg.AssetSelection.checks(*keys),
            instance=instance,
            raise_on_error=False,
        )
    change(settings, "UPDATE marts.sessions SET paid_at = paid_at - INTERVAL 1 SECOND")
    found = {result.check_name: result for result in run.get_asset_check_evaluations()}
    assert run.success, "an invariant blocks nothing"
    assert {name: result.passed for name, result in found.items()} == dict(zip(names, (False, True, True), strict=True))
    guilty = found[names[0]]
    assert (guilty.asset_key, guilty.severity) == (key("marts.sessions"), dg.AssetCheckSeverity.ERROR)
    assert str(guilty.metadata["what to do"].value).startswith("`paylake rebuild` judges every session again")
    shown = guilty.metadata["rows"]
    assert isinstance(shown, dg.TableMetadataValue)
    assert len(shown.records) == guilty.metadata["broken_rows"].value
    assert {"session_id", "expected", "actual"} <= shown.records[0].data.keys()


def test_a_credit_on_its_way_to_the_store_breaks_nothing(settings: Settings) -> None:
    name = "spendable_is_the_floor_of_the_books"
    change(settings, "UPDATE marts.balances SET received_final = received_final + 1")
    assert broken(settings, name)
    later = "INSERT INTO state.touched_merchants SELECT DISTINCT mode, merchant_id, 999999 FROM marts.balances"
    change(settings, later)
    assert broken(settings, name) == {}
    change(settings, "UPDATE marts.balances SET received_final = received_final - 1")
    change(settings, "DELETE FROM state.touched_merchants WHERE batch_id = 999999")


def test_events_that_no_pass_has_looked_at_break_nothing(settings: Settings) -> None:
    name = "events_count_wait_or_are_refused"
    new = """INSERT INTO raw.gateway_events SELECT * REPLACE (
        'evt_new' AS event_id, 'hot_wallet.registered' AS type, $batch_id AS batch_id,
        json_merge_patch(event, '{"data": {"network": "TRX"}}') AS event
    ) FROM raw.gateway_events WHERE type = 'address.created' LIMIT 1"""
    with Lake.open(settings.paths) as lake:
        lake.write_tx(lambda write: write.connection.execute(new, {"batch_id": write.batch_id}))
        assert migrate.has_untransformed(lake)
        assert broken(settings, name) == {}
        # A pass that overlooks it is noticed.
        seen = "UPDATE state.transforms SET batch_id = {}"
        lake.write_tx(lambda write: write.connection.execute(seen.format(write.batch_id)))
    assert broken(settings, name) == {name: 1}
    change(settings, "DELETE FROM raw.gateway_events WHERE event_id = 'evt_new'")


def test_without_tables_of_this_version_it_says_what_to_run(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(StorageError, match="there is no lake") as caught:
        broken(settings_of(tmp_path / "empty"))
    assert caught.value.hint == "run: paylake sync --until-idle"
    monkeypatch.setattr("pipelines.invariants.code_fingerprint", lambda: "another")
    with pytest.raises(StorageError, match="by another version of Paylake"):
        broken(settings)
