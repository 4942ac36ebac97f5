"""marts.daily_credits: what a merchant received on one UTC day."""

from datetime import date
from decimal import Decimal

from tests.support.models import HOT_WALLET, ModelWorld, deposit

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)  # minute 720 is the midnight between them


def credits(world: ModelWorld) -> list[tuple]:
    columns = "network, currency, day, received_final, platform_fees_final, received_pending, transfer_count"
    return [tuple(row.values()) for row in world.rows("marts.daily_credits", columns)]


def test_r15_days_are_utc_and_a_transfer_counts_on_its_block_s(shop: ModelWorld) -> None:
    shop.transfer(5, "10", to=deposit(1))
    shop.transfer(719, "20", to=deposit(1))
    shop.transfer(720, "40", to=deposit(1))
    shop.head(730)
    shop.refresh()
    assert credits(shop) == [
        ("BSC", "USDT", MONDAY, Decimal(30), Decimal("0.3"), Decimal(0), 2),
        ("BSC", "USDT", TUESDAY, Decimal(40), Decimal("0.4"), Decimal(0), 1),
    ]


def test_r15_received_is_pending_until_final(shop: ModelWorld) -> None:
    shop.transfer(5, "10", to=deposit(1))
    shop.transfer(6, "20", to=deposit(1))
    shop.head(10, finalized=5)
    shop.refresh()
    before = credits(shop)
    shop.head(10, finalized=6)
    shop.refresh()
    assert before == [("BSC", "USDT", MONDAY, Decimal(10), Decimal("0.1"), Decimal(20), 2)]
    assert credits(shop) == [("BSC", "USDT", MONDAY, Decimal(30), Decimal("0.3"), Decimal(0), 2)]


def test_r15_only_what_comes_in_counts_matched_or_not(shop: ModelWorld) -> None:
    shop.hot_wallet(0)
    shop.transfer(0, "10", to=deposit(1))  # before any assignment
    shop.transfer(5, "20", to=deposit(1))
    shop.transfer(6, "30", to=HOT_WALLET, sender=deposit(1))
    shop.head(10)
    shop.refresh()
    assert credits(shop) == [("BSC", "USDT", MONDAY, Decimal(30), Decimal("0.3"), Decimal(0), 2)]


def test_r14_fees_are_summed_from_each_transfer_s_own_rounding(shop: ModelWorld) -> None:
    for block in (5, 6, 7):
        shop.transfer(block, "0.0000005", to=deposit(1))  # a fee of half of 1e-8 each: 1e-8
    shop.head(10)
    shop.refresh()
    assert credits(shop) == [("BSC", "USDT", MONDAY, Decimal("0.0000015"), Decimal("0.00000003"), Decimal(0), 3)]


def test_networks_and_currencies_stand_apart(world: ModelWorld) -> None:
    world.address(1, 0)
    world.address(2, 0, address=deposit(1), network="ETH")
    world.transfer(5, "10", to=deposit(1))
    world.transfer(5, "20", to=deposit(1), currency="USDC", log_index=1)
    world.transfer(5, "30", to=deposit(1), network="ETH")
    world.head(10)
    world.head(10, network="ETH", finalized=4)
    world.refresh()
    assert credits(world) == [
        ("BSC", "USDC", MONDAY, Decimal(20), Decimal("0.2"), Decimal(0), 1),
        ("BSC", "USDT", MONDAY, Decimal(10), Decimal("0.1"), Decimal(0), 1),
        ("ETH", "USDT", MONDAY, Decimal(0), Decimal(0), Decimal(30), 1),
    ]


def test_a_day_whose_money_moves_to_another_merchant_leaves_no_row(shop: ModelWorld) -> None:
    shop.transfer(5, "10", to=deposit(1))
    shop.head(10)
    shop.refresh()
    shop.address(2, -9, address=deposit(1), merchant="mer_2")
    shop.refresh()
    assert [row["merchant_id"] for row in shop.rows("marts.daily_credits", "merchant_id")] == ["mer_2"]
