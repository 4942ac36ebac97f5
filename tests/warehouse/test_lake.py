"""The lake's one door: all or nothing, one writer at a time, readers undisturbed."""

from __future__ import annotations

import multiprocessing
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.evidence import Evidence
from tests.support.api import settings_in
from tests.support.empty_lake import lay_empty_lake
from warehouse import migrate
from warehouse.errors import StorageError
from warehouse.lake import Lake, Write
from warehouse.maintenance import maintain
from warehouse.publish import publish
from warehouse.settings import Paths, Settings

NETWORK = "PAYLAKE_NETWORKS__LIVE__BSC__RPC_URLS"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "data", NETWORKS__LIVE__BSC__RPC_URLS='["http://127.0.0.1:1"]')


def block(number: int, network: str = "BSC") -> dict[str, object]:
    """One header row."""
    return {
        "mode": "live", "network": network, "block_number": number, "block_hash": f"0x{number:064x}",
        "parent_hash": f"0x{number - 1:064x}", "block_time": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    """Rows with the types raw.evm_blocks has."""
    return pl.DataFrame(list(rows)).with_columns(pl.col("block_time").cast(pl.Datetime("us", "UTC")))


def count(lake: Lake, table: str = "raw.evm_blocks") -> int:
    """Rows of a table."""
    return lake.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]


def test_a_transaction_that_fails_leaves_nothing(settings: Settings) -> None:
    lay_empty_lake(settings)
    with Lake.open(settings.paths) as lake:

        def body(write: Write) -> None:
            write.append("raw.evm_blocks", frame(block(1)))
            raise RuntimeError("half way")

        with pytest.raises(RuntimeError, match="half way"):
            lake.write_tx(body)
        assert count(lake) == 0


def test_other_threads_of_the_process_read_while_it_writes_and_publishes(settings: Settings) -> None:
    seen: dict[int, list[int]] = {0: [], 1: [], 2: []}
    failures: list[BaseException] = []
    is_done = threading.Event()

    def read(reader: Lake, counts: list[int]) -> None:
        try:
            while not is_done.is_set():
                counts.append(count(reader))
                time.sleep(0.005)
        except BaseException as error:
            failures.append(error)

    lay_empty_lake(settings)
    with Lake.open(settings.paths) as lake, ExitStack() as stack:
        readers = [stack.enter_context(lake.beside()) for _ in seen]
        threads = [threading.Thread(target=read, args=(readers[n], seen[n])) for n in seen]
        for thread in threads:
            thread.start()
        commits = []
        for number in range(15):
            began = time.monotonic()
            lake.write_tx(lambda write, number=number: write.append("raw.evm_blocks", frame(block(number))))
            commits.append(time.monotonic() - began)
            publish(lake)
        is_done.set()
        for thread in threads:
            thread.join()
        assert [count(reader) for reader in readers] == [15, 15, 15]
    assert failures == []
    assert sorted(commits)[-3] < 4, "reads and commits wait for each other"
    for counts in seen.values():
        assert counts == sorted(counts)


def test_every_transaction_has_a_higher_batch_than_the_one_before(settings: Settings) -> None:
    lay_empty_lake(settings)
    with Lake.open(settings.paths) as lake:
        for number in range(3):
            lake.write_tx(lambda write, number=number: write.append("raw.evm_blocks", frame(block(number))))
        batches = [row["batch_id"] for row in lake.rows("SELECT batch_id FROM raw.evm_blocks ORDER BY block_number")]
    assert batches == sorted(set(batches))


def test_rows_that_break_the_contract_are_refused_by_name(settings: Settings) -> None:
    lay_empty_lake(settings)
    with Lake.open(settings.paths) as lake:
        without_hash = frame(block(1)).drop("block_hash")
        with pytest.raises(StorageError, match=r"raw\.evm_blocks.*block_hash"):
            lake.write_tx(lambda write: write.append("raw.evm_blocks", without_hash))


def test_reading_a_lake_that_is_not_there_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as refused, Lake.open(Paths(tmp_path / "none"), read_only=True):
        pass
    assert "paylake sync" in (refused.value.hint or "")


def test_a_reader_keeps_its_snapshot_while_others_write(settings: Settings) -> None:
    lay_empty_lake(settings)
    with Lake.open(settings.paths) as lake:
        lake.write_tx(lambda write: write.append("raw.evm_blocks", frame(block(1))))
        with Lake.open(settings.paths, read_only=True, snapshot=lake.snapshot_id()) as reader:
            lake.write_tx(lambda write: write.append("raw.evm_blocks", frame(block(2))))
            assert (count(reader), count(lake)) == (1, 2)


def write_in_own_process(paths: Paths, first: int, writes: int) -> None:
    """Append blocks, one transaction each."""
    with Lake.open(paths) as lake:
        for number in range(first, first + writes):
            lake.write_tx(lambda write, number=number: write.append("raw.evm_blocks", frame(block(number))))


def test_writers_in_several_processes_lose_and_double_nothing(settings: Settings, evidence: Evidence) -> None:
    writes = evidence.cases(test=9, evidence=60) // 3
    lay_empty_lake(settings)
    with Lake.open(settings.paths) as lake:
        spawn = multiprocessing.get_context("spawn")
        writers = [
            spawn.Process(target=write_in_own_process, args=(settings.paths, 1000 * number, writes))
            for number in range(3)
        ]
        for writer in writers:
            writer.start()
        seen = [count(lake)]
        while any(writer.is_alive() for writer in writers):
            seen.append(count(lake))
        for writer in writers:
            writer.join()
            assert writer.exitcode == 0
        assert seen == sorted(seen)
        assert count(lake) == 3 * writes
        assert lake.rows("SELECT count(DISTINCT batch_id) AS n FROM raw.evm_blocks")[0]["n"] == 3 * writes


def test_upkeep_merges_files_keeps_rows_and_copies_a_catalog_that_opens(settings: Settings) -> None:
    lay_empty_lake(settings)
    with Lake.open(settings.paths) as lake:
        for number in range(6):
            lake.write_tx(lambda write, number=number: write.append("raw.evm_blocks", frame(block(number))))
        publish(lake)
        files = "SELECT count(*) AS n FROM ducklake_list_files('lake', 'evm_blocks', schema => 'raw')"
        before = lake.rows(files)[0]["n"]
        copy = maintain(lake, settings.paths)
        assert (before, lake.rows(files)[0]["n"], count(lake)) == (6, 1, 6)
    settings.paths.catalog.write_bytes(copy.read_bytes())
    with Lake.open(settings.paths, read_only=True) as restored:
        assert count(restored) == 6


def test_settings_that_change_what_counts_rebuild_the_tables(settings: Settings, tmp_path: Path) -> None:
    with Lake.open(settings.paths) as lake:
        assert migrate.prepare(lake, settings)
        assert not migrate.prepare(lake, settings)
        more = settings_in(
            tmp_path / "data",
            NETWORKS__LIVE__BSC__RPC_URLS='["http://127.0.0.1:1"]',
            NETWORKS__LIVE__BSC__REQUIRED_CONFIRMATIONS="3",
        )
        assert migrate.prepare(lake, more)
        assert lake.rows("SELECT required_confirmations AS n FROM registry.networks") == [{"n": 3}]
