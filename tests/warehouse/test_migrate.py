"""Tables are made whole, or not at all, and each is known to the catalog as one that has rows is."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import settings_in
from warehouse import migrate
from warehouse.contracts import tables
from warehouse.lake import Lake, Write
from warehouse.settings import Settings

NETWORK = "PAYLAKE_NETWORKS__LIVE__BSC__RPC_URLS"
WITH_STATISTICS = """
SELECT schema_name || '.' || table_name AS name
FROM __ducklake_metadata_lake.ducklake_table_stats
INNER JOIN __ducklake_metadata_lake.ducklake_table USING (table_id)
INNER JOIN __ducklake_metadata_lake.ducklake_schema USING (schema_id)
WHERE ducklake_table.end_snapshot IS NULL
"""
NAMES = "SELECT schema_name || '.' || table_name AS name FROM duckdb_tables() WHERE database_name = 'lake'"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "data", NETWORKS__LIVE__BSC__RPC_URLS='["http://127.0.0.1:1"]')


def names(lake: Lake, sql: str = NAMES) -> set[str]:
    return {row["name"] for row in lake.rows(sql)}


def rows(lake: Lake) -> dict[str, int]:
    """Tables that have any."""
    counts = {name: lake.rows(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in tables()}
    return {name: count for name, count in counts.items() if count}


def test_every_table_has_statistics_though_it_never_held_a_row_of_ours(settings: Settings) -> None:
    with Lake.open(settings.paths) as lake:
        migrate.prepare(lake, settings)
        assert names(lake) == names(lake, WITH_STATISTICS) == set(tables())
        assert set(rows(lake)) == {
            "registry.merchant_defaults", "registry.networks", "registry.tokens", "state.transforms",
            "raw.prices", "marts.prices",
        }  # fmt: skip


def test_r16_every_currency_has_a_price_at_par_from_the_beginning_on_said_once(settings: Settings) -> None:
    with Lake.open(settings.paths) as lake:
        migrate.prepare(lake, settings)
        migrate.rebuild(lake, settings)
        stored = lake.rows("SELECT currency, quoted_at, price_usd, price_source FROM raw.prices ORDER BY currency")
        assert [tuple(row.values()) for row in stored] == [
            (currency, datetime(1970, 1, 1, tzinfo=UTC), Decimal(1), "par") for currency in ("USDC", "USDT")
        ]


def test_a_migration_that_died_half_way_is_made_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with Lake.open(settings.paths) as lake:
        with monkeypatch.context() as patch:
            patch.setattr(migrate, "_migrate", lambda *_: pytest.fail("killed here"))
            with pytest.raises(pytest.fail.Exception):
                migrate.prepare(lake, settings)
        assert names(lake) == {f"{name}_beforehand" for name in tables()}
        migrate.prepare(lake, settings)
        assert names(lake) == set(tables())
        kept = rows(lake)
        migrate.rebuild(lake, settings)
        assert (names(lake), rows(lake)) == (set(tables()), kept)


def test_processes_that_start_together_on_nothing_all_find_a_lake(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tx = Lake.write_tx

    def write_and_rest(lake: Lake, body: Callable[[Write], Any]) -> Any:
        done = write_tx(lake, body)
        time.sleep(0.2)  # long enough for another one to come in between
        return done

    monkeypatch.setattr(Lake, "write_tx", write_and_rest)

    def start(_: int) -> bool:
        with Lake.open(settings.paths) as lake:
            return migrate.prepare(lake, settings)

    with ThreadPoolExecutor(4) as pool:
        prepared = list(pool.map(start, range(4)))
    assert any(prepared)
    with Lake.open(settings.paths) as lake:
        assert names(lake) == set(tables())
        assert not migrate.prepare(lake, settings)
