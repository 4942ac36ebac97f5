"""Local days, weeks and months as spans of UTC time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from starlette.datastructures import QueryParams

from api.local_time import TIMEZONE, Window, this_month, this_week, today


def zone(name: str) -> ZoneInfo:
    return TIMEZONE.read(QueryParams({"timezone": name}))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "now", "start", "end"),
    [
        ("UTC", "2026-03-29T12:00", "2026-03-29T00:00", "2026-03-30T00:00"),
        # Summer time begins at 01:00 UTC: 23 hours.
        ("Europe/Berlin", "2026-03-29T12:00", "2026-03-28T23:00", "2026-03-29T22:00"),
        # It ends at 01:00 UTC: 25 hours.
        ("Europe/Berlin", "2026-10-25T12:00", "2026-10-24T22:00", "2026-10-25T23:00"),
        # Cairo's clocks skip midnight, from 00:00 to 01:00: the day begins with the change.
        ("Africa/Cairo", "2023-04-28T12:00", "2023-04-27T22:00", "2023-04-28T21:00"),
        # Havana's go back from 01:00 to 00:00: the day begins at the first midnight.
        ("America/Havana", "2023-11-05T12:00", "2023-11-05T04:00", "2023-11-06T05:00"),
        # The very moment of local midnight belongs to the new day.
        ("Asia/Kolkata", "2026-01-30T18:30", "2026-01-30T18:30", "2026-01-31T18:30"),
    ],
)
def test_r37_a_local_day_is_as_long_as_it_is_there(name, now, start, end):
    assert today(moment(now), zone(name)) == Window(moment(start), moment(end))


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        ("2026-01-26T00:00", "2026-01-26", "2026-02-02"),  # a Monday
        ("2026-02-01T23:59", "2026-01-26", "2026-02-02"),  # the Sunday after
    ],
)
def test_r37_weeks_start_on_monday(now, start, end):
    assert this_week(moment(now), zone("UTC")) == Window(moment(start), moment(end))


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        ("2026-02-10", "2026-02-01", "2026-03-01"),
        ("2026-12-31T23:59", "2026-12-01", "2027-01-01"),
        ("2028-02-29", "2028-02-01", "2028-03-01"),
    ],
)
def test_a_month_is_the_calendar_s(now, start, end):
    assert this_month(moment(now), zone("UTC")) == Window(moment(start), moment(end))
