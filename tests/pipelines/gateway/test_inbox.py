"""Facts about inbox files: every line once, no file stops the others."""

import gzip
import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from pipelines.gateway import inbox
from pipelines.gateway.batches import FeedBatch
from pipelines.gateway.inbox import iter_inbox
from pipelines.gateway.store import append, file_is_known
from tests.support.events import FAMILIES, generate_events, to_line
from warehouse.errors import FeedError
from warehouse.lake import Lake

NOW = datetime(2027, 1, 1, tzinfo=UTC)
LINES = [to_line(event) for event in generate_events(seed=11, count=200)]
CONTENT = b"\n".join(LINES) + b"\n"
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".ndjson": bytes,
    ".ndjson.gz": gzip.compress,
    ".ndjson.zst": zstandard.ZstdCompressor().compress,
}


def read(directory: Path, is_known: Callable[[str], bool] = lambda _: False) -> list[FeedBatch]:
    return list(iter_inbox(directory, is_known, now=lambda: NOW, families=FAMILIES))


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_file_is_one_batch_with_every_line_in_its_place(tmp_path: Path, suffix: str) -> None:
    packed = PACKERS[suffix](CONTENT)
    (tmp_path / f"a{suffix}").write_bytes(packed)

    (batch,) = read(tmp_path)

    assert [event.line for event in batch.events] == LINES
    assert [event.position for event in batch.events] == list(range(1, 201))
    assert {event.source for event in batch.events} == {f"inbox/a{suffix}"}
    assert (batch.refusals, batch.cursor) == ([], None)
    assert batch.file is not None
    assert batch.file.content_sha256 == hashlib.sha256(packed).hexdigest()
    assert (batch.file.name, batch.file.size_bytes, batch.file.line_count) == (f"a{suffix}", len(packed), 200)


@pytest.mark.parametrize("suffix", PACKERS)
def test_several_archives_in_one_file_are_read_through(tmp_path: Path, suffix: str) -> None:
    pack = PACKERS[suffix]
    (tmp_path / f"a{suffix}").write_bytes(pack(CONTENT[:10_000]) + pack(CONTENT[10_000:]))

    (batch,) = read(tmp_path)

    assert len(batch.events) == 200


def test_a_missing_last_line_break_empty_lines_and_carriage_returns_are_fine(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(b"\n\r\n" + LINES[0] + b"\r\n  \n" + LINES[1])

    (batch,) = read(tmp_path)

    assert [(event.position, event.line) for event in batch.events] == [(3, LINES[0] + b"\r"), (5, LINES[1])]
    assert batch.file is not None
    assert batch.file.line_count == 2


def test_a_broken_line_is_refused_with_its_bytes_and_the_others_are_taken(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(b"\xef\xbb\xbf" + LINES[0] + b"\n\xff\0\n" + LINES[1] + b"\n")

    (batch,) = read(tmp_path)

    assert [(one.position, one.line, one.reason_code) for one in batch.refusals] == [
        (1, b"\xef\xbb\xbf" + LINES[0], "invalid_json"),
        (2, b"\xff\0", "invalid_utf8"),
    ]
    assert [event.line for event in batch.events] == [LINES[1]]


def test_lines_are_cut_right_wherever_the_pieces_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.ndjson").write_bytes(b"".join(line + b"\n" for line in LINES[:20]))
    for size_bytes in (1, 7, 500):
        monkeypatch.setattr(inbox, "_CHUNK_BYTES", size_bytes)

        (batch,) = read(tmp_path)

        assert [event.line for event in batch.events] == LINES[:20]


def test_a_line_far_too_long_keeps_its_beginning_and_says_its_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "KEPT_LINE_CAP_BYTES", 2 << 20)
    (tmp_path / "a.ndjson").write_bytes(
        LINES[0] + b"\n" + b"x" * (3 << 20) + b"\n" + b"y" * ((1 << 20) + 1) + b"\n" + LINES[1]
    )

    (batch,) = read(tmp_path)

    assert [(one.position, one.line, one.reason_code) for one in batch.refusals] == [
        (2, b"x" * (64 << 10), "too_long"),
        (3, b"y" * ((1 << 20) + 1), "too_long"),
    ]
    assert batch.refusals[0].reason == f"{3 << 20} bytes, of which the first {64 << 10} are kept"
    assert [event.position for event in batch.events] == [1, 4]


def _gzip_with_wrong_checksum() -> bytes:
    packed = gzip.compress(CONTENT)
    return packed[:-8] + b"\0\0\0\0" + packed[-4:]


DAMAGED = {
    "cut.ndjson.gz": gzip.compress(CONTENT)[:-100],
    "cut.ndjson.zst": zstandard.ZstdCompressor().compress(CONTENT)[:-100],
    "cut_at_last_byte.ndjson.zst": zstandard.ZstdCompressor().compress(CONTENT)[:-1],
    "checksum.ndjson.gz": _gzip_with_wrong_checksum(),
    "flipped.ndjson.zst": (
        packed := bytearray(zstandard.ZstdCompressor().compress(CONTENT)),
        packed.__setitem__(3, 255),
    )
    and bytes(packed),
    "plain.ndjson.gz": CONTENT,
    "plain.ndjson.zst": CONTENT,
    "junk_after.ndjson.gz": gzip.compress(CONTENT) + b"junk",
    "junk_after.ndjson.zst": zstandard.ZstdCompressor().compress(CONTENT) + b"junk",
    "header_only.ndjson.gz": b"\x1f\x8b",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_archive_is_refused_as_a_whole_and_stops_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(DAMAGED[name])
    (tmp_path / "zz.ndjson").write_bytes(CONTENT)

    damaged, good = read(tmp_path)

    digest = hashlib.sha256(DAMAGED[name]).hexdigest()
    assert [(one.position, one.line, one.reason_code) for one in damaged.refusals] == [
        (0, DAMAGED[name][: 64 << 10], "corrupt_archive")
    ]
    assert digest in damaged.refusals[0].reason
    assert damaged.events == []
    assert damaged.file is not None
    assert damaged.file.content_sha256 == digest
    assert len(good.events) == 200


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_file_that_unpacks_beyond_the_cap_is_refused(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "FILE_CAP_BYTES", 8 << 20)
    (tmp_path / f"a{suffix}").write_bytes(PACKERS[suffix]((b" " * 1023 + b"\n") * (9 << 10)))

    (batch,) = read(tmp_path)

    assert [one.reason_code for one in batch.refusals] == ["too_long"]
    assert len(batch.refusals[0].line) <= 64 << 10


def test_files_come_by_name_and_others_are_left_alone(tmp_path: Path) -> None:
    for name in ("b.ndjson", "a.ndjson.gz", ".c.ndjson", "d.ndjson.part", "e.json", "readme.txt"):
        (tmp_path / name).write_bytes(gzip.compress(CONTENT) if name.endswith(".gz") else CONTENT)
    (tmp_path / "f.ndjson").mkdir()
    (tmp_path / "g.ndjson").symlink_to(tmp_path / "nowhere")

    assert [batch.source for batch in read(tmp_path)] == ["inbox/a.ndjson.gz", "inbox/b.ndjson"]


def test_an_empty_file_is_a_batch_so_that_it_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").touch()

    (batch,) = read(tmp_path)

    assert batch.received == 0
    assert batch.file is not None


def test_a_name_that_is_no_text_can_be_stored(tmp_path: Path, feed_lake: Lake) -> None:
    try:
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.ndjson"))).write_bytes(CONTENT)
    except OSError:
        pytest.skip("this file system takes no such names")

    for batch in read(tmp_path):
        append(feed_lake, batch)

    assert feed_lake.rows("SELECT name FROM raw.inbox_files") == [{"name": "\\xff.ndjson"}]


def test_a_file_dropped_again_under_another_name_is_not_read_again(tmp_path: Path, feed_lake: Lake) -> None:
    def stored(digest: str) -> bool:
        return file_is_known(feed_lake, digest)

    (tmp_path / "a.ndjson").write_bytes(CONTENT)
    results = [append(feed_lake, batch) for batch in read(tmp_path, stored)]
    (tmp_path / "b.ndjson").write_bytes(CONTENT)
    (tmp_path / "c.ndjson").write_bytes(CONTENT + b"{\n")

    again = [append(feed_lake, batch) for batch in iter_inbox(tmp_path, stored, now=lambda: NOW, families=FAMILIES)]

    assert [result.accepted for result in results] == [200]
    assert [(result.accepted, result.duplicates, result.refused) for result in again] == [(0, 200, 1)]


def test_a_file_that_did_not_change_is_not_digested_again(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(CONTENT)
    digests: inbox.DigestMemory = {}
    list(iter_inbox(tmp_path, lambda _: True, now=lambda: NOW, families=FAMILIES, digests=digests))
    asked: list[str] = []
    digests = dict.fromkeys(digests, "remembered")

    list(
        iter_inbox(
            tmp_path,
            lambda digest: bool(asked.append(digest)) or True,
            now=lambda: NOW,
            families=FAMILIES,
            digests=digests,
        )
    )

    assert asked == ["remembered"]


def test_a_file_that_grows_while_it_is_read_waits_for_the_next_pass(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(CONTENT)

    def clock() -> datetime:
        with path.open("ab") as file:
            file.write(b"{\n")
        return NOW

    assert list(iter_inbox(tmp_path, lambda _: False, now=clock, families=FAMILIES)) == []
    assert len(read(tmp_path)) == 1


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file whose reading fails")
def test_an_unreadable_file_is_named_after_all_others_were_read(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").symlink_to("/proc/self/mem")
    (tmp_path / "b.ndjson").write_bytes(CONTENT)
    batches = iter_inbox(tmp_path, lambda _: False, now=lambda: NOW, families=FAMILIES)

    assert len(next(batches).events) == 200
    with pytest.raises(FeedError, match=r"a\.ndjson"):
        next(batches)


def test_a_file_that_is_taken_away_meanwhile_is_no_error(tmp_path: Path) -> None:
    for name in ("a.ndjson", "b.ndjson"):
        (tmp_path / name).write_bytes(CONTENT)

    def is_known(_digest: str) -> bool:
        (tmp_path / "b.ndjson").unlink()
        return False

    assert [batch.source for batch in read(tmp_path, is_known)] == ["inbox/a.ndjson"]


def test_a_missing_inbox_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="nowhere") as raised:
        read(tmp_path / "nowhere")

    assert raised.value.hint is not None
