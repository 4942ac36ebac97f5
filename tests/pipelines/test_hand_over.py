"""Credits and standing cross from the lake to the operational store: floored once, repeated safely, refused by name."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.hand_over import HandOver
from tests.support.api import settings_in
from tests.support.empty_lake import lay_empty_lake
from warehouse.lake import Lake, Write
from warehouse.settings import Settings
from warehouse.store.connection import Store, open_store
from warehouse.store.credits import available
from warehouse.store.merchants import merchant_status


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "data", NETWORKS__LIVE__BSC__RPC_URLS='["http://127.0.0.1:1"]')


@contextmanager
def opened(settings: Settings) -> Generator[tuple[Lake, Store]]:
    """Lake and store of one deployment, with BSC's head known."""
    lay_empty_lake(settings)
    with Lake.open(settings.paths) as lake, open_store(settings) as store:
        head = "INSERT INTO state.chain_heads VALUES ('live', 'BSC', 90, '0x', now(), 90, ['0x'], now(), 1)"
        lake.write_tx(lambda write: write.connection.execute(head))
        yield lake, store


def balance(lake: Lake, received: str, fees: str, *, merchant: str = "mer_1", status: str = "active") -> None:
    """What a pass would have made of a merchant's books."""

    def body(write: Write) -> None:
        connection = write.connection
        for table in ("marts.balances", "marts.merchants"):
            connection.execute(f"DELETE FROM {table} WHERE merchant_id = $m", {"m": merchant})
        connection.execute(
            "INSERT INTO marts.balances VALUES ('live', $m, 'BSC', 'USDT', $r, $f, 0)",
            {"m": merchant, "r": Decimal(received), "f": Decimal(fees)},
        )
        connection.execute(
            "INSERT INTO marts.merchants VALUES ('live', $m, null, null, 'USDT', 0.01, 0.001, $s, null)",
            {"m": merchant, "s": status},
        )
        connection.execute(
            "INSERT INTO state.touched_merchants VALUES ('live', $m, $b)", {"m": merchant, "b": write.batch_id}
        )
        connection.execute("DELETE FROM state.transforms")
        connection.execute("INSERT INTO state.transforms VALUES ('code', 'settings', $b)", {"b": write.batch_id})

    lake.write_tx(body)


def test_r13_r15_the_exact_cumulative_is_floored_once_to_eight_places(settings: Settings) -> None:
    with opened(settings) as (lake, store):
        balance(lake, "100.000000019999999999", "1.00000001")
        assert HandOver(lake, store).run() == []
        # 100.000000019999999999 - 1.00000001 = 99.000000009999999999; its floor is 99.00000000
        assert [(row.currency, row.available_e8) for row in available(store, "mer_1", "live")] == [
            ("USDT", 9_900_000_000)
        ]


def test_handing_over_again_changes_nothing_and_later_passes_replace(settings: Settings) -> None:
    with opened(settings) as (lake, store):
        balance(lake, "10", "0.1")
        hand_over = HandOver(lake, store)
        hand_over.run()
        HandOver(lake, store).run()
        assert available(store, "mer_1", "live")[0].available_e8 == 990_000_000
        balance(lake, "20", "0.2")
        hand_over.run()
        assert available(store, "mer_1", "live")[0].available_e8 == 1_980_000_000


def test_a_new_process_hands_over_what_a_dead_one_left(settings: Settings) -> None:
    with opened(settings) as (lake, store):
        balance(lake, "10", "0")
        balance(lake, "20", "0", merchant="mer_2")
        HandOver(lake, store).run()
        assert [available(store, m, "live")[0].available_e8 for m in ("mer_1", "mer_2")] == [10**9, 2 * 10**9]


def test_a_total_the_books_cannot_hold_is_refused_by_name_and_the_others_pass(settings: Settings) -> None:
    with opened(settings) as (lake, store):
        balance(lake, "90000000001", "0", merchant="mer_whale")
        balance(lake, "5", "0")
        refused = HandOver(lake, store).run()
        assert [all(word in str(error) for word in ("mer_whale", "BSC", "USDT")) for error in refused] == [True]
        assert available(store, "mer_1", "live")[0].available_e8 == 500_000_000
        assert available(store, "mer_whale", "live") == []


def test_a_merchants_standing_follows_the_feed(settings: Settings) -> None:
    with opened(settings) as (lake, store):
        balance(lake, "1", "0", status="suspended")
        HandOver(lake, store).run()
        assert merchant_status(store, "mer_1", "live") == "suspended"


def test_a_balance_that_leaves_the_books_is_handed_over_as_nothing(settings: Settings) -> None:
    with opened(settings) as (lake, store):
        balance(lake, "10", "0.1")
        hand_over = HandOver(lake, store)
        hand_over.run()

        def recomputed(write: Write) -> None:
            write.connection.execute("DELETE FROM marts.balances")
            write.connection.execute("UPDATE state.transforms SET batch_id = $b", {"b": write.batch_id})

        lake.write_tx(recomputed)
        hand_over.run()
        assert [row.available_e8 for row in available(store, "mer_1", "live")] == [0]


def test_a_refused_credit_stays_a_problem_until_it_fits(settings: Settings) -> None:
    with opened(settings) as (lake, store):
        balance(lake, "90000000001", "0")
        hand_over = HandOver(lake, store)
        assert len(hand_over.run()) == 1
        assert len(hand_over.run()) == 1
        balance(lake, "1", "0", merchant="mer_2")
        assert len(hand_over.run()) == 1
        balance(lake, "5", "0")
        assert hand_over.run() == []
        assert available(store, "mer_1", "live")[0].available_e8 == 500_000_000
