"""What the operational store keeps of each network: the newest look, and since when it is not well."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy.exc import IntegrityError

from tests.support.api import settings_in
from warehouse.store.api_keys import create_key, find_key
from warehouse.store.connection import Store, open_store, sqlite_engine
from warehouse.store.migrations import alembic_config
from warehouse.store.network_states import NetworkCheck, NetworkState, find_states, record_checks

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
BSC = ("live", "BSC")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(settings_in(tmp_path)) as opened:
        yield opened


def well(seconds: int) -> NetworkCheck:
    return NetworkCheck(*BSC, NOON + timedelta(seconds=seconds))


def down(seconds: int, code: str = "CHAIN_UNAVAILABLE") -> NetworkCheck:
    return NetworkCheck(*BSC, NOON + timedelta(seconds=seconds), code, f"BSC: {code} {seconds}")


def test_a_network_never_looked_at_has_no_state(store: Store) -> None:
    assert find_states(store) == {}


def test_a_problem_keeps_its_beginning_until_the_network_is_well(store: Store) -> None:
    record_checks(store, [down(0)])
    record_checks(store, [down(5, "WRONG_CHAIN")])
    assert find_states(store)[BSC] == NetworkState(
        *BSC, NOON + timedelta(seconds=5), "WRONG_CHAIN", "BSC: WRONG_CHAIN 5", problem_since=NOON
    )
    record_checks(store, [well(9)])
    assert find_states(store)[BSC] == NetworkState(*BSC, NOON + timedelta(seconds=9), None, None, None)
    record_checks(store, [down(20)])
    assert find_states(store)[BSC].problem_since == NOON + timedelta(seconds=20)


def test_the_same_network_in_two_modes_has_two_states(store: Store) -> None:
    record_checks(store, [down(0), NetworkCheck("test", "BSC", NOON)])
    assert {key: state.problem_code for key, state in find_states(store).items()} == {
        BSC: "CHAIN_UNAVAILABLE",
        ("test", "BSC"): None,
    }


def test_a_problem_without_words_is_refused(store: Store) -> None:
    with pytest.raises(IntegrityError, match="problem_whole"):
        record_checks(store, [NetworkCheck(*BSC, NOON, "CHAIN_UNAVAILABLE")])


def test_a_store_of_the_first_version_gains_the_table_and_keeps_its_rows(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with open_store(settings) as store:
        key, _ = create_key(store, "mer_7", "live")
    engine = sqlite_engine(settings.paths.operations)
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table network_states")
        config = alembic_config()
        config.attributes["connection"] = connection
        command.stamp(config, "0001")
    engine.dispose()
    with open_store(settings) as store:
        record_checks(store, [well(0)])
        assert find_key(store, key) is not None
