"""marts.prices: what a currency is worth, from a moment to the next price."""

from decimal import Decimal

from tests.support.models import ModelWorld, minute

PRICES = "marts.prices"


def shown(world: ModelWorld) -> list[tuple[object, ...]]:
    rows = world.rows(PRICES, "currency, priced_from, priced_until, price_usd")
    return sorted(tuple(row.values()) for row in rows)


def test_r16_a_price_holds_until_the_next_of_its_currency(world: ModelWorld) -> None:
    world.quote(5, "0.99")
    world.quote(3, "1.01", "USDC")
    world.refresh()
    world.quote(2, "0.98")
    world.refresh()
    assert shown(world) == [
        ("USDC", minute(3), None, Decimal("1.01")),
        ("USDT", minute(2), minute(5), Decimal("0.98")),
        ("USDT", minute(5), None, Decimal("0.99")),
    ]


def test_of_two_prices_for_one_moment_the_one_stored_last_holds(world: ModelWorld) -> None:
    world.quote(5, "0.99")
    world.refresh()
    world.quote(5, "0.97")
    world.refresh()
    assert shown(world) == [("USDT", minute(5), None, Decimal("0.97"))]
