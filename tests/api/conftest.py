"""What most tests of the API start from.

Belongs here: settings in a directory of the test's own. Does not belong here: rows; a test gives its own.
"""

import shutil
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support.api import client_for, new_key, settings_in
from tests.support.marts import GivenReader, marts_from
from warehouse.settings import Settings
from warehouse.store.connection import open_store


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated operational store to copy: migrating takes longer than most tests."""
    settings = settings_in(tmp_path_factory.mktemp("empty"))
    open_store(settings).close()
    return settings.paths.operations


@pytest.fixture
def settings(tmp_path: Path, empty_store: Path) -> Settings:
    settings = settings_in(tmp_path, API__RATE_LIMITS__STANDARD_PER_MINUTE="100000")
    shutil.copyfile(empty_store, settings.paths.operations)
    return settings


@pytest.fixture
def open_client(settings: Settings) -> Generator[Callable[..., TestClient]]:
    """Open a client over given rows (or another reader), with a new key of merchant mer_7 unless told otherwise."""
    with ExitStack() as stack:

        def opened(reader: GivenReader | None = None, *, mode: str = "live", **rows: Any) -> TestClient:
            key = new_key(settings, "mer_7", mode)
            return stack.enter_context(client_for(settings, reader or marts_from(**rows), key=key))

        yield opened
