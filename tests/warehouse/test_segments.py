"""How published data is cut, and which pieces a change touches."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

from warehouse.manifest import Segment
from warehouse.segments import SINGLE_SEGMENT_ROWS, Cut, bucket_of, plan_buckets, plan_ranges

TODAY = date(2026, 3, 15)
MONTHS = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def test_few_rows_are_one_segment() -> None:
    assert plan_ranges(SINGLE_SEGMENT_ROWS - 1, MONTHS, TODAY) == [Cut("range")]
    assert plan_buckets(SINGLE_SEGMENT_ROWS - 1) == [Cut("bucket")]


def test_many_rows_are_cut_into_months_the_current_month_and_the_last_two_days() -> None:
    cuts = plan_ranges(SINGLE_SEGMENT_ROWS, MONTHS, TODAY)
    edges = [(cut.low, cut.high) for cut in cuts]
    assert edges == [
        (None, at(1, 1)),
        (at(1, 1), at(2, 1)),
        (at(2, 1), at(3, 1)),
        (at(3, 1), at(3, 14)),
        (at(3, 14), None),
    ]


def test_on_the_first_of_a_month_the_hot_days_reach_into_the_month_before() -> None:
    cuts = plan_ranges(SINGLE_SEGMENT_ROWS, MONTHS, date(2026, 3, 1))
    assert [(cut.low, cut.high) for cut in cuts][-2:] == [(at(2, 1), at(2, 28)), (at(2, 28), None)]


def test_ranges_follow_one_another_without_gap_for_any_day() -> None:
    for day in range(1, 32):
        cuts = plan_ranges(SINGLE_SEGMENT_ROWS, [*MONTHS, date(2027, 1, 1)], date(2026, 3, day))
        assert cuts[0].low is None
        assert cuts[-1].high is None
        assert all(one.high == other.low for one, other in pairwise(cuts))


def test_a_changed_day_touches_only_the_range_it_lies_in() -> None:
    cuts = plan_ranges(SINGLE_SEGMENT_ROWS, MONTHS, TODAY)
    touched = [cut for cut in cuts if cut.touches({date(2026, 2, 28)}, set())]
    assert touched == [Cut("range", at(2, 1), at(3, 1))]


def test_a_changed_merchant_touches_only_its_bucket() -> None:
    cuts = plan_buckets(SINGLE_SEGMENT_ROWS)
    assert [cut.bucket for cut in cuts if cut.touches(set(), {bucket_of("mer_7")})] == [bucket_of("mer_7")]


def test_a_segment_is_kept_only_for_the_very_same_piece() -> None:
    segment = Segment("x.duckdb", "range", 1, low=at(3, 1), high=at(3, 14))
    assert Cut("range", at(3, 1), at(3, 14)).matches(segment)
    assert not Cut("range", at(3, 1), at(3, 15)).matches(segment)
