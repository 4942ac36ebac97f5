"""intermediate.merchant_rates: which platform fee holds from when."""

from datetime import UTC, datetime
from decimal import Decimal

from tests.support.models import ModelWorld, minute

EVER = datetime(1, 1, 1, tzinfo=UTC)


def rates(world: ModelWorld) -> list[tuple]:
    rows = world.rows("intermediate.merchant_rates", "merchant_id, effective_from, platform_fee_rate")
    return [tuple(row.values()) for row in rows]


def test_r14_the_first_rate_also_holds_before_it_was_said(world: ModelWorld) -> None:
    world.merchant(20, platform_fee_rate="0.03")
    world.merchant(10, platform_fee_rate="0.02")
    world.merchant(15, merchant="mer_2", platform_fee_rate="0")
    assert rates(world) == [
        ("mer_1", EVER, Decimal("0.02")),
        ("mer_1", minute(20), Decimal("0.03")),
        ("mer_2", EVER, Decimal(0)),
    ]


def test_r14_of_two_rates_at_one_time_the_larger_event_id_holds(world: ModelWorld) -> None:
    terms = {"name": "S", "email": "a@shop.example", "default_currency": "USDT", "withdrawal_fee_rate": "0"}
    for event_id, rate in (("evt_b", "0.02"), ("evt_a", "0.05")):
        data = terms | {"platform_fee_rate": rate, "status": "active"}
        world.event("merchant.updated", 10, data, event_id=event_id)
    assert rates(world) == [("mer_1", EVER, Decimal("0.02"))]
