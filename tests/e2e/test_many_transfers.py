"""Many transfers through the real lake: every sum exact to the unit, and a refresh that touches only what is new."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Context
from functools import cache

import pytest

from pipelines import hand_over
from pipelines.hand_over import HandOver
from tests.evidence import Evidence
from tests.support.api import settings_in
from tests.support.exact_books import assert_books
from tests.support.exact_world import FINALIZED_BLOCK, ExactWorld, time_of
from warehouse import migrate, segments, sql_models
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.segments import bucket_of
from warehouse.serving import Reader
from warehouse.settings import Settings
from warehouse.sql_models import ModelError
from warehouse.store.connection import open_store
from warehouse.store.credits import available
from warehouse.store.schema import CREDITED_TOTAL_E8_MAX

NODES = {f"NETWORKS__LIVE__{network}__RPC_URLS": '["http://127.0.0.1:1"]' for network in ("BSC", "ETH")}
FEW, MANY = 5_000, 1_000_000
PAID_BLOCK, PAID = FINALIZED_BLOCK // 2, ("mer_3", "mer_4", "mer_5")


Lakes = Callable[[int, int], tuple[Settings, ExactWorld]]


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Lakes:
    """Makes a lake by seed and number of transfers, computed; the same one again when asked again."""

    @cache
    def made(seed: int, transfers: int) -> tuple[Settings, ExactWorld]:
        settings = settings_in(tmp_path_factory.mktemp("lake") / "data", **NODES)
        world = ExactWorld(seed, transfers, merchants=max(20, transfers // 2_000))
        for merchant in PAID:
            world.pay(merchant, PAID_BLOCK, 10**18)
        with Lake.open(settings.paths) as lake:
            migrate.prepare(lake, settings)
            lake.write_tx(world.write)
            lake.write_tx(migrate.transform)
        return settings, world

    return made


@pytest.fixture(autouse=True)
def _cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Published data in a segment a month and a bucket of merchants, however few rows."""
    monkeypatch.setattr(segments, "SINGLE_SEGMENT_ROWS", 1)


def check_hand_over(lake: Lake, settings: Settings, world: ExactWorld) -> None:
    """What does not fit is refused by name; all others may be spent, floored once."""
    totals: dict[tuple[str, str, str], int] = {}
    for (book, _), (final, fees, _, _) in world.sums.days.items():
        totals[book] = totals.get(book, 0) + final - fees * 10**10
    floors = {book: total // 10**10 for book, total in totals.items()}
    too_large = {book for book, floor in floors.items() if floor > CREDITED_TOTAL_E8_MAX}
    with open_store(settings) as store:
        refused = {
            tuple(error.details[key] for key in ("merchant_id", "network", "currency"))
            for error in HandOver(lake, store).run()
        }
        assert refused == too_large != set()
        spendable = {
            (merchant, row.network, row.currency): row.available_e8
            for merchant in world.merchants
            for row in available(store, merchant, "live")
        }
    assert spendable == {book: floor for book, floor in floors.items() if book not in too_large} != {}


def check_everything(settings: Settings, world: ExactWorld) -> None:
    """Tables, published ones and credits hold the sums."""
    with Lake.open(settings.paths) as lake:
        assert_books(lake.rows, world.sums, "lake")
        assert publish(lake)
        snapshot = Reader(settings.paths.serving, poll_seconds=0).snapshot()
        assert snapshot
        assert_books(snapshot.rows, world.sums, "published")
        check_hand_over(lake, settings, world)


def check_rebuilt(settings: Settings, world: ExactWorld) -> None:
    """The same, of tables computed anew: with a fault, if there is one in the models."""
    with Lake.open(settings.paths) as lake:
        try:
            migrate.rebuild(lake, settings)
        except ModelError as error:  # a fault may break a check of a header
            raise AssertionError(str(error)) from error
    check_everything(settings, world)


def double(name: str, column: str) -> Callable[[pytest.MonkeyPatch], None]:
    """A fault: a column of a model passes through a binary float."""

    def spoilt(model: sql_models.Model) -> sql_models.Model:
        if model.name != name:
            return model
        cast = f"({column}::DOUBLE)::DECIMAL(38, 18) AS {column}"
        return replace(model, sql=f"SELECT * REPLACE ({cast}) FROM ({model.sql})")

    changed = tuple(spoilt(model) for model in sql_models.models())
    return lambda patch: patch.setattr(sql_models, "models", lambda: changed)


def few_digits(patch: pytest.MonkeyPatch) -> None:
    """A fault: a credit is computed with too few digits."""
    patch.setattr(hand_over, "_EXACT", Context(prec=12))


FAULTS_OF_SUMS = {
    "a transfer's amount is a DOUBLE": double("staging.observed_transfers", "amount"),
    "a day's sum is a DOUBLE": double("marts.daily_credits", "received_final"),
    "a balance is a DOUBLE": double("marts.balances", "received_final"),
    "an address's sum is a DOUBLE": double("marts.addresses", "total_received"),
    "a posting is a DOUBLE": double("marts.ledger_postings", "amount"),
    "a credit has 12 digits": few_digits,
}


@pytest.mark.timeout(3600)
def test_r13_sums_of_any_amounts_are_exact_everywhere(
    lakes: Lakes, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = evidence.cases(test=FEW, evidence=MANY)
    check_everything(*lakes(evidence.seed, count))
    if count == FEW:
        return
    settings, world = lakes(evidence.seed, 500)
    check_rebuilt(settings, world)
    for fault, plant in FAULTS_OF_SUMS.items():
        with monkeypatch.context() as patch, evidence.planted_fault(fault):
            plant(patch)
            check_rebuilt(settings, world)


class Reach:
    """How far a refresh reached, after three payments to one merchant in one block."""

    def __init__(self, settings: Settings, world: ExactWorld, merchant: str) -> None:
        for amount in (1, 10**18, 7):
            world.pay(merchant, PAID_BLOCK, amount)
        with Lake.open(settings.paths) as lake:
            before = publish(lake)
            lake.write_tx(lambda write: (world.write_transfers(write), migrate.transform(write)))
            self.connection = lake.connection
            tables = sql_models.derived_tables()
            self.changed = {table.name: self._count(f"changes_{table.stem}") for table in tables}
            self.computed = {table.name: self._count(f"current_{table.stem}") for table in tables}
            self.merchants = {
                row[0]
                for table in tables
                if "merchant_id" in table.columns and self.changed[table.name]
                for row in self.connection.execute(f"SELECT DISTINCT merchant_id FROM changes_{table.stem}").fetchall()
            }
            self.files = self._rows_in_new_files(lake.snapshot_id())
            after = publish(lake)
            assert before
            assert after
            kept = {segment.file for segment in before.segments}
            self.rebuilt = {
                (segment.kind, segment.low.date() if segment.low else segment.bucket)
                for segment in after.segments
                if segment.file not in kept
            }
            self.segment_count = len(after.segments)

    def _count(self, table: str) -> int:
        exists = self.connection.execute(f"SELECT 1 FROM duckdb_tables() WHERE table_name = '{table}'").fetchone()
        row = self.connection.execute(f"SELECT count(*) FROM {table}").fetchone() if exists else None
        return row[0] if row else 0

    def _rows_in_new_files(self, snapshot: int) -> dict[str, int]:
        """Rows that this snapshot wrote into files of derived tables, and rows that it took away."""
        metadata = "__ducklake_metadata_lake"
        sql = f"""
            SELECT s.schema_name || '.' || t.table_name, sum(f.rows)::BIGINT
            FROM (
                SELECT table_id, record_count AS rows FROM {metadata}.ducklake_data_file
                WHERE begin_snapshot = {snapshot}
                UNION ALL
                SELECT table_id, delete_count FROM {metadata}.ducklake_delete_file WHERE begin_snapshot = {snapshot}
            ) AS f
            INNER JOIN {metadata}.ducklake_table AS t ON f.table_id = t.table_id
            INNER JOIN {metadata}.ducklake_schema AS s ON t.schema_id = s.schema_id
            WHERE t.end_snapshot IS NULL AND s.schema_name IN ('marts', 'intermediate')
            GROUP BY ALL
        """
        return dict(self.connection.execute(sql).fetchall())


def assert_reach(settings: Settings, world: ExactWorld, merchant: str) -> None:
    _, address = world.address(merchant, "BSC")
    reach = Reach(settings, world, merchant)
    with Lake.open(settings.paths, read_only=True) as lake:
        sql = "SELECT count(*) AS n, count_if(type = 'sweep') AS sweeps FROM marts.transactions "
        of_address = lake.rows(sql + f"WHERE deposit_address = '{address}'")[0]
    # One row of each was replaced: the old one removed, the new one added.
    changed = {
        "marts.transactions": 3,
        "marts.ledger": 3,
        "marts.daily_credits": 2,
        "marts.balances": 2,
        "marts.addresses": 2,
    }
    assert {name: count for name, count in reach.changed.items() if count} == changed
    assert reach.files == changed
    assert reach.merchants == {merchant}
    computed = changed | {"marts.transactions": of_address["n"], "marts.daily_credits": 1, "marts.balances": 1}
    computed |= {"marts.sweeps": of_address["sweeps"], "marts.addresses": 1, "intermediate.deposit_addresses": 1}
    always = {"marts.hot_wallets", "marts.merchants", "marts.prices"}  # small tables that are computed whole
    assert {name: count for name, count in reach.computed.items() if count and name not in always} == computed
    month = time_of(PAID_BLOCK).date().replace(day=1)
    assert reach.rebuilt == {("range", month), ("bucket", bucket_of(merchant))}
    assert reach.segment_count > 15


# The model, and what of its SQL is replaced by what.
FAULTS_OF_REACH = {
    "every address is affected": ("affected.matched_addresses", "from linked", "from intermediate.address_claims"),
    "all days of a book are computed": (
        "affected.days",
        "from changes.transactions",
        "from marts.transactions where merchant_id in (select merchant_id from changes.transactions)",
    ),
}


def test_a_refresh_touches_only_what_its_new_rows_affect(
    lakes: Lakes, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = evidence.cases(test=FEW, evidence=MANY)
    assert_reach(*lakes(evidence.seed, count), "mer_3")
    if count == FEW:
        return
    settings, world = lakes(evidence.seed, 500)
    assert_reach(settings, world, "mer_3")
    for (fault, (name, sound, wide)), merchant in zip(FAULTS_OF_REACH.items(), PAID[1:], strict=True):
        changed = tuple(
            replace(model, sql=wide.join(model.sql.rsplit(sound, 1))) if model.name == name else model
            for model in sql_models.models()
        )
        assert changed != sql_models.models()
        with monkeypatch.context() as patch, evidence.planted_fault(fault):
            patch.setattr(sql_models, "models", lambda changed=changed: changed)
            assert_reach(settings, world, merchant)
