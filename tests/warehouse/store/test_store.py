"""The operational store: opening, migrating, keys, merchants, credits."""

import multiprocessing
import stat
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from warehouse.domain.networks import MODES
from warehouse.errors import MoneyOutOfRange, SettingsError, StorageError
from warehouse.settings import Settings, load_settings
from warehouse.store import driver
from warehouse.store.api_keys import SCOPES, InvalidKeyRequest, create_key, find_key, list_keys, revoke_key
from warehouse.store.connection import open_store
from warehouse.store.credits import AvailableBalance, Credit, apply_credits, available
from warehouse.store.merchants import Merchant, merchant_status, upsert_merchants
from warehouse.store.migrations import newest_revision
from warehouse.store.schema import CREDITED_TOTAL_E8_MAX, SCHEMA_REVISION, metadata


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def store(settings):
    with open_store(settings) as opened:
        yield opened


def settings_in(directory: Path) -> Settings:
    return load_settings(None, {"PAYLAKE_WAREHOUSE__DATA_DIR": str(directory)})


class TestOpening:
    """How a store is opened, migrated and refused."""

    def test_every_connection_is_durable_strict_about_keys_and_in_wal_mode(self, store):
        with store.read() as connection:
            values = {
                name: connection.exec_driver_sql(f"pragma {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}

    def test_the_sqlite_build_is_one_without_the_wal_reset_bug(self, store):
        with store.read() as connection:
            version = connection.exec_driver_sql("select sqlite_version()").scalar()
        assert tuple(int(part) for part in version.split(".")) >= (3, 51, 3)

    def test_an_unsafe_sqlite_is_refused(self, settings, monkeypatch):
        monkeypatch.setattr(driver, "SQLITE_VERSION_MIN", (99, 0, 0))
        with pytest.raises(StorageError, match="can corrupt"):
            open_store(settings)

    def test_all_tables_are_strict(self, store):
        with store.read() as connection:
            rows = connection.exec_driver_sql("select name, strict from pragma_table_list where schema = 'main'").all()
        own = {name: strict for name, strict in rows if name in metadata.tables}
        assert own == dict.fromkeys(metadata.tables, 1)

    def test_migrations_lead_exactly_to_the_schema(self, store):
        assert newest_revision() == SCHEMA_REVISION
        with store.read() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": False})
            assert compare_metadata(context, metadata) == []

    def test_opening_again_changes_nothing_and_keeps_the_rows(self, settings, store):
        key, _ = create_key(store, "mer_7", "live")
        with open_store(settings) as again:
            assert find_key(again, key) is not None

    def test_a_store_of_a_newer_version_is_refused(self, settings, store):
        with store.begin() as connection:
            connection.exec_driver_sql("update alembic_version set version_num = '9999'")
        with pytest.raises(StorageError, match="newer"):
            open_store(settings)

    def test_a_file_that_is_no_database_is_named(self, settings):
        settings.paths.operations.parent.mkdir(parents=True, exist_ok=True)
        settings.paths.operations.write_bytes(b"not a database, but longer than a header" * 100)
        with pytest.raises(StorageError, match=r"operations\.sqlite"):
            open_store(settings)

    def test_a_server_address_is_refused_by_its_key(self):
        settings = load_settings(None, {"PAYLAKE_WAREHOUSE__OPERATIONS_URL": "postgresql://user:pw@host/db"})
        with pytest.raises(SettingsError, match=r"warehouse\.operations_url") as caught:
            open_store(settings)
        assert "pw" not in str(caught.value)

    def test_only_the_owner_may_read_the_file(self, settings):
        open_store(settings).close()
        assert stat.S_IMODE(settings.paths.operations.stat().st_mode) == 0o600

    def test_the_schema_compiles_for_postgresql(self):
        dialect = postgresql.dialect()
        texts = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
        assert any("BIGINT" in text for text in texts)
        assert not any("STRICT" in text for text in texts)

    def test_a_failing_transaction_leaves_nothing(self, store):
        statement = sa.text("insert into merchants values ('m', :mode, 'active', '0', '0', 'USDT', '2026-01-01')")

        def insert_a_good_and_a_bad_row() -> None:
            with store.begin() as connection:
                connection.execute(statement, {"mode": "live"})
                connection.execute(statement, {"mode": "neither"})

        with pytest.raises(IntegrityError):
            insert_a_good_and_a_bad_row()
        with store.read() as connection:
            assert connection.execute(sa.text("select count(*) from merchants")).scalar() == 0

    def test_a_reader_sees_one_state_while_a_writer_commits(self, store):
        apply_credits(store, [credit(total_e8=1)])
        count = sa.text("select credited_total_e8 from balance_credits")
        with store.read() as connection:
            before = connection.execute(count).scalar()
            apply_credits(store, [credit(version=2, total_e8=2)])
            assert connection.execute(count).scalar() == before == 1


def _open(directory: str, start, outcome) -> None:
    start.wait()
    open_store(settings_in(Path(directory))).close()
    outcome.put("opened")


def test_processes_that_start_at_once_migrate_once(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    start, outcome = spawn.Event(), spawn.Queue()
    processes = [spawn.Process(target=_open, args=(str(tmp_path), start, outcome)) for _ in range(3)]
    for process in processes:
        process.start()
    start.set()
    assert [outcome.get(timeout=60) for _ in processes] == ["opened"] * 3
    for process in processes:
        process.join(timeout=30)


class TestApiKeys:
    """Making, finding, listing and revoking keys."""

    @pytest.mark.parametrize("mode", MODES)
    def test_r2_a_key_is_256_random_bits_behind_its_modes_prefix(self, store, mode):
        key, row = create_key(store, "mer_7", mode)
        assert key.startswith(f"{mode}_sk_")
        assert len(key.removeprefix(f"{mode}_sk_")) == 43  # 32 bytes in base64url
        assert row.display_prefix == key[8:16]
        assert row.scopes == frozenset(SCOPES)
        assert (row.merchant_id, row.mode, row.merchant_status) == ("mer_7", mode, "active")

    def test_r2_only_digest_and_display_prefix_are_stored(self, settings, store):
        key, _ = create_key(store, "mer_7", "live")
        store.close()
        stored = b"".join(path.read_bytes() for path in settings.paths.data_dir.iterdir())
        assert key[8:].encode() not in stored
        assert key[8:16].encode() in stored

    def test_r2_a_merchant_may_hold_several_keys_and_revoke_one(self, store):
        (first, first_row), (second, _) = create_key(store, "mer_7", "live"), create_key(store, "mer_7", "live")
        assert revoke_key(store, first_row.key_id)
        assert not revoke_key(store, first_row.key_id)
        assert not revoke_key(store, 999)
        assert find_key(store, first) is None
        assert find_key(store, second) is not None
        assert [row.revoked_at is None for row in list_keys(store)] == [False, True]

    def test_keys_are_listed_for_one_merchant_or_all(self, store):
        create_key(store, "mer_7", "live")
        create_key(store, "mer_8", "test", ["read"])
        assert [row.merchant_id for row in list_keys(store)] == ["mer_7", "mer_8"]
        assert [row.scopes for row in list_keys(store, "mer_8")] == [frozenset({"read"})]

    @pytest.mark.parametrize("text", ["", "live_sk_", "x" * 257, "x" * 10**6, "\x00", "\ud800", "' or 1=1 --"])
    def test_odd_texts_are_no_key(self, store, text):
        assert find_key(store, text) is None

    def test_a_key_is_told_apart_by_every_character_and_by_case(self, store):
        key, _ = create_key(store, "mer_7", "live")
        for wrong in (key[:-1], key + "a", key.swapcase(), " " + key, key.replace("live", "test")):
            assert find_key(store, wrong) is None

    @pytest.mark.parametrize(
        ("merchant_id", "mode", "scopes"),
        [
            ("", "live", SCOPES),
            ("x" * 129, "live", SCOPES),
            ("a\nb", "live", SCOPES),
            ("mer_7", "prod", SCOPES),
            ("mer_7", "live", ["reed"]),
            ("mer_7", "live", []),
        ],
    )
    def test_a_key_cannot_be_made_for_nonsense(self, store, merchant_id, mode, scopes):
        with pytest.raises(InvalidKeyRequest):
            create_key(store, merchant_id, mode, scopes)
        assert list_keys(store) == []


class TestMerchants:
    """The merchants' standing."""

    MERCHANT = Merchant("mer_7", "live", "active", Decimal("0.01"), Decimal("0.001"), "USDT")

    def test_a_merchant_nobody_has_named_is_active(self, store):
        assert merchant_status(store, "mer_7", "live") == "active"

    def test_the_last_word_counts_and_repeating_it_changes_nothing(self, store):
        suspended = replace(self.MERCHANT, status="suspended")
        assert upsert_merchants(store, [self.MERCHANT]) == 1
        assert upsert_merchants(store, [self.MERCHANT]) == 0
        assert upsert_merchants(store, [suspended]) == 1
        assert merchant_status(store, "mer_7", "live") == "suspended"
        assert merchant_status(store, "mer_7", "test") == "active"

    def test_a_key_carries_its_merchants_status(self, store):
        key, _ = create_key(store, "mer_7", "live")
        upsert_merchants(store, [replace(self.MERCHANT, status="suspended")])
        found = find_key(store, key)
        assert found is not None
        assert found.merchant_status == "suspended"


def credit(*, version: int = 1, total_e8: int = 100, **columns) -> Credit:
    return replace(Credit("mer_7", "live", "BSC", "USDT", version, total_e8, 10), **columns)


class TestCredits:
    """Hand-over of spendable balances."""

    def test_a_newer_version_replaces_and_an_older_or_equal_one_never_does(self, store):
        assert apply_credits(store, [credit(version=5, total_e8=500)]) == 1
        assert apply_credits(store, [credit(version=5, total_e8=999), credit(version=4, total_e8=400)]) == 0
        assert available(store, "mer_7", "live") == [AvailableBalance("BSC", "USDT", 500, 500)]
        assert apply_credits(store, [credit(version=6, total_e8=300)]) == 1
        assert available(store, "mer_7", "live")[0].available_e8 == 300

    def test_balances_are_apart_by_merchant_mode_network_and_currency(self, store):
        rows = [
            credit(),
            credit(currency="USDC", total_e8=2),
            credit(network="ETH", total_e8=3),
            credit(mode="test", total_e8=4),
            credit(merchant_id="mer_8", total_e8=5),
        ]
        assert apply_credits(store, rows) == 5
        assert [(row.network, row.currency, row.credited_e8) for row in available(store, "mer_7", "live")] == [
            ("BSC", "USDC", 2), ("BSC", "USDT", 100), ("ETH", "USDT", 3),
        ]  # fmt: skip
        assert [row.credited_e8 for row in available(store, "mer_7", "test")] == [4]
        assert available(store, "nobody", "live") == []

    def test_the_largest_total_is_kept_exactly(self, store):
        apply_credits(store, [credit(total_e8=CREDITED_TOTAL_E8_MAX)])
        assert available(store, "mer_7", "live")[0].credited_e8 == 9_000_000_000_000_000_000

    @pytest.mark.parametrize("total_e8", [-1, CREDITED_TOTAL_E8_MAX + 1, 2**63, 2**64])
    def test_a_total_out_of_range_is_refused_by_name_and_nothing_is_applied(self, store, total_e8):
        with pytest.raises(MoneyOutOfRange, match=r"mer_7 on ETH USDC") as caught:
            apply_credits(store, [credit(), credit(network="ETH", currency="USDC", total_e8=total_e8)])
        assert caught.value.details["network"] == "ETH"
        assert available(store, "mer_7", "live") == []

    def test_concurrent_hand_overs_end_with_the_newest(self, store):
        versions = list(range(1, 41))
        threads = [
            threading.Thread(
                target=lambda part: [apply_credits(store, [credit(version=v, total_e8=v)]) for v in part],
                args=(versions[n::4],),
            )
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert available(store, "mer_7", "live") == [AvailableBalance("BSC", "USDT", 40, 40)]
