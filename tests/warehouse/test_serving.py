"""The reader when what was published last is damaged, and in odd places: the last whole version stays."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tests.support.api import settings_in
from tests.support.empty_lake import lay_empty_lake
from tests.warehouse.test_publish import event, references, take_in
from warehouse.errors import StorageError
from warehouse.manifest import MANIFEST_NAME
from warehouse.serving import Reader
from warehouse.settings import Settings

CREATED = datetime(2026, 3, 1, tzinfo=UTC)


def prepared(directory: Path) -> Settings:
    """Settings of a lake in this directory, ready to take events in."""
    chosen = settings_in(directory, NETWORKS__LIVE__BSC__RPC_URLS='["http://127.0.0.1:1"]')
    lay_empty_lake(chosen)
    return chosen


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return prepared(tmp_path / "data")


def name_a_missing_segment(manifest: Path) -> None:
    content = json.loads(manifest.read_text())
    content["version"] += 1
    content["segments"][0]["file"] = "range-all-gone.duckdb"
    manifest.write_text(json.dumps(content))


def name_a_damaged_segment(manifest: Path) -> None:
    content = json.loads(manifest.read_text())
    content["version"] += 1
    content["segments"][0]["file"] = "range-all-damaged.duckdb"
    (manifest.parent / "range-all-damaged.duckdb").write_bytes(b"no database" * 1000)
    manifest.write_text(json.dumps(content))


def truncate(manifest: Path) -> None:
    manifest.write_bytes(manifest.read_bytes()[:-100])


DAMAGES = [name_a_missing_segment, name_a_damaged_segment, truncate]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_version_that_cannot_be_opened_leaves_the_one_before_until_a_whole_one_comes(
    settings: Settings, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None]
) -> None:
    good = take_in(settings, event(1, CREATED))
    reader = Reader(settings.paths.serving, poll_seconds=0)
    before = reader.snapshot()
    assert before is not None
    manifest = settings.paths.serving / MANIFEST_NAME
    whole = manifest.read_bytes()
    damage(manifest)
    with caplog.at_level(logging.ERROR):
        assert reader.snapshot() is before
        assert reader.snapshot() is before
    assert f"{good.version} stays" in caplog.text
    assert before.rows("SELECT reference FROM marts.sessions") == [{"reference": "R1"}]
    manifest.write_bytes(whole)
    take_in(settings, event(2, CREATED))
    after = reader.snapshot()
    assert after is not None
    assert after.rows("SELECT count(*) AS n FROM marts.sessions") == [{"n": 2}]


@pytest.mark.parametrize("damage", DAMAGES)
def test_before_any_whole_version_a_damaged_one_is_an_error(settings: Settings, damage: Callable[[Path], None]) -> None:
    take_in(settings, event(1, CREATED))
    damage(settings.paths.serving / MANIFEST_NAME)
    reader = Reader(settings.paths.serving, poll_seconds=0)
    for _ in range(2):
        with pytest.raises((duckdb.Error, StorageError)):
            reader.snapshot()


def test_a_data_directory_may_have_an_apostrophe_in_its_name(tmp_path: Path) -> None:
    settings = prepared(tmp_path / "o'neil's data")
    first = take_in(settings, event(1, CREATED))
    second = take_in(settings, event(2, CREATED))
    assert second.version > first.version
    assert references(settings) == ["R1", "R2"]
    script = settings.paths.serving / "current.sql"
    attached = [line for line in script.read_text().splitlines() if line.startswith("ATTACH")]
    assert len(attached) == len(second.segments)
    assert all("/o''neil''s data/" in line for line in attached)
    done = subprocess.run(
        [Path(sys.executable).parent / "duckdb", "-init", script, "-csv", "-c", "SELECT count(*) FROM marts.sessions"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "2", done.stderr
