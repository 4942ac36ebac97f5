"""The manifest: which segment files are the published data, at which snapshot, with which heads.

Belongs here: its shape, reading it, and replacing it in one step. Does not: building segments (publish.py) or reading
their rows (serving.py).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from warehouse.errors import StorageError

MANIFEST_NAME = "manifest.json"


class Head(msgspec.Struct, frozen=True):
    """The ingested head of one network at the manifest's snapshot."""

    mode: str
    network: str
    head_block: int
    head_time: datetime
    finalized_block: int
    required_confirmations: int


class Segment(msgspec.Struct, frozen=True):
    """One immutable DuckDB file.

    Attributes:
        file: name inside the serving directory.
        kind: "range" (rows of [low, high) by time) or "bucket" (all rows of some merchants).
        low: first moment, inclusive; null: from the beginning.
        high: end, exclusive; null: open.
        bucket: first hexadecimal digit of the merchants' digests; null: all merchants.
        row_count: rows over all its tables.
    """

    file: str
    kind: str
    row_count: int
    low: datetime | None = None
    high: datetime | None = None
    bucket: str | None = None


class Manifest(msgspec.Struct, frozen=True):
    """What is published.

    Attributes:
        version: rises with every publication.
        snapshot: the lake's snapshot all segments agree with.
        batch_id: changes up to this batch are included.
        code_fingerprint: models and contracts the segments were made with.
        as_of: by mode, the UTC time up to which chain and gateway data is included.
        views: SELECT of each published table over its segments, attached as `s0`, `s1`, … in the order of `segments`;
            then of the marts that are views over those. Tables that belong to no merchant stand here with their rows.
    """

    version: int
    snapshot: int
    batch_id: int
    code_fingerprint: str
    published_at: datetime
    as_of: dict[str, datetime]
    heads: list[Head]
    segments: list[Segment]
    views: dict[str, str]


def read_manifest(serving: Path) -> Manifest | None:
    """The current manifest, or None before the first publication.

    Raises:
        StorageError: the file is there but is no manifest.
    """
    path = serving / MANIFEST_NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise StorageError(
            f"{path} is not a manifest: {error}", hint="remove it and run: paylake sync --once"
        ) from error


def write_manifest(serving: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step that survives a crash."""
    replace_file(serving / MANIFEST_NAME, msgspec.json.format(msgspec.json.encode(manifest), indent=2))


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash, sees the old content or the new, never a mixture."""
    temporary = path.with_suffix(path.suffix + ".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def utc_now() -> datetime:
    """The clock, in UTC."""
    return datetime.now(UTC)
