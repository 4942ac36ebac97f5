"""Connections: what every one of them is set to, whatever machine it runs on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from warehouse import duck
from warehouse.errors import StorageError

ROOT = Path(__file__).parents[2]

_ASK = """
import time
from warehouse.duck import connect
connection = connect()
cursor = connection.cursor()
for session in (connection, cursor, cursor.cursor()):
    text = session.execute("SELECT current_setting('TimeZone'), (TIMESTAMPTZ '2026-01-31 23:30:00Z')::DATE::TEXT")
    print(*text.fetchone())
print(time.tzname[0])
"""


@pytest.mark.process
def test_every_cursor_is_in_utc_wherever_the_process_runs() -> None:
    environment = {**os.environ, "TZ": "Asia/Tokyo", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", _ASK], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == ["UTC 2026-01-31"] * 3 + ["JST"], done.stderr


def test_an_extension_that_somebody_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = duck._wheel_binary("ducklake")
    assert sound is not None
    changed = bytearray(sound.read_bytes())
    changed[len(changed) // 2] ^= 1
    binary = tmp_path / sound.name
    binary.write_bytes(changed)
    monkeypatch.setattr(duck, "_wheel_binary", lambda _: binary)
    duck._checked_load.cache_clear()
    try:
        with pytest.raises(StorageError, match="ducklake is missing or not as DuckDB signed it"):
            duck.connect(extensions=["ducklake"])
    finally:
        duck._checked_load.cache_clear()


def test_no_connection_takes_another_unsigned_extension() -> None:
    for connection in (duck.connect(), duck.connect(extensions=duck.LAKE_EXTENSIONS)):
        setting = connection.execute("SELECT current_setting('allow_unsigned_extensions')").fetchone()
        assert setting == (False,)
        with pytest.raises(duck.duckdb.Error, match="Cannot change"):
            connection.execute("SET allow_unsigned_extensions = true")
