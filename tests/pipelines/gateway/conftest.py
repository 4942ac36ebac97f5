"""What the gateway's tests share: a real lake that has the feed's tables and nothing else."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from warehouse.contracts import tables
from warehouse.lake import Lake, Write
from warehouse.settings import Paths

FEED_TABLES = (
    "raw.gateway_events",
    "raw.gateway_quarantine",
    "raw.gateway_quarantine_replays",
    "raw.inbox_files",
    "state.feed_cursors",
)


@pytest.fixture
def make_lake(tmp_path: Path) -> Iterator[Callable[[str], Lake]]:
    """Open as many empty lakes as a test asks for, by name."""
    with ExitStack() as opened:

        def make(name: str) -> Lake:
            lake = opened.enter_context(Lake.open(Paths(tmp_path / name)))
            lake.write_tx(_create_tables)
            return lake

        yield make


@pytest.fixture
def feed_lake(make_lake: Callable[[str], Lake]) -> Lake:
    """Open one empty lake."""
    return make_lake("data")


def _create_tables(write: Write) -> None:
    for schema in ("raw", "state"):
        write.connection.execute(f"CREATE SCHEMA {schema}")
    for name in FEED_TABLES:
        write.connection.execute(tables()[name].ddl())
