"""The analysts' files: all that is published, in types that any client reads, and the queries of the documentation."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from pipelines.assets.analyst_copy import analyst_copy_asset
from tests.support.api import ROOT, settings_in
from tests.support.empty_lake import lay_empty_lake
from tests.support.models import HOT_WALLET, ModelWorld, deposit
from warehouse import migrate
from warehouse.analyst_copy import write_analyst_copy
from warehouse.contracts import tables
from warehouse.lake import Lake, Write
from warehouse.publish import publish
from warehouse.serving import Reader
from warehouse.settings import Settings

DUST = "100.000000000000000001"
QUERIES = re.findall(r"\*\*(.+?)\*\*.*?```sql\n(.+?);\n```", (ROOT / "docs/queries.md").read_text(), re.DOTALL)


def story() -> ModelWorld:
    """Two paid sessions of one customer, one underpaid, money of no session, a sweep."""
    world = ModelWorld()
    world.merchant(0)
    world.hot_wallet(0)
    for number in (1, 2, 3):
        world.address(number, 0)
        world.session(number, 1, expires=30)
        world.assign(number, number, 2)
    world.address(4, 0)
    for number, amount in ((1, DUST), (2, "100"), (3, "5"), (4, "7")):
        world.transfer(5 + number, amount, to=deposit(number))
    world.transfer(20, "100", to=HOT_WALLET, sender=deposit(2))
    world.head(60)
    world.store()
    return world


def raw_rows(world: ModelWorld, table: str) -> pl.DataFrame:
    stamped = [name for name in tables()[table].columns if name in ("batch_id", "received_at")]
    exclude = f" EXCLUDE ({', '.join(stamped)})" if stamped else ""
    return world.connection.sql(f"SELECT *{exclude} FROM {table}").pl()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("analysts") / "data"
    chosen = settings_in(folder, NETWORKS__LIVE__BSC__RPC_URLS='["http://127.0.0.1:1"]')
    world = story()

    def body(write: Write) -> None:
        for table in ("registry.networks", "registry.tokens", "state.chain_heads"):
            write.replace(table, raw_rows(world, table))
        for table in ("raw.gateway_events", "raw.evm_transfer_logs", "raw.evm_blocks"):
            write.append(table, raw_rows(world, table))
        migrate.transform(write)

    lay_empty_lake(chosen)
    with Lake.open(chosen.paths) as lake:
        lake.write_tx(body)
        publish(lake)
    return chosen


@pytest.fixture(scope="module")
def published(settings: Settings) -> Path:
    assert write_analyst_copy(settings.paths) is not None
    return settings.paths.published


def test_before_the_first_publication_there_is_nothing_to_copy(tmp_path: Path) -> None:
    assert write_analyst_copy(settings_in(tmp_path / "data").paths) is None


def test_the_file_has_every_published_table_row_by_row(settings: Settings, published: Path) -> None:
    snapshot = Reader(settings.paths.serving).snapshot()
    assert snapshot is not None
    with duckdb.connect(str(published / "paylake.duckdb"), read_only=True) as client:
        client.execute("SET TimeZone = 'UTC'")
        for name in (name for name in snapshot.manifest.views if name.startswith("marts.")):
            sql = f"SELECT * FROM {name} ORDER BY ALL"
            copied = client.execute(sql)
            names = [column[0] for column in copied.description or ()]
            assert [dict(zip(names, row, strict=True)) for row in copied.fetchall()] == snapshot.rows(sql), name
        versions = client.execute("SELECT DISTINCT version FROM marts.publication").fetchall()
    assert versions == [(snapshot.manifest.version,)]


def test_tables_and_columns_carry_their_meaning(published: Path) -> None:
    with duckdb.connect(str(published / "paylake.duckdb"), read_only=True) as client:
        comment = client.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'sessions'").fetchone()
        rows = client.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'ledger'"
        ).fetchall()
    ledger = tables()["marts.ledger"]
    assert comment == (tables()["marts.sessions"].sentence,)
    assert dict(rows) == {name: column.comment for name, column in ledger.columns.items()}


def test_polars_reads_exact_amounts_from_the_parquet(published: Path) -> None:
    ledger = pl.read_parquet(published / "parquet/ledger.parquet")
    assert ledger.schema["amount"] == pl.Decimal(38, 18)
    assert sorted(ledger["amount"].to_list()) == [Decimal(5), Decimal(7), Decimal(100), Decimal(DUST)]


def test_whoever_has_the_old_file_open_keeps_it(settings: Settings, published: Path) -> None:
    with duckdb.connect(str(published / "paylake.duckdb"), read_only=True) as client:
        write_analyst_copy(settings.paths)
        assert client.execute("SELECT count(*) FROM marts.sessions").fetchone() == (3,)


def test_the_asset_writes_them_and_says_how_much(settings: Settings) -> None:
    result = dg.materialize([analyst_copy_asset(settings)])
    (event,) = result.asset_materializations_for_node("analyst_copy")
    rows = {name: value.value for name, value in event.metadata.items()}
    assert rows["version"] == 1
    assert isinstance(rows["dagster/row_count"], int)
    assert rows["dagster/row_count"] > 3


def test_there_are_ten_queries() -> None:
    assert len(QUERIES) == 10


@pytest.mark.parametrize(("question", "sql"), QUERIES, ids=[question for question, _ in QUERIES])
def test_a_documented_query_answers_the_same_from_both(
    question: str, sql: str, settings: Settings, published: Path
) -> None:
    snapshot = Reader(settings.paths.serving).snapshot()
    assert snapshot is not None
    fresh = [tuple(row.values()) for row in snapshot.rows(sql)]
    with duckdb.connect(str(published / "paylake.duckdb"), read_only=True) as client:
        client.execute("SET TimeZone = 'UTC'")
        assert sorted(map(str, client.execute(sql).fetchall())) == sorted(map(str, fresh))
    assert bool(fresh) is not question.startswith(("Do the books agree", "What did merchants receive"))
