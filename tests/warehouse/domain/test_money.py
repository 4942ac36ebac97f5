"""Money is exact: what is parsed is what was written, and each rounding goes the way it must."""

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.domain.money import (
    base_units_to_decimal,
    decimal_to_base_units_ceiling,
    floor_8,
    half_up,
    parse_plain_decimal,
    platform_fee,
    show_8,
)

amounts = st.decimals(min_value=0, max_value=10**18, places=18, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    "text", ["0", "100", "0.25", "0.000000000000000001", "99999999999999999999.123456789012345678"]
)
def test_plain_decimals_are_read_exactly(text: str) -> None:
    assert str(f"{parse_plain_decimal(text):f}") == text


NOT_PLAIN = [
    "",
    " 1",
    "1 ",
    "+1",
    "-1",
    "1e3",
    "1E3",
    ".5",
    "5.",
    "1,000",
    "1_000",
    "NaN",
    "Infinity",
    "0x10",
    "1.2.3",
    "1\n",
]
OTHER_DIGITS = ["\u0663", "\uff11"]  # Arabic-Indic three, full-width one
TOO_LONG = ["1" * 21, "0." + "1" * 19]


@pytest.mark.parametrize("text", [*NOT_PLAIN, *OTHER_DIGITS, *TOO_LONG])
def test_anything_but_plain_digits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="plain digits"):
        parse_plain_decimal(text)


def test_the_allowed_scale_can_be_narrower() -> None:
    assert parse_plain_decimal("1.12345678", max_scale=8) == Decimal("1.12345678")
    with pytest.raises(ValueError, match="8 after"):
        parse_plain_decimal("1.123456789", max_scale=8)
    with pytest.raises(ValueError, match="0 after"):
        parse_plain_decimal("1.0", max_scale=0)


@given(units=st.integers(min_value=0, max_value=10**38 - 1), decimals=st.integers(min_value=0, max_value=18))
def test_base_units_survive_the_way_to_tokens_and_back(units: int, decimals: int) -> None:
    assert decimal_to_base_units_ceiling(base_units_to_decimal(units, decimals), decimals) == units


def test_base_units_beyond_60_digits_are_refused_not_rounded() -> None:
    assert f"{base_units_to_decimal(10**60 - 1, 18):f}" == "9" * 42 + "." + "9" * 18
    with pytest.raises(ValueError, match="60 significant digits"):
        base_units_to_decimal(2**256 - 1, 18)


def test_what_must_arrive_is_rounded_up_to_a_whole_base_unit() -> None:
    assert decimal_to_base_units_ceiling(Decimal("1.0000001"), 6) == 1_000_001
    assert decimal_to_base_units_ceiling(Decimal("1.000000"), 6) == 1_000_000


@given(amount=amounts)
def test_a_shown_balance_is_never_more_than_what_is_there(amount: Decimal) -> None:
    shown = Decimal(show_8(amount))
    assert shown <= amount < shown + Decimal("0.00000001")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "0.00000000"),
        ("-0", "0.00000000"),
        ("1.999999999", "1.99999999"),
        ("-0.000000001", "-0.00000001"),
        ("1E+30", "1" + "0" * 30 + ".00000000"),
    ],
)
def test_eight_decimals_are_always_plain_text(value: str, shown: str) -> None:
    assert show_8(Decimal(value)) == shown


@pytest.mark.parametrize(
    ("value", "rounded"), [("0.005", "0.01"), ("0.0049999", "0.00"), ("-0.005", "-0.01"), ("-0.004", "0.00")]
)
def test_a_half_is_rounded_away_from_zero(value: str, rounded: str) -> None:
    assert str(half_up(Decimal(value), 2)) == rounded


def test_the_platform_fee_is_rounded_half_up_once() -> None:
    assert platform_fee(Decimal("100"), Decimal("0.01")) == Decimal("1.00000000")
    assert platform_fee(Decimal("0.0000005"), Decimal("0.01")) == Decimal("0.00000001")
    assert platform_fee(Decimal("0.00000049"), Decimal("0.01")) == Decimal("0")


def test_a_fee_that_cannot_be_exact_is_refused() -> None:
    with pytest.raises(ValueError, match="60 significant digits"):
        platform_fee(Decimal("1." + "1" * 59), Decimal("0.0123"))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_no_amount_is_ever_not_a_number(value: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        floor_8(Decimal(value))


def test_results_do_not_depend_on_the_process_wide_decimal_context() -> None:
    amount = Decimal("123456789012345678.123456789012345678")
    with decimal.localcontext() as context:
        context.prec = 3
        context.rounding = decimal.ROUND_UP
        assert platform_fee(amount, Decimal("0.01")) == Decimal("1234567890123456.78123457")
        assert show_8(amount) == "123456789012345678.12345678"
        assert base_units_to_decimal(10**37 + 1, 18) == Decimal("10000000000000000000.000000000000000001")
