"""marts.balances: what a merchant ever received."""

from decimal import Decimal

from tests.support.models import HOT_WALLET, ModelWorld, deposit


def balances(world: ModelWorld) -> list[tuple]:
    columns = "merchant_id, network, currency, received_final, platform_fees_final, received_pending"
    return [tuple(row.values()) for row in world.rows("marts.balances", columns)]


def test_r15_the_days_add_up(shop: ModelWorld) -> None:
    for block in (5, 719, 720):
        shop.transfer(block, "10.000000000000000001", to=deposit(1))
    shop.head(730, finalized=719)
    shop.refresh()
    assert balances(shop) == [
        ("mer_1", "BSC", "USDT", Decimal("20.000000000000000002"), Decimal("0.2"), Decimal("10.000000000000000001")),
    ]


def test_r15_sweeping_takes_nothing_from_the_merchant(shop: ModelWorld) -> None:
    shop.hot_wallet(0)
    shop.transfer(5, "10", to=deposit(1))
    shop.head(7)
    shop.refresh()
    shop.transfer(8, "10", to=HOT_WALLET, sender=deposit(1))
    shop.head(20)
    shop.refresh()
    assert balances(shop) == [("mer_1", "BSC", "USDT", Decimal(10), Decimal("0.1"), Decimal(0))]


def test_r14_a_rate_that_arrives_late_corrects_the_fees_of_the_past(shop: ModelWorld) -> None:
    shop.transfer(5, "10", to=deposit(1))
    shop.head(7)
    shop.refresh()
    shop.merchant(0, platform_fee_rate="0.05")
    shop.refresh()
    assert balances(shop) == [("mer_1", "BSC", "USDT", Decimal(10), Decimal("0.5"), Decimal(0))]


def test_a_late_earlier_claim_moves_the_whole_book(shop: ModelWorld) -> None:
    shop.transfer(5, "10", to=deposit(1))
    shop.transfer(730, "5", to=deposit(1))
    shop.head(740)
    shop.refresh()
    shop.address(2, -9, address=deposit(1), merchant="mer_2")
    shop.refresh()
    assert balances(shop) == [("mer_2", "BSC", "USDT", Decimal(15), Decimal("0.15"), Decimal(0))]
