"""Exact money: parsing, base units, and the few places where a figure is rounded.

Belongs here: every rounding of an amount. Does not belong here: which amounts are added up. Never a binary float, never
the process-wide decimal context: results do not depend on who else changed it.
"""

import re
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import reduce

# 60 digits hold the product of a DECIMAL(38,18) and a rate exactly; a step that would lose a digit raises instead.
_EXACT = Context(prec=60, Emin=-999, Emax=999, traps=[InvalidOperation, Overflow, Inexact])
_ROUNDING = Context(prec=60, Emin=-999, Emax=999, traps=[InvalidOperation, Overflow])

_EIGHT_PLACES = 8


def parse_plain_decimal(text: str, *, max_integer_digits: int = 20, max_scale: int = 18) -> Decimal:
    """An amount written as plain digits with an optional fraction, such as `100` or `0.25`.

    Args:
        text: ASCII digits and at most one point with digits on both sides; no sign, exponent, space or separator.
        max_integer_digits: digits allowed before the point.
        max_scale: digits allowed after the point.

    Raises:
        ValueError: the text is anything else.
    """
    pattern = rf"[0-9]{{1,{max_integer_digits}}}"
    if max_scale:
        pattern += rf"(\.[0-9]{{1,{max_scale}}})?"
    if not re.fullmatch(pattern, text):
        raise ValueError(
            f"An amount is plain digits: at most {max_integer_digits} before the point and {max_scale} after it."
        )
    return Decimal(text)


def base_units_to_decimal(units: int, decimals: int) -> Decimal:
    """Base units of a token as an amount in tokens, exactly.

    Raises:
        ValueError: more than 60 significant digits.
    """
    try:
        return _EXACT.scaleb(_EXACT.create_decimal(units), -decimals)
    except (Inexact, InvalidOperation):
        raise ValueError("The amount has more than 60 significant digits.") from None


def decimal_to_base_units_ceiling(value: Decimal, decimals: int) -> int:
    """The smallest number of base units that is worth at least `value` tokens (what must arrive to pay it).

    Raises:
        ValueError: the value is not a number, or beyond 60 digits.
    """
    return int(_rounded(_rounded_scale(value, decimals), 0, ROUND_CEILING))


def floor_8(value: Decimal) -> Decimal:
    """Down to 8 decimals, towards minus infinity: a shown balance is never more than what is there."""
    return _rounded(value, _EIGHT_PLACES, ROUND_FLOOR)


def half_up(value: Decimal, places: int) -> Decimal:
    """Rounded to so many decimals, a half away from zero."""
    return _rounded(value, places, ROUND_HALF_UP)


def show_8(value: Decimal) -> str:
    """Plain text with exactly 8 decimals, rounded down."""
    return f"{floor_8(value):f}"


def times(amount: Decimal, factor: Decimal) -> Decimal:
    """The exact product.

    Raises:
        ValueError: it has more than 60 significant digits.
    """
    try:
        return _EXACT.multiply(amount, factor)
    except (Inexact, InvalidOperation):
        raise ValueError("The product has more than 60 significant digits.") from None


def sum_exactly(values: Iterable[Decimal]) -> Decimal:
    """The exact sum; zero of nothing.

    Raises:
        ValueError: it has more than 60 significant digits.
    """
    try:
        return reduce(_EXACT.add, values, Decimal(0))
    except (Inexact, InvalidOperation):
        raise ValueError("The sum has more than 60 significant digits.") from None


def platform_fee(amount: Decimal, rate: Decimal) -> Decimal:
    """The platform's share of one payment in tokens, half-up to 8 decimals.

    Args:
        amount: the payment in tokens.
        rate: a share, 0.01 for one percent.

    Raises:
        ValueError: the product has more than 60 significant digits.
    """
    return half_up(times(amount, rate), _EIGHT_PLACES)


def _rounded_scale(value: Decimal, decimals: int) -> Decimal:
    try:
        return _EXACT.scaleb(value, decimals)
    except (Inexact, InvalidOperation, Overflow):
        raise ValueError("The amount has more than 60 significant digits.") from None


def _rounded(value: Decimal, places: int, rounding: str) -> Decimal:
    if not value.is_finite():
        raise ValueError("An amount is a finite number.")
    try:
        # Adding zero turns a negative zero into zero, so that nothing is ever shown as -0.00000000.
        return _ROUNDING.plus(value.quantize(Decimal((0, (1,), -places)), rounding=rounding, context=_ROUNDING))
    except InvalidOperation:
        raise ValueError("The amount has more than 60 significant digits.") from None
