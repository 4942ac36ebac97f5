"""Upkeep of the lake: few large files instead of many small ones, old snapshots gone, a copy of the catalog.

Belongs here: what is tidied, and how long things are kept. Does not: when it runs (pipelines/sync.py). Rows of raw are
never removed: only versions of tables that nobody reads any more, and files of those versions.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from warehouse.lake import Lake, Write
from warehouse.manifest import read_manifest, sync_folder
from warehouse.settings import Paths

# A publication or an analyst may still read a snapshot this old.
KEPT_SNAPSHOTS = "24 hours"
COPY_NAME = "catalog.copy.sqlite"

_OLD_SNAPSHOT = f"""
SELECT max(snapshot_id) AS snapshot_id
FROM ducklake_snapshots('lake')
WHERE snapshot_time < now() - INTERVAL '{KEPT_SNAPSHOTS}'
"""

_STATEMENTS = (
    "CALL ducklake_merge_adjacent_files('lake')",
    "CALL ducklake_rewrite_data_files('lake')",
    f"CALL ducklake_expire_snapshots('lake', older_than => now() - INTERVAL '{KEPT_SNAPSHOTS}')",
    f"CALL ducklake_cleanup_old_files('lake', older_than => now() - INTERVAL '{KEPT_SNAPSHOTS}')",
    f"CALL ducklake_delete_orphaned_files('lake', older_than => now() - INTERVAL '{KEPT_SNAPSHOTS}')",
)


def maintain(lake: Lake, paths: Paths) -> Path:
    """Compact files, let go of old snapshots, forget what has been published, then copy the catalog.

    Returns:
        The catalog's copy: with the data files it restores the lake as of now.
    """
    manifest = read_manifest(paths.serving)
    old = lake.rows(_OLD_SNAPSHOT)[0]["snapshot_id"]
    if manifest and old is not None:
        lake.write_tx(lambda write: _forget_published(write, min(manifest.batch_id, old)))
    with lake.exclusive() as connection:
        for statement in _STATEMENTS:
            connection.execute(statement)
        return _copy_catalog(paths)


def _forget_published(write: Write, batch_id: int) -> None:
    """Drop the notes of what changed that every publication and hand-over still running starts after."""
    for table in ("state.touched_days", "state.touched_merchants"):
        write.connection.execute(f"DELETE FROM {table} WHERE batch_id <= $published", {"published": batch_id})


def _copy_catalog(paths: Paths) -> Path:
    """Copy the catalog under the writer lock: with a rollback journal and no writer the file is whole."""
    copy = paths.catalog.with_name(COPY_NAME)
    temporary = copy.with_suffix(".tmp")
    shutil.copyfile(paths.catalog, temporary)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(copy)
    sync_folder(copy.parent)
    return copy
