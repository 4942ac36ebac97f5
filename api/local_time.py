"""Days, weeks and months where a merchant lives.

Belongs here: the `timezone` parameter and the calendar it decides. Does not belong here: the clock (`clock.py`).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytz
from starlette.datastructures import QueryParams

from api.errors import InvalidParameter
from api.parameters import Parameter

# What OpenAPI calls such a name here; the specification has no word for it.
TIMEZONE_FORMAT = "iana-time-zone"

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TimeZone(Parameter):
    """A name of the IANA time zone database, as written there."""

    def read(self, query: QueryParams) -> ZoneInfo:
        """The time zone, UTC if absent.

        Raises:
            InvalidParameter: any other name.
        """
        name = self.text(query) or "UTC"
        if name not in pytz.all_timezones_set:
            raise InvalidParameter(self.name, f"Invalid {self.name} specified", format="IANA time zone name")
        return _zone(name)

    def schema(self) -> dict[str, Any]:
        """The name of a time zone, UTC if absent."""
        return {"type": "string", "format": TIMEZONE_FORMAT, "default": "UTC"}


TIMEZONE = TimeZone("timezone", "IANA time zone in which days, weeks (from Monday) and months begin.")


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time in UTC; the end is exclusive."""

    start: datetime
    end: datetime


def today(now: datetime, zone: ZoneInfo) -> Window:
    """The local day."""
    day = _local_day(now, zone)
    return _days(day, day + _DAY, zone)


def this_week(now: datetime, zone: ZoneInfo) -> Window:
    """The local week, from Monday."""
    day = _local_day(now, zone)
    monday = day - timedelta(days=day.weekday())
    return _days(monday, monday + timedelta(days=7), zone)


def this_month(now: datetime, zone: ZoneInfo) -> Window:
    """The local calendar month."""
    first = _local_day(now, zone).replace(day=1)
    return _days(first, (first + timedelta(days=31)).replace(day=1), zone)


def _local_day(now: datetime, zone: ZoneInfo) -> date:
    return now.astimezone(zone).date()


def _days(first: date, end: date, zone: ZoneInfo) -> Window:
    # A midnight that the clocks skip is the moment of the change; of one that they repeat the first counts.
    return Window(*(datetime.combine(day, time.min, zone).astimezone(UTC) for day in (first, end)))


@cache
def _zone(name: str) -> ZoneInfo:
    """From the pinned copy in pytz: the same on every machine, whatever its system has."""
    with pytz.open_resource(name) as file:
        return ZoneInfo.from_file(file, key=name)
