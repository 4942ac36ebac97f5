"""Connections: what every one of them is set to, whatever machine it runs on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
