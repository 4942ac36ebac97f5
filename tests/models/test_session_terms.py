"""intermediate.session_terms: one session as its gateway describes it."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.models import ModelWorld, minute, session

TERMS = "intermediate.session_terms"


def test_a_session_is_as_its_creation_says(world: ModelWorld) -> None:
    world.session(1, 3, amount="12.5", expires=20, reference="INV-7", metadata={"cart": 4}, description="Shoes")
    world.refresh()
    assert world.row(TERMS) == {
        "mode": "live",
        "merchant_id": "mer_1",
        "session_id": session(1),
        "network": "BSC",
        "currency": "USDT",
        "reference": "INV-7",
        "amount": Decimal("12.5"),
        "decimals": 18,
        "amount_base_units": Decimal("12500000000000000000"),
        "customer_email": "payer@example.com",
        "customer_name": "Payer",
        "description": "Shoes",
        "callback_url": None,
        "metadata": '{"cart":4}',
        "payment_url": None,
        "created_at": minute(3),
        "expires_at": minute(20),
        "failed_at": None,
    }


def test_the_last_word_wins_in_whatever_order_it_arrives(world: ModelWorld) -> None:
    world.session(1, 5, reference="LATER")
    world.refresh()
    world.session(1, 2, reference="EARLIER")
    world.refresh()
    row = world.row(TERMS)
    assert (row["reference"], row["created_at"]) == ("LATER", minute(5))


def test_of_two_words_at_one_time_the_larger_event_id_wins(world: ModelWorld) -> None:
    world.session(1, 5, reference="B", event_id="evt_b")
    world.session(1, 5, reference="A", event_id="evt_a")
    world.refresh()
    assert world.row(TERMS)["reference"] == "B"


@pytest.mark.parametrize("change", [{"merchant": "mer_2"}, {"mode": "test"}, {"network": "ETH"}, {"currency": "USDC"}])
def test_a_later_creation_of_another_merchant_mode_network_or_currency_takes_no_effect(
    world: ModelWorld, change: dict[str, Any]
) -> None:
    world.session(1, 1, reference="FIRST")
    world.session(1, 2, reference="SECOND", **change)
    world.refresh()
    assert world.row(TERMS, "mode, merchant_id, network, currency, reference, created_at") == {
        "mode": "live",
        "merchant_id": "mer_1",
        "network": "BSC",
        "currency": "USDT",
        "reference": "FIRST",
        "created_at": minute(1),
    }


def test_an_earlier_creation_that_arrives_late_takes_the_session_over(world: ModelWorld) -> None:
    world.session(1, 5, reference="FIRST SEEN")
    world.refresh()
    world.session(1, 2, reference="EARLIEST", merchant="mer_2")
    world.refresh()
    row = world.row(TERMS)
    assert (row["merchant_id"], row["reference"], row["created_at"]) == ("mer_2", "EARLIEST", minute(2))


def test_the_latest_failure_is_the_one_kept(world: ModelWorld) -> None:
    world.session(1, 0)
    for at in (9, 7):
        world.event("session.failed", at, {"session_id": session(1), "reason": "x"})
    world.refresh()
    assert world.row(TERMS)["failed_at"] == minute(9)


@pytest.mark.parametrize(
    ("network", "amount", "base_units"),
    [
        ("ETH", "100", 100_000_000),
        ("ETH", "0.0000001", 1),  # what cannot be paid in whole units is rounded up to what can
        ("ETH", "1.0000010", 1_000_001),
        ("ETH", "1.00000101", 1_000_002),
        ("BSC", "0.000000000000000001", 1),
        ("BSC", "99999999999.5", 99_999_999_999_500_000_000_000_000_000),
    ],
)
def test_r13_the_asked_amount_is_exact_in_base_units(
    world: ModelWorld, network: str, amount: str, base_units: int
) -> None:
    world.session(1, 0, amount=amount, network=network)
    world.refresh()
    row = world.row(TERMS)
    assert (row["amount"], row["amount_base_units"]) == (Decimal(amount), base_units)


def test_r17_a_session_on_a_network_without_that_token_is_kept_without_units(world: ModelWorld) -> None:
    world.connection.execute("DELETE FROM registry.tokens WHERE network = 'ETH'")
    world.session(1, 0, network="ETH")
    world.refresh()
    row = world.row(TERMS)
    assert (row["amount"], row["decimals"], row["amount_base_units"]) == (Decimal(100), None, None)
