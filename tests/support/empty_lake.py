"""An empty lake, made once a process and copied from then on: to make one costs a second.

Belongs here: the copy. How a lake comes to be is tested where that is the subject (tests/warehouse/test_migrate.py,
tests/e2e).
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from warehouse import migrate, sql_models
from warehouse.lake import Lake
from warehouse.settings import Paths, Settings

# By settings that tables depend on, and by the models as they are now, faults planted in them included.
_MADE: dict[tuple[str, ...], Paths] = {}


def lay_empty_lake(settings: Settings) -> None:
    """Put an empty lake where these settings have theirs, unless there is one."""
    paths = settings.paths
    if paths.catalog.exists():
        return
    key = (migrate.settings_fingerprint(settings), *(model.sql for model in sql_models.models()))
    if key not in _MADE:
        made = Paths(Path(tempfile.mkdtemp(prefix="paylake-empty-lake-")))
        with Lake.open(made) as lake:
            migrate.prepare(lake, settings)
        _MADE[key] = made
    shutil.copytree(_MADE[key].lake_data, paths.lake_data, dirs_exist_ok=True)
    shutil.copy(_MADE[key].catalog, paths.catalog)
    with closing(sqlite3.connect(paths.catalog)) as catalog, catalog:
        catalog.execute("UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'", (f"{paths.lake_data}/",))
