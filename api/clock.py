"""The API's one source of the time of day.

Belongs here: the clock and its type, so that a test can hand in another. Does not belong here: calendars.
"""

from collections.abc import Callable
from datetime import UTC, datetime

# Gives the present moment, aware.
Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)
