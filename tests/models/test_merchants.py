"""marts.merchants: a merchant as last described."""

from decimal import Decimal

from tests.support.models import ModelWorld

MERCHANTS = "marts.merchants"


def test_the_last_word_wins_in_whatever_order_it_arrives(world: ModelWorld) -> None:
    world.merchant(9, name="New name", platform_fee_rate="0.02", timezone="Africa/Lagos", status="suspended")
    world.refresh()
    world.merchant(4, name="Old name", platform_fee_rate="0.03", default_currency="USDC")
    world.refresh()
    assert world.row(MERCHANTS) == {
        "mode": "live",
        "merchant_id": "mer_1",
        "name": "New name",
        "email": "a@shop.example",
        "default_currency": "USDT",
        "platform_fee_rate": Decimal("0.02"),
        "withdrawal_fee_rate": Decimal("0.001"),
        "status": "suspended",
        "timezone": "Africa/Lagos",
    }


def test_r14_a_merchant_nobody_described_has_the_deployment_s_terms(world: ModelWorld) -> None:
    world.address(1, 0, merchant="mer_7")
    world.session(1, 0, merchant="mer_8")
    world.refresh()
    rows = world.rows(MERCHANTS, "merchant_id, name, default_currency, platform_fee_rate, withdrawal_fee_rate, status")
    terms = (None, "USDT", Decimal("0.01"), Decimal("0.001"), "active")
    assert [tuple(row.values()) for row in rows] == [("mer_7", *terms), ("mer_8", *terms)]


def test_r1_each_mode_has_its_own_terms(world: ModelWorld) -> None:
    world.merchant(1)
    data = {"name": "Sandbox", "email": "a@shop.example", "default_currency": "USDC", "status": "active"}
    rates = {"platform_fee_rate": "0", "withdrawal_fee_rate": "0"}
    world.event("merchant.updated", 2, data | rates, mode="test")
    world.refresh()
    rows = world.rows(MERCHANTS, "mode, name, platform_fee_rate")
    assert [tuple(row.values()) for row in rows] == [("live", "Shop", Decimal("0.01")), ("test", "Sandbox", Decimal(0))]


def test_a_merchant_whose_only_claim_failed_is_none(world: ModelWorld) -> None:
    world.address(1, 0)
    world.address(2, 1, address="0x" + f"{1:040x}", merchant="mer_2")
    world.refresh()
    assert [row["merchant_id"] for row in world.rows(MERCHANTS, "merchant_id")] == ["mer_1"]
