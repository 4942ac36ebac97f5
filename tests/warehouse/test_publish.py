"""Publication and reading: immutable segments, one consistent version, only what changed is built."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.support.api import settings_in
from tests.support.empty_lake import lay_empty_lake
from warehouse import migrate, segments
from warehouse import publish as publication
from warehouse.contracts import tables
from warehouse.errors import StorageError
from warehouse.lake import Lake, Write
from warehouse.manifest import MANIFEST_NAME, Manifest, read_manifest
from warehouse.publish import publish
from warehouse.serving import Reader
from warehouse.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    chosen = settings_in(tmp_path / "data", NETWORKS__LIVE__BSC__RPC_URLS='["http://127.0.0.1:1"]')
    lay_empty_lake(chosen)
    return chosen


def event(number: int, created: datetime, merchant: str = "mer_1") -> dict[str, object]:
    """A session.created event as raw has it."""
    session_id = f"00000000-0000-4000-8000-{number:012d}"
    data = {
        "session_id": session_id, "reference": f"R{number}", "amount": "5", "currency": "USDT", "network": "BSC",
        "customer": {"email": None, "name": None}, "metadata": {}, "expires_at": "2026-12-31T00:00:00Z",
    }  # fmt: skip
    return {
        "event_id": f"e{number}", "type": "session.created", "occurred_at": created, "merchant_id": merchant,
        "mode": "live", "object_id": session_id, "address": None, "metadata": "{}", "event": json.dumps({"data": data}),
        "content_sha256": "x", "source": "test", "position": 1,
    }  # fmt: skip


def frame_of(table: str, *rows: dict[str, object]) -> pl.DataFrame:
    """Rows as a frame of the table's types."""
    columns = tables()[table].columns
    return pl.DataFrame(list(rows), schema={name: columns[name].dtype for name in rows[0]})


def take_in(settings: Settings, *events: dict[str, object], **others: dict[str, object]) -> Manifest:
    """Store events and one row each of `others` (`<schema>__<stem>`), run the models, publish."""

    def body(write: Write) -> None:
        if events:
            write.append("raw.gateway_events", frame_of("raw.gateway_events", *events))
        for name, row in others.items():
            table = name.replace("__", ".")
            (write.replace if table.startswith("state.") else write.append)(table, frame_of(table, row))
        migrate.transform(write)

    with Lake.open(settings.paths) as lake:
        lake.write_tx(body)
        manifest = publish(lake)
    assert manifest is not None
    return manifest


def references(settings: Settings) -> list[str]:
    """The references of all published sessions."""
    snapshot = Reader(settings.paths.serving).snapshot()
    assert snapshot is not None
    return [row["reference"] for row in snapshot.rows("SELECT reference FROM marts.sessions ORDER BY reference")]


def test_nothing_new_publishes_no_new_version(settings: Settings) -> None:
    first = take_in(settings, event(1, datetime(2026, 3, 1, tzinfo=UTC)))
    with Lake.open(settings.paths) as lake:
        again = publish(lake)
    assert again == first


def test_only_ranges_with_changed_days_are_built_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SINGLE_SEGMENT_ROWS", 0)
    months = [datetime(2026, month, 5, tzinfo=UTC) for month in (1, 2, 3)]
    before = take_in(settings, *(event(number, created) for number, created in enumerate(months, 1)))
    after = take_in(settings, event(9, datetime(2026, 2, 20, tzinfo=UTC)))
    files = {segment.low: segment.file for segment in before.segments if segment.kind == "range"}
    rebuilt = [s.low for s in after.segments if s.kind == "range" and files.get(s.low) != s.file]
    assert rebuilt == [datetime(2026, 2, 1, tzinfo=UTC)]
    assert references(settings) == ["R1", "R2", "R3", "R9"]


def test_only_buckets_of_changed_merchants_are_built_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SINGLE_SEGMENT_ROWS", 0)
    created = datetime(2026, 3, 1, tzinfo=UTC)
    before = take_in(settings, event(1, created, "mer_1"), event(2, created, "mer_2"))
    after = take_in(settings, event(3, created, "mer_3"))
    files = {segment.bucket: segment.file for segment in before.segments if segment.kind == "bucket"}
    rebuilt = [s.bucket for s in after.segments if s.kind == "bucket" and files[s.bucket] != s.file]
    assert rebuilt == [segments.bucket_of("mer_3")]


def test_a_reader_holds_its_version_and_the_next_look_has_the_new_one(settings: Settings) -> None:
    take_in(settings, event(1, datetime(2026, 3, 1, tzinfo=UTC)))
    reader = Reader(settings.paths.serving, poll_seconds=0)
    old = reader.snapshot()
    take_in(settings, event(2, datetime(2026, 3, 2, tzinfo=UTC)))
    new = reader.snapshot()
    assert old is not None
    assert new is not None
    assert old.rows("SELECT count(*) AS n FROM marts.sessions") == [{"n": 1}]
    assert new.rows("SELECT count(*) AS n FROM marts.sessions") == [{"n": 2}]


def test_before_the_first_publication_there_is_no_snapshot(tmp_path: Path) -> None:
    assert Reader(tmp_path).snapshot() is None


def test_published_sql_reaches_no_file(settings: Settings) -> None:
    take_in(settings, event(1, datetime(2026, 3, 1, tzinfo=UTC)))
    snapshot = Reader(settings.paths.serving).snapshot()
    assert snapshot is not None
    for hostile in (
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH '/tmp/x.duckdb'",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            snapshot.rows(hostile)


def test_a_damaged_manifest_is_named(settings: Settings) -> None:
    take_in(settings, event(1, datetime(2026, 3, 1, tzinfo=UTC)))
    (settings.paths.serving / MANIFEST_NAME).write_text("{")
    with pytest.raises(StorageError, match=MANIFEST_NAME):
        read_manifest(settings.paths.serving)


def test_files_nobody_names_are_swept_after_the_grace(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    take_in(settings, event(1, datetime(2026, 3, 1, tzinfo=UTC)))
    left_behind = settings.paths.serving / ".range-all-dead.duckdb.tmp"
    left_behind.write_bytes(b"half a segment of a killed publisher")
    monkeypatch.setattr(publication, "GRACE_SECONDS", -1.0)
    manifest = take_in(settings, event(2, datetime(2026, 3, 1, tzinfo=UTC)))
    files = {path.name for path in settings.paths.serving.glob("*.duckdb*")} | {
        path.name for path in settings.paths.serving.glob(".*.duckdb*")
    }
    assert files == {segment.file for segment in manifest.segments}


def test_the_analysts_script_opens_in_the_duckdb_command_line(settings: Settings) -> None:
    take_in(settings, event(1, datetime(2026, 3, 1, tzinfo=UTC)))
    script = settings.paths.serving / "current.sql"
    duckdb_command = Path(sys.executable).parent / "duckdb"
    done = subprocess.run(
        [duckdb_command, "-init", script, "-csv", "-c", "SELECT session_id, reference FROM marts.sessions"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["session_id,reference", "00000000-0000-4000-8000-000000000001,R1"], done.stderr


def test_columns_of_segments_carry_their_meaning(settings: Settings) -> None:
    manifest = take_in(settings, event(1, datetime(2026, 3, 1, tzinfo=UTC)))
    ranged = next(segment for segment in manifest.segments if segment.kind == "range")
    with duckdb.connect(str(settings.paths.serving / ranged.file), read_only=True) as segment:
        sql = "SELECT comment FROM duckdb_columns() WHERE table_name = 'sessions' AND column_name = 'paid_amount'"
        assert segment.execute(sql).fetchall() == [("All matched money; null if none. [tokens]",)]


DEPOSIT = "0x" + "01" * 20


def address_event(created: datetime) -> dict[str, object]:
    """An address.created event as raw has it."""
    data = {"address_id": 1, "network": "BSC", "currency": "USDT", "address": DEPOSIT}
    return event(1, created) | {
        "event_id": "e-address", "type": "address.created", "object_id": "1", "address": DEPOSIT, "metadata": None,
        "event": json.dumps({"data": data}),
    }  # fmt: skip


def transfer_log(at: datetime) -> dict[str, object]:
    """A transfer of 100 USDT in block 100, as raw has it."""
    return {
        "mode": "live", "network": "BSC", "block_number": 100, "block_hash": "0x64", "block_time": at,
        "tx_hash": "0xaa", "log_index": 0, "token_address": "0x55d398326f99059ff775485246999027b3197955",
        "from_address": "0x" + "99" * 20, "to_address": DEPOSIT, "topic_count": 3, "amount_text": str(10**20),
        "amount_base_units": Decimal(10**20),
    }  # fmt: skip


def chain_head(block: int, at: datetime) -> dict[str, object]:
    """The head, everything but ten blocks of it final."""
    return {
        "mode": "live", "network": "BSC", "head_block": block, "head_hash": "0x0", "head_time": at,
        "finalized_block": block - 10, "window_hashes": ["0x0"] * 11, "observed_at": at,
    }  # fmt: skip


def test_the_book_is_published_once_its_entries_are_final(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SINGLE_SEGMENT_ROWS", 0)
    posted_at, later = datetime(2026, 2, 5, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)
    reader = Reader(settings.paths.serving, poll_seconds=0)
    seen = []
    heads = (chain_head(105, posted_at), chain_head(120, later))
    for head, others in zip(heads, ({"raw__evm_transfer_logs": transfer_log(posted_at)}, {}), strict=True):
        events = [address_event(datetime(2026, 2, 1, tzinfo=UTC))] if others else []
        take_in(settings, *events, state__chain_heads=head, **others)
        snapshot = reader.snapshot()
        assert snapshot is not None
        seen.append(snapshot.rows("SELECT merchant_id, amount, fee, net, posted_at FROM marts.ledger"))
        legs = snapshot.rows("SELECT account, amount FROM marts.ledger_postings ORDER BY account")
    entry = {"merchant_id": "mer_1", "amount": Decimal(100), "fee": Decimal(1), "net": Decimal(99)}
    assert seen == [[], [entry | {"posted_at": posted_at}]]
    assert [tuple(leg.values()) for leg in legs] == [
        ("deposit", Decimal(100)),
        ("merchant", Decimal(-99)),
        ("platform_fees", Decimal(-1)),
    ]


def test_views_over_published_marts_follow_them_and_no_other_view_does(settings: Settings) -> None:
    manifest = take_in(settings, event(1, datetime(2026, 3, 1, tzinfo=UTC)))
    published = {table.name for table in tables().values() if table.published}
    marts = {name for name in manifest.views if name.startswith("marts.")}
    assert (marts - published, published - marts) == ({"marts.ledger_postings"}, set())


def hot_wallet_event(number: int, address: str) -> dict[str, object]:
    """A hot_wallet.registered event as raw has it."""
    data = {"network": "BSC", "address": address}
    return event(number, datetime(2026, 3, number, tzinfo=UTC)) | {
        "event_id": f"e-wallet-{number}", "type": "hot_wallet.registered", "object_id": f"BSC:{address}",
        "merchant_id": None, "address": address, "metadata": None, "event": json.dumps({"data": data}),
    }  # fmt: skip


def test_what_belongs_to_no_merchant_is_published_without_building_a_segment(settings: Settings) -> None:
    reader = Reader(settings.paths.serving, poll_seconds=0)
    sql = "SELECT mode, network, address, registered_at FROM marts.hot_wallets"
    before = take_in(settings, event(1, datetime(2026, 3, 1, tzinfo=UTC)))
    seen = [reader.snapshot()]
    after = take_in(settings, hot_wallet_event(2, DEPOSIT))
    seen.append(reader.snapshot())
    wallet = {"mode": "live", "network": "BSC", "address": DEPOSIT, "registered_at": datetime(2026, 3, 2, tzinfo=UTC)}
    assert [snapshot and snapshot.rows(sql) for snapshot in seen] == [[], [wallet]]
    assert after.segments == before.segments
