"""Query parameters: declared once, read strictly, documented from the same declaration.

Belongs here: the kinds of parameters and the ones that several resources share. Does not belong here: which resource
takes which. An empty value is an absent one; a wrong one is a 400 that names the parameter and never repeats the value.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request

from api.errors import InvalidParameter
from warehouse.domain.money import parse_plain_decimal

SEARCH_LENGTH_MAX = 512

_DATE = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
_TIME = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?"
_OFFSET = r"(Z|[+-][0-9]{2}:[0-9]{2})?"
_MOMENT = re.compile(rf"{_DATE}(?:T{_TIME}{_OFFSET})?")

_LAST_MICROSECOND = time(23, 59, 59, 999999)


def query_of(request: Request) -> QueryParams:
    """The query parameters, read as UTF-8 also where a client did not percent-encode them."""
    return QueryParams(request.scope["query_string"].decode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter's name and what it means."""

    name: str
    description: str

    def text(self, query: QueryParams) -> str | None:
        """The value as sent, None if absent or empty.

        Raises:
            InvalidParameter: it is given more than once.
        """
        values = query.getlist(self.name)
        if len(values) > 1:
            raise InvalidParameter(self.name, f"The parameter {self.name} is given more than once")
        return (values[0] or None) if values else None

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the value."""
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class Choice(Parameter):
    """A filter that is one of several words, in any case; `all` is the same as none."""

    values: tuple[str, ...]

    def read(self, query: QueryParams, values: Sequence[str] | None = None) -> str | None:
        """The word as documented, None for no filter.

        Args:
            query: the request's parameters.
            values: what is allowed in this deployment, if it differs.

        Raises:
            InvalidParameter: any other word.
        """
        allowed = self.values if values is None else values
        text = self.text(query)
        if text is None or text.lower() == "all":
            return None
        for value in allowed:
            # Only ASCII: elsewhere different letters fold into the same one.
            if text.isascii() and text.lower() == value.lower():
                return value
        raise InvalidParameter(self.name, f"Invalid {self.name} specified", allowed_values=list(allowed))

    def schema(self) -> dict[str, Any]:
        """The words, `all` among them."""
        return {"type": "string", "enum": ["all", *self.values], "default": "all"}


@dataclass(frozen=True, slots=True)
class Selection(Choice):
    """One of several words of which one holds when none is sent."""

    default: str

    def pick(self, query: QueryParams) -> str:
        """The word as documented, or the default.

        Raises:
            InvalidParameter: any other word.
        """
        return self.read(query) or self.default

    def schema(self) -> dict[str, Any]:
        """The words and the default."""
        return {"type": "string", "enum": list(self.values), "default": self.default}


@dataclass(frozen=True, slots=True)
class WholeNumber(Parameter):
    """ASCII digits within limits."""

    minimum: int
    maximum: int
    default: int

    def read(self, query: QueryParams) -> int:
        """The number, or the default.

        Raises:
            InvalidParameter: anything but digits, or outside the limits.
        """
        text = self.text(query)
        if text is None:
            return self.default
        digits = text.lstrip("0") or "0"
        if text.isascii() and text.isdigit() and len(digits) <= len(str(self.maximum)):
            number = int(digits)
            if self.minimum <= number <= self.maximum:
                return number
        message = f"Invalid {self.name} specified"
        raise InvalidParameter(self.name, message, minimum=self.minimum, maximum=self.maximum)

    def schema(self) -> dict[str, Any]:
        """The limits and the default."""
        limits = {"minimum": self.minimum, "maximum": self.maximum}
        return {"type": "integer", **limits, "default": self.default}


@dataclass(frozen=True, slots=True)
class YesOrNo(Parameter):
    """`true` or `false` in any case."""

    def read(self, query: QueryParams) -> bool | None:
        """The value, None if absent.

        Raises:
            InvalidParameter: any other word.
        """
        text = self.text(query)
        if text is None:
            return None
        if text.isascii() and text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise InvalidParameter(self.name, f"Invalid {self.name} specified", allowed_values=["true", "false"])

    def schema(self) -> dict[str, Any]:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Search(Parameter):
    """Free text up to `SEARCH_LENGTH_MAX` characters; no character has a special meaning."""

    def read(self, query: QueryParams) -> str | None:
        """The text, None if absent.

        Raises:
            InvalidParameter: the text is too long.
        """
        text = self.text(query)
        if text is not None and len(text) > SEARCH_LENGTH_MAX:
            message = f"The parameter {self.name} is too long"
            raise InvalidParameter(self.name, message, maximum_length=SEARCH_LENGTH_MAX)
        return text

    def schema(self) -> dict[str, Any]:
        """Text with a limit."""
        return {"type": "string", "maxLength": SEARCH_LENGTH_MAX}


@dataclass(frozen=True, slots=True)
class DateBound(Parameter):
    """An ISO 8601 date or date-time, in UTC if it has no offset; both bounds are inclusive."""

    is_end: bool = False

    def read(self, query: QueryParams) -> datetime | None:
        """The moment in UTC, None if absent; a date alone as an end means its last microsecond.

        Raises:
            InvalidParameter: anything else than such a date.
        """
        text = self.text(query)
        if text is None:
            return None
        try:
            return _parse_moment(text, end_of_day=self.is_end)
        except (ValueError, OverflowError):
            message = f"Invalid {self.name} specified"
            raise InvalidParameter(self.name, message, format="ISO 8601 date or date-time") from None

    def schema(self) -> dict[str, Any]:
        """A date or a date-time."""
        return {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}


@dataclass(frozen=True, slots=True)
class AmountBound(Parameter):
    """An amount in plain digits with at most 8 decimals; compared with exact amounts."""

    def read(self, query: QueryParams) -> Decimal | None:
        """The amount, None if absent.

        Raises:
            InvalidParameter: a sign, an exponent, a ninth decimal, or anything else than such an amount.
        """
        text = self.text(query)
        if text is None:
            return None
        try:
            return parse_plain_decimal(text, max_scale=8)
        except ValueError:
            message = f"Invalid {self.name} specified"
            raise InvalidParameter(self.name, message, format="at most 20 digits and 8 decimals") from None

    def schema(self) -> dict[str, Any]:
        """Text: a number may be written with an exponent, and kept as a binary float."""
        return {"type": "string", "pattern": r"^[0-9]{1,20}(\.[0-9]{1,8})?$"}


def _parse_moment(text: str, *, end_of_day: bool) -> datetime:
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError("not ISO 8601")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    on_day = date(int(year), int(month), int(day))
    if hour is None:
        return datetime.combine(on_day, _LAST_MICROSECOND if end_of_day else time.min, UTC)
    at = time(int(hour), int(minute), int(second or 0), int((fraction or "0").ljust(6, "0")))
    return datetime.combine(on_day, at, _zone(offset)).astimezone(UTC)


def _zone(offset: str | None) -> timezone:
    if offset is None or offset == "Z":
        return UTC
    hours, minutes = int(offset[1:3]), int(offset[4:6])
    if minutes > 59:
        raise ValueError("not an offset")
    size = timedelta(hours=hours, minutes=minutes)
    return timezone(-size if offset[0] == "-" else size)


START_DATE = DateBound("start_date", "From this moment on, inclusive; ISO 8601, UTC if it has no offset.")
END_DATE = DateBound(
    "end_date", "Up to this moment, inclusive; a date alone covers its whole day. ISO 8601.", is_end=True
)
NETWORK = Choice("network", "Only this network.", ("BSC", "ETH", "POL", "TRX", "SOL"))
CURRENCY = Choice("currency", "Only this currency.", ("USDT", "USDC"))
SORT_ORDER = Selection("sort_order", "Ascending or descending; nulls come last in both.", ("asc", "desc"), "desc")


def read_period(query: QueryParams) -> tuple[datetime | None, datetime | None]:
    """Both date bounds.

    Raises:
        InvalidParameter: one is malformed, or the start is after the end.
    """
    start, end = START_DATE.read(query), END_DATE.read(query)
    if start is not None and end is not None and start > end:
        raise InvalidParameter("start_date", "start_date must not be after end_date")
    return start, end


def documented(parameters: Iterable[Parameter]) -> dict[str, Any]:
    """The OpenAPI description of these query parameters, for a route's `openapi_extra`."""
    return {
        "parameters": [
            {
                "name": parameter.name,
                "in": "query",
                "required": False,
                "allowEmptyValue": True,
                "description": parameter.description,
                "schema": parameter.schema(),
            }
            for parameter in parameters
        ]
    }
