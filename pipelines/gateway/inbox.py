"""Inbox files: `*.ndjson`, `*.ndjson.gz`, `*.ndjson.zst` in one directory → one batch a file.

Belongs here: finding files, unpacking them as a stream, cutting them into lines. Does not belong here: what a line must
contain (`events.py`), which files were read before (the lake knows; the caller asks it). Files are never moved or
deleted: whoever drops them owns them.
"""

import hashlib
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from gzip import GzipFile
from pathlib import Path
from typing import BinaryIO

import zstandard

from pipelines.gateway.batches import FeedBatch, InboxFile, RefusedLine
from pipelines.gateway.events import Refusal, parse_line
from pipelines.gateway.jsontext import quoted
from warehouse.domain.networks import Family
from warehouse.errors import FeedError

FILE_CAP_BYTES = 1 << 30
# A line that is too long is still kept whole up to here; beyond it only its beginning is.
KEPT_LINE_CAP_BYTES = 16 << 20
KEPT_HEAD_BYTES = 64 << 10

_CHUNK_BYTES = 1 << 20
# A block of 4 bytes can unpack to 128 KiB; small inputs bound what one step may produce.
_ZSTD_INPUT_BYTES = 2 << 10
_SUFFIXES = (".ndjson", ".ndjson.gz", ".ndjson.zst")

# (path, size, modification time in ns, inode) → digest; spares reading every old file again on every pass.
DigestMemory = dict[tuple[str, int, int, int], str]


class _Unreadable(Exception):
    """The file as a whole cannot be read; carries reason code and sentence."""

    def __init__(self, reason_code: str, reason: str) -> None:
        super().__init__(reason)
        self.refusal = Refusal(reason_code, reason)


@dataclass(frozen=True, slots=True)
class _Overlong:
    """A line that is not kept whole."""

    head: bytes
    size_bytes: int


def iter_inbox(
    directory: Path,
    is_known: Callable[[str], bool],
    *,
    now: Callable[[], datetime],
    families: Mapping[str, Family],
    digests: DigestMemory | None = None,
) -> Iterator[FeedBatch]:
    """Read every file of the inbox that was not read before, in the order of their names.

    Args:
        directory: the inbox.
        is_known: whether a file with this SHA-256 (of its bytes as they are on disk) was stored before.
        now: a clock, read once a file.
        families: the family of every known network code.
        digests: kept by a caller that comes again; files that did not change are then not read again.

    Yields:
        One batch a file, also for a file without events. A damaged archive, or a file beyond 1 GiB unpacked, yields one
        refusal with the first 64 KiB of its bytes and none of its events.

    Raises:
        FeedError: the directory cannot be listed; or, after all other files, some file could not be opened.
    """
    digests = {} if digests is None else digests
    unreadable = []
    for path in _files(directory):
        try:
            with path.open("rb") as file:
                before = os.fstat(file.fileno())
                key = (str(path), before.st_size, before.st_mtime_ns, before.st_ino)
                digest = digests.get(key) or hashlib.file_digest(file, "sha256").hexdigest()
                if is_known(digest):
                    digests[key] = digest
                    continue
                file.seek(0)
                batch = _read(file, path, digest, before.st_size, now(), families)
                after = os.fstat(file.fileno())
        except FileNotFoundError:
            continue
        except OSError as error:
            unreadable.append(f"{path}: {error.strerror}")
            continue
        # Someone still writes it: the promise says complete files, so the next pass takes it.
        if (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns):
            yield batch
    if unreadable:
        raise FeedError(
            f"inbox files cannot be read: {'; '.join(unreadable)}", hint="make them readable, or remove them"
        )


def _files(directory: Path) -> list[Path]:
    try:
        found = [path for path in directory.iterdir() if path.name.endswith(_SUFFIXES)]
    except OSError as error:
        raise FeedError(
            f"the inbox {directory} cannot be read: {error.strerror}",
            hint="create the directory, or remove gateway.inbox from the settings",
        ) from error
    # A leading dot marks a file that is still being written.
    return sorted((path for path in found if not path.name.startswith(".") and path.is_file()), key=str)


def _read(
    file: BinaryIO, path: Path, digest: str, size_bytes: int, now: datetime, families: Mapping[str, Family]
) -> FeedBatch:
    name = os.fsencode(path.name).decode(errors="backslashreplace")
    source = f"inbox/{name}"
    batch = FeedBatch(source)
    line_count = 0
    try:
        for number, line in enumerate(_lines(_unpacked(file, path.name)), start=1):
            if isinstance(line, bytes) and not line.strip():
                continue
            line_count += 1
            _take(batch, line, number, now, families)
    except _Unreadable as problem:
        file.seek(0)
        head = file.read(KEPT_HEAD_BYTES)
        refusal = RefusedLine(
            source, head, 0, problem.refusal.reason_code, f"{problem.refusal.reason}; sha256 {digest}"
        )
        return FeedBatch(source, refusals=[refusal], file=InboxFile(digest, name, size_bytes, 0))
    return FeedBatch(source, batch.events, batch.refusals, file=InboxFile(digest, name, size_bytes, line_count))


def _take(
    batch: FeedBatch, line: bytes | _Overlong, number: int, now: datetime, families: Mapping[str, Family]
) -> None:
    if isinstance(line, _Overlong):
        reason = f"{line.size_bytes} bytes, of which the first {len(line.head)} are kept"
        batch.refusals.append(RefusedLine(batch.source, line.head, number, "too_long", reason))
        return
    parsed = parse_line(line, now=now, families=families, source=batch.source, position=number)
    if isinstance(parsed, Refusal):
        batch.refusals.append(RefusedLine(batch.source, line, number, parsed.reason_code, parsed.reason))
    else:
        batch.events.append(parsed)


def _unpacked(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The file's content in pieces.

    Raises:
        _Unreadable: damaged, cut short, or beyond the cap.
    """
    if name.endswith(".gz"):
        pieces = _from_gzip(file)
    elif name.endswith(".zst"):
        pieces = _from_zstd(file)
    else:
        pieces = iter(lambda: file.read(_CHUNK_BYTES), b"")
    size_bytes = 0
    try:
        for piece in pieces:
            size_bytes += len(piece)
            if size_bytes > FILE_CAP_BYTES:
                raise _Unreadable("too_long", f"more than {FILE_CAP_BYTES} bytes unpacked; split the file")
            yield piece
    except (EOFError, zlib.error, zstandard.ZstdError) as error:
        raise _Unreadable("corrupt_archive", f"the archive is damaged: {quoted(str(error))}") from error


def _from_gzip(file: BinaryIO) -> Iterator[bytes]:
    with GzipFile(fileobj=file) as archive:
        while True:
            try:
                piece = archive.read(_CHUNK_BYTES)
            except OSError as error:  # BadGzipFile; a failing disk has an errno
                if error.errno is not None:
                    raise
                raise EOFError(str(error)) from error
            if not piece:
                return
            yield piece


def _from_zstd(file: BinaryIO) -> Iterator[bytes]:
    # Frame by frame: the library's stream reader takes a file that is cut short for a complete one.
    frame = None
    while rest := file.read(_ZSTD_INPUT_BYTES):
        while rest:
            frame = frame or zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
            if piece := frame.decompress(rest):
                yield piece
            rest = b""
            if frame.eof:
                rest, frame = frame.unused_data, None
    if frame is not None:
        raise EOFError("the last frame is cut short")


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes | _Overlong]:
    kept: list[bytes] = []
    size_bytes = 0
    for piece in pieces:
        first, *others = piece.split(b"\n")
        for part, ends_before in [(first, False), *((other, True) for other in others)]:
            if ends_before:
                yield _whole(kept, size_bytes)
                kept, size_bytes = [], 0
            size_bytes += len(part)
            kept.append(part)
            if size_bytes > KEPT_LINE_CAP_BYTES:
                kept = [b"".join(kept)[:KEPT_HEAD_BYTES]]
    if size_bytes:
        yield _whole(kept, size_bytes)


def _whole(kept: list[bytes], size_bytes: int) -> bytes | _Overlong:
    line = b"".join(kept)
    return line if len(line) == size_bytes else _Overlong(line, size_bytes)
