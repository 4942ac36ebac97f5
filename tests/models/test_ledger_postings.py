"""marts.ledger_postings: the legs of an entry in double entry."""

from decimal import Decimal

import pytest

from tests.support.models import ModelWorld, deposit, minute
from warehouse import sql_models


def legs(world: ModelWorld) -> list[tuple]:
    return [tuple(row.values()) for row in world.rows("marts.ledger_postings", "account, amount")]


def test_a_payment_is_held_owed_and_earned(shop: ModelWorld) -> None:
    shop.transfer(5, "33.333333333333333333", to=deposit(1))
    shop.head(10)
    shop.refresh()
    assert legs(shop) == [
        ("deposit", Decimal("33.333333333333333333")),
        ("merchant", Decimal("-33.000000003333333333")),
        ("platform_fees", Decimal("-0.33333333")),
    ]
    entry = shop.row("marts.ledger", "mode, merchant_id, id AS entry_id, network, currency, posted_at")
    assert shop.rows("marts.ledger_postings", "DISTINCT ON (entry_id) " + ", ".join(entry)) == [entry]
    assert entry["posted_at"] == minute(5)


@pytest.mark.parametrize("amount", ["0.000000000000000001", "0.0000005", "999999999999.999999999999999999"])
def test_the_legs_of_an_entry_sum_to_zero(shop: ModelWorld, amount: str) -> None:
    shop.transfer(5, amount, to=deposit(1))
    shop.head(10)
    shop.refresh()
    total = "sum(amount) AS total, typeof(sum(amount)) AS type, count(*) AS legs"
    found = shop.connection.execute(f"SELECT {total} FROM marts.ledger_postings").fetchall()
    assert found == [(Decimal(0), "DECIMAL(38,18)", 3)]


def test_without_a_fee_the_leg_is_zero(shop: ModelWorld) -> None:
    shop.merchant(0, platform_fee_rate="0")
    shop.transfer(5, "10", to=deposit(1))
    shop.head(10)
    shop.refresh()
    assert legs(shop) == [("deposit", Decimal(10)), ("merchant", Decimal(-10)), ("platform_fees", Decimal(0))]


def test_nothing_is_posted_before_its_entry(shop: ModelWorld) -> None:
    shop.transfer(5, "10", to=deposit(1))
    shop.head(10, finalized=4)
    shop.refresh()
    assert legs(shop) == []


def test_postings_take_no_table_of_the_lake() -> None:
    assert "marts.ledger_postings" not in {table.name for table in sql_models.derived_tables()}
