"""Which ranges are read, and which logs of an answer count: a function of the facts, not of their order."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from pipelines.ingest.coverage import Job, Watched, coverage_start, covered_only, missing_jobs


def test_coverage_starts_at_midnight_a_day_before_the_address_was_first_spoken_of() -> None:
    assert coverage_start(datetime(2026, 3, 5, 23, 59, tzinfo=UTC)) == datetime(2026, 3, 4, tzinfo=UTC)
    assert coverage_start(datetime(2026, 3, 5, 0, 0, tzinfo=UTC)) == datetime(2026, 3, 4, tzinfo=UTC)


def test_the_first_time_everything_is_read_from_the_earliest_start() -> None:
    assert missing_jobs({"a": 10, "b": 20}, {}, None, 100) == [Job(("a", "b"), 10, 100)]


def test_later_only_new_blocks_are_read() -> None:
    assert missing_jobs({"a": 10, "b": 20}, {"a": 10, "b": 20}, 100, 120) == [Job(("a", "b"), 101, 120)]


def test_an_address_registered_late_has_its_hole_read_first() -> None:
    jobs = missing_jobs({"a": 10, "b": 20}, {"a": 10}, 100, 120)
    assert jobs == [Job(("b",), 20, 100), Job(("a", "b"), 101, 120)]


def test_an_address_found_to_be_older_has_only_the_part_before_read() -> None:
    assert missing_jobs({"a": 5}, {"a": 10}, 100, 100) == [Job(("a",), 5, 9)]


def test_addresses_that_miss_the_same_range_are_read_together() -> None:
    jobs = missing_jobs({"a": 20, "b": 20, "c": 30}, {}, 100, 100)
    assert jobs == [Job(("a", "b"), 20, 100), Job(("c",), 30, 100)]


def test_nothing_watched_reads_nothing() -> None:
    assert missing_jobs({}, {}, None, 100) == []
    assert missing_jobs({}, {}, 50, 100) == []


def at(minute: int) -> datetime:
    return datetime(2026, 3, 5, 12, minute, tzinfo=UTC)


def logs(*rows: tuple[int, str, str]) -> pl.DataFrame:
    """Logs of the blocks of these numbers, one a minute."""
    timed = [(number, at(number), sender, receiver) for number, sender, receiver in rows]
    schema = {"block_number": pl.Int64(), "block_time": pl.Datetime("us", "UTC")}
    return pl.DataFrame(timed, schema=schema | dict.fromkeys(("from_address", "to_address"), pl.String()), orient="row")


def watched(floor: int = 0, **first_blocks: int) -> Watched:
    addresses = Watched(floor)
    for address, first in first_blocks.items():
        addresses.add(address, at(first), first)
    return addresses


def test_logs_older_than_every_watched_address_in_them_do_not_count() -> None:
    answer = logs((5, "payer", "a"), (10, "payer", "a"), (10, "payer", "b"), (20, "b", "payer"))
    kept = covered_only(answer, watched(a=10, b=20)).drop("block_time")
    assert kept.rows() == [(10, "payer", "a"), (20, "b", "payer")]


def test_a_log_counts_when_one_of_its_two_addresses_is_covered() -> None:
    assert covered_only(logs((12, "a", "b")), watched(a=10, b=20)).height == 1


def test_nothing_below_the_first_block_of_the_settings_counts() -> None:
    kept = covered_only(logs((10, "payer", "a"), (15, "payer", "a")), watched(15, a=10))
    assert kept["block_number"].to_list() == [15]
    assert watched(15, a=10, b=20).first_blocks == {"a": 15, "b": 20}


def test_a_time_before_every_chain_starts_at_the_first_block_of_all() -> None:
    assert coverage_start(datetime(1, 1, 1, tzinfo=UTC)) == datetime(1970, 1, 1, tzinfo=UTC)
