"""marts.transactions: the platform fee of each incoming transfer, and the rate it was taken at."""

from decimal import Decimal

import pytest

from tests.support.models import ModelWorld, deposit

TRANSACTIONS = "marts.transactions"


def fees(world: ModelWorld) -> list[tuple[Decimal, Decimal]]:
    return [tuple(row.values()) for row in world.rows(TRANSACTIONS, "platform_fee_rate, platform_fee")]


@pytest.mark.parametrize(
    ("amount", "fee"),
    [
        ("100", "1.00000000"),
        ("0.0000005", "0.00000001"),  # 0.000000005: half goes up
        ("0.000000499999999999", "0.00000000"),
        ("1.2345675", "0.01234568"),  # 0.012345675
        ("1.234567499999999999", "0.01234567"),
        ("0.000000000000000001", "0.00000000"),
    ],
)
def test_r14_the_fee_is_rounded_half_up_at_8_places(shop: ModelWorld, amount: str, fee: str) -> None:
    shop.transfer(5, amount, to=deposit(1))
    shop.head(7)
    shop.refresh()
    assert fees(shop) == [(Decimal("0.01"), Decimal(fee))]


@pytest.mark.parametrize(
    ("amount", "rate", "fee"),
    [
        ("0.000000009999999999", "0.5", "0"),  # 0.5e-8 rounds to 1e-8, more than came
        ("0.000000019", "0.9", "0.00000001"),  # 1.71e-8 rounds to 2e-8
        ("0.00000002", "0.99", "0.00000002"),
        ("0.000000024", "0.99", "0.00000002"),
    ],
)
def test_r14_the_fee_is_never_more_than_what_came(shop: ModelWorld, amount: str, rate: str, fee: str) -> None:
    shop.merchant(0, platform_fee_rate=rate)
    shop.transfer(5, amount, to=deposit(1))
    shop.head(20)
    shop.refresh()
    assert fees(shop) == [(Decimal(rate), Decimal(fee))]
    assert shop.row("marts.ledger", "amount, fee, net") == {
        "amount": Decimal(amount), "fee": Decimal(fee), "net": Decimal(amount) - Decimal(fee),
    }  # fmt: skip


def test_r14_the_rate_is_that_in_force_at_the_block_time(shop: ModelWorld) -> None:
    shop.merchant(10, platform_fee_rate="0.02")
    shop.merchant(20, platform_fee_rate="0.03")
    shop.merchant(0, merchant="mer_2", platform_fee_rate="0.5")
    for block in (5, 10, 19, 20):
        shop.transfer(block, "100", to=deposit(1))
    shop.head(30)
    shop.refresh()
    assert fees(shop) == [
        (Decimal("0.02"), Decimal(2)),  # before the first update: its rate
        (Decimal("0.02"), Decimal(2)),
        (Decimal("0.02"), Decimal(2)),
        (Decimal("0.03"), Decimal(3)),  # at its very time
    ]


def test_r14_a_rate_that_arrives_late_restamps_what_it_covers(shop: ModelWorld) -> None:
    for block in (5, 25):
        shop.transfer(block, "100", to=deposit(1))
    shop.head(30)
    shop.refresh()
    by_default = fees(shop)
    shop.merchant(20, platform_fee_rate="0.03")
    shop.merchant(1, platform_fee_rate="0")
    shop.refresh()
    assert by_default == [(Decimal("0.01"), Decimal(1))] * 2
    assert fees(shop) == [(Decimal(0), Decimal(0)), (Decimal("0.03"), Decimal(3))]
