"""How amounts are written in answers.

Belongs here: the JSON types of money and the choice of rounding for each. Does not belong here: the rounding itself
(`warehouse/domain/money.py`) and any sum.
"""

from decimal import Decimal
from typing import Annotated

import msgspec
from pydantic import PlainSerializer, WithJsonSchema

from warehouse.domain.money import base_units_to_decimal, floor_8, half_up, show_8

__all__ = ["Amount", "Number", "amount_of_e8", "as_number", "gas_fee_or_null", "in_usd", "paid_number", "show_8"]


def _plain_json(value: Decimal) -> msgspec.Raw:
    # Not str(): that writes 1E-8.
    return msgspec.Raw(f"{value:f}".encode("ascii"))


# A JSON number with exactly the digits of the Decimal.
Number = Annotated[Decimal, PlainSerializer(_plain_json), WithJsonSchema({"type": "number"})]

# A string with 8 decimals.
Amount = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{8}$"})]


def as_number(value: Decimal) -> Decimal:
    """An amount as it was asked, with every digit that counts and at least two decimals."""
    digits = f"{value:f}"
    whole, _, fraction = digits.partition(".")
    return Decimal(f"{whole}.{fraction.rstrip('0'):0<2}")


def paid_number(value: Decimal | None) -> Decimal | None:
    """A sum of the chain as a number, rounded down to 8 decimals."""
    return None if value is None else as_number(floor_8(value))


def in_usd(value: Decimal) -> Decimal:
    """US dollars, half-up to 2 decimals."""
    return half_up(value, 2)


def gas_fee_or_null(value: Decimal | None) -> str | None:
    """Native coin, half-up to 8 decimals; null stays null."""
    return None if value is None else f"{half_up(value, 8):f}"


def amount_of_e8(units_e8: int) -> Decimal:
    """Units of 1e-8, as the operational store counts, in tokens."""
    return base_units_to_decimal(units_e8, 8)
