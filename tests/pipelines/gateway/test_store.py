"""Facts about storing batches: nothing twice, nothing lost, every broken line with its bytes."""

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from pipelines.gateway.batches import FeedBatch, InboxFile, RefusedLine
from pipelines.gateway.events import REASON_CODES, Refusal, parse_line
from pipelines.gateway.store import AppendResult, append, file_is_known, read_cursor
from tests.pipelines.gateway.malformed import corpus
from tests.support.events import FAMILIES, generate_events, to_line
from tests.support.mutations import MUTATIONS, mutate
from tests.support.valid_events import changed, valid
from warehouse.lake import Lake

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def batch_of(lines: Sequence[bytes], source: str = "test", **about: object) -> FeedBatch:
    batch = FeedBatch(source, **about)  # ty: ignore[invalid-argument-type]
    for position, line in enumerate(lines, start=1):
        parsed = parse_line(line, now=NOW, families=FAMILIES, source=source, position=position)
        if isinstance(parsed, Refusal):
            batch.refusals.append(RefusedLine(source, line, position, parsed.reason_code, parsed.reason))
        else:
            batch.events.append(parsed)
    return batch


def stored_events(lake: Lake) -> list[tuple[object, ...]]:
    rows = lake.rows("SELECT event_id, type, occurred_at, object_id, address, event FROM raw.gateway_events ORDER BY 1")
    return [tuple(row.values()) for row in rows]


def quarantined(lake: Lake) -> list[tuple[bytes, str]]:
    rows = lake.rows("SELECT line, reason_code FROM raw.gateway_quarantine ORDER BY position")
    return [(row["line"], row["reason_code"]) for row in rows]


def test_a_batch_is_stored_whole_with_its_cursor(feed_lake: Lake) -> None:
    events = generate_events(seed=3, count=60)

    result = append(feed_lake, batch_of([*map(to_line, events), b"{"], cursor="page-2"))

    assert result == AppendResult(accepted=60, refused=1)
    assert [row[0] for row in stored_events(feed_lake)] == sorted(event["event_id"] for event in events)
    assert quarantined(feed_lake) == [(b"{", "invalid_json")]
    assert read_cursor(feed_lake, "test") == "page-2"


def test_the_same_batch_twice_adds_nothing(feed_lake: Lake) -> None:
    batch = batch_of([*map(to_line, generate_events(seed=4, count=60)), b"{"])
    append(feed_lake, batch)
    before = stored_events(feed_lake), quarantined(feed_lake)

    assert append(feed_lake, batch) == AppendResult(duplicates=60, refused=1)
    assert (stored_events(feed_lake), quarantined(feed_lake)) == before


def test_an_event_twice_in_a_batch_is_stored_once(feed_lake: Lake) -> None:
    line = json.dumps(valid()).encode()
    respelled = json.dumps(dict(reversed(valid().items())), indent=1).encode()

    assert append(feed_lake, batch_of([line, respelled, line])) == AppendResult(accepted=1, duplicates=2)


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_the_first_content_of_an_id_stays_and_the_other_goes_to_quarantine(feed_lake: Lake, in_one_batch: bool) -> None:
    first, second = json.dumps(valid()).encode(), b" " + changed("data.amount", "7")
    batches = [batch_of([first, second])] if in_one_batch else [batch_of([first]), batch_of([second])]

    results = [append(feed_lake, batch) for batch in batches]

    assert sum(result.conflicts for result in results) == 1
    assert [json.loads(str(row[-1]))["data"]["amount"] for row in stored_events(feed_lake)] == ["100.50"]
    assert quarantined(feed_lake) == [(second, "conflict")]


def test_a_cursor_moves_and_each_feed_has_its_own(feed_lake: Lake) -> None:
    for source, cursor in (("a", "1"), ("b", "1"), ("a", "2")):
        append(feed_lake, FeedBatch(source, cursor=cursor))
    append(feed_lake, FeedBatch("a"))

    assert [read_cursor(feed_lake, source) for source in ("a", "b", "c")] == ["2", "1", None]


def test_a_file_is_stored_once_whatever_its_name(feed_lake: Lake) -> None:
    lines = [json.dumps(valid()).encode(), b"{"]
    digest = hashlib.sha256(b"bytes").hexdigest()
    append(feed_lake, batch_of(lines, file=InboxFile(digest, "a.ndjson", 5, 2)))

    again = append(feed_lake, batch_of(lines, "other", file=InboxFile(digest, "b.ndjson", 5, 2)))

    assert again == AppendResult(duplicates=2)
    assert file_is_known(feed_lake, digest)
    assert not file_is_known(feed_lake, "0" * 64)
    assert feed_lake.rows("SELECT name, line_count FROM raw.inbox_files") == [{"name": "a.ndjson", "line_count": 2}]
    assert len(quarantined(feed_lake)) == 1


def test_every_malformed_line_lands_in_quarantine_with_its_exact_bytes(feed_lake: Lake) -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    rows = {row.line: row for row in corpus()}
    refusals = []
    for position, line in enumerate(rows, start=1):
        parsed = parse_line(line, now=now, families=FAMILIES)
        assert isinstance(parsed, Refusal)
        refusals.append(RefusedLine("corpus", line, position, parsed.reason_code, parsed.reason))

    result = append(feed_lake, FeedBatch("corpus", refusals=refusals))

    assert result == AppendResult(refused=len(rows))
    assert quarantined(feed_lake) == [(row.line, row.code) for row in rows.values()]


def test_any_order_and_batching_of_the_same_events_stores_the_same(make_lake: Callable[[str], Lake]) -> None:
    lines = [to_line(event) for event in generate_events(seed=5, count=150)]
    tables = []
    for seed in (1, 2):
        rng = random.Random(seed)
        shuffled = [*lines, *rng.choices(lines, k=50)]
        rng.shuffle(shuffled)
        lake = make_lake(str(seed))
        while shuffled:
            size = rng.randint(1, 120)
            append(lake, batch_of(shuffled[:size]))
            del shuffled[:size]
        tables.append(stored_events(lake))

    assert tables[0] == tables[1]


def test_every_mutated_line_is_accepted_a_duplicate_or_in_quarantine(feed_lake: Lake, evidence) -> None:
    print("seed", evidence.seed)
    rng = random.Random(evidence.seed)
    count = evidence.cases(test=400, evidence=20_000)
    base = [to_line(event) for event in generate_events(evidence.seed, 300)]
    received = [*base]
    for number in range(count):
        family = list(MUTATIONS)[number % len(MUTATIONS)]
        received.append(mutate(family, rng.choice(base), rng))
    rng.shuffle(received)

    total = AppendResult()
    quarantine_expected: set[bytes] = set()
    for start in range(0, len(received), 500):
        batch = batch_of(received[start : start + 500])
        result = append(feed_lake, batch)
        total = AppendResult(*(getattr(total, name) + getattr(result, name) for name in total.__slots__))
        quarantine_expected |= {refusal.line for refusal in batch.refusals}

    assert total.accepted + total.duplicates + total.conflicts + total.refused == len(received)
    assert total.accepted == len(stored_events(feed_lake))
    rows = feed_lake.rows("SELECT line, reason_code, reason FROM raw.gateway_quarantine")
    lines = {row["line"] for row in rows}
    assert len(lines) == len(rows)
    assert lines <= set(received)
    assert lines >= quarantine_expected
    assert all(row["reason"] and row["reason_code"] in REASON_CODES for row in rows)
    assert {row["line"] for row in rows if row["reason_code"] != "conflict"} == quarantine_expected
    # What is neither stored nor in quarantine is a repetition of something stored.
    contents = {row["content_sha256"] for row in feed_lake.rows("SELECT content_sha256 FROM raw.gateway_events")}
    for line in set(received) - lines:
        event = parse_line(line, now=NOW, families=FAMILIES)
        assert not isinstance(event, Refusal)
        assert event.content_sha256 in contents
