"""Facts about the quarantine: what was refused can be tried again, and comes in once."""

import json
from datetime import UTC, datetime

from pipelines.gateway.batches import FeedBatch, RefusedLine
from pipelines.gateway.events import Refusal, parse_line
from pipelines.gateway.quarantine import ReplayResult, list_open, replay
from pipelines.gateway.store import append
from tests.support.events import FAMILIES
from tests.support.valid_events import changed, valid
from warehouse.domain.networks import Family
from warehouse.lake import Lake

EARLY = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 6, 1, tzinfo=UTC)
LINE = json.dumps(valid()).encode()


def refuse(lake: Lake, *lines: bytes, families: dict[str, Family] = FAMILIES, source: str = "test") -> None:
    """Receive lines at a time when, or with settings by which, all of them are refused."""
    batch = FeedBatch(source)
    for position, line in enumerate(lines, start=1):
        refusal = parse_line(line, now=EARLY, families=families)
        assert isinstance(refusal, Refusal)
        batch.refusals.append(RefusedLine(source, line, position, refusal.reason_code, refusal.reason))
    append(lake, batch)


def accept(lake: Lake, line: bytes) -> None:
    event = parse_line(line, now=LATER, families=FAMILIES, source="test", position=1)
    assert not isinstance(event, Refusal)
    append(lake, FeedBatch("test", [event]))


def test_a_line_once_ahead_of_its_time_is_accepted_later(feed_lake: Lake) -> None:
    refuse(feed_lake, b"{", LINE)
    assert [(row["line"], row["reason_code"], row["position"]) for row in list_open(feed_lake)] == [
        (b"{", "invalid_json", 1),
        (LINE, "future_time", 2),
    ]

    assert replay(feed_lake, now=LATER, families=FAMILIES) == ReplayResult(accepted=1, refused=1)
    assert [row["line"] for row in list_open(feed_lake)] == [b"{"]
    stored = feed_lake.rows("SELECT event_id, source, position FROM raw.gateway_events")
    assert stored == [{"event_id": "evt_session.created", "source": "test", "position": 2}]


def test_a_line_of_a_network_added_to_the_settings_is_accepted(feed_lake: Lake) -> None:
    accepted_early = changed("occurred_at", "2025-12-01T00:00:00Z")
    refuse(feed_lake, accepted_early, families={"BSC": Family.EVM})

    assert replay(feed_lake, now=LATER, families=FAMILIES) == ReplayResult(accepted=1)


def test_a_second_replay_changes_nothing(feed_lake: Lake) -> None:
    refuse(feed_lake, LINE)
    replay(feed_lake, now=LATER, families=FAMILIES)

    assert replay(feed_lake, now=LATER, families=FAMILIES) == ReplayResult()
    assert len(feed_lake.rows("SELECT 1 FROM raw.gateway_events")) == 1


def test_a_line_that_came_in_meanwhile_is_settled_as_a_duplicate(feed_lake: Lake) -> None:
    refuse(feed_lake, LINE)
    refuse(feed_lake, LINE, source="another")
    accept(feed_lake, LINE)

    assert replay(feed_lake, now=LATER, families=FAMILIES) == ReplayResult(duplicates=2)
    assert list_open(feed_lake) == []


def test_the_same_line_from_two_sources_comes_in_once(feed_lake: Lake) -> None:
    refuse(feed_lake, LINE)
    refuse(feed_lake, LINE, source="another")

    assert replay(feed_lake, now=LATER, families=FAMILIES) == ReplayResult(accepted=1, duplicates=1)


def test_a_conflict_stays_refused_with_its_reason(feed_lake: Lake) -> None:
    accept(feed_lake, LINE)
    accept(feed_lake, changed("data.amount", "7"))

    assert replay(feed_lake, now=LATER, families=FAMILIES) == ReplayResult(refused=1)
    assert [row["reason_code"] for row in list_open(feed_lake)] == ["conflict"]
    (outcome,) = feed_lake.rows("SELECT outcome, reason FROM raw.gateway_quarantine_replays")
    assert outcome["outcome"] == "refused"
    assert outcome["reason"].startswith("event_id: ")


def test_only_the_named_lines_are_tried(feed_lake: Lake) -> None:
    refuse(feed_lake, LINE, changed("event_id", "evt_2"))
    chosen = list_open(feed_lake)[1]["quarantine_id"]

    assert replay(feed_lake, now=LATER, families=FAMILIES, quarantine_ids=[chosen]) == ReplayResult(accepted=1)
    assert [row["position"] for row in list_open(feed_lake)] == [1]
