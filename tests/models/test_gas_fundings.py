"""marts.gas_fundings: native coin sent to deposit addresses, as the gateway reports it."""

from decimal import Decimal
from typing import Any

from tests.support.models import ModelWorld, deposit, minute

FUNDINGS = "marts.gas_fundings"
HASH = "0x" + "ab" * 32


def fund(world: ModelWorld, at: float, address_id: int = 1, **changes: Any) -> str:
    envelope = {key: changes.pop(key) for key in ("merchant", "mode", "event_id") if key in changes}
    return world.event(
        "address.gas_funded", at, {"address_id": address_id, "tx_hash": HASH, "amount": "0.005"} | changes, **envelope
    )


def test_a_funding_in_full(shop: ModelWorld) -> None:
    event_id = fund(shop, 8, tx_hash="0x" + "AB" * 32)
    shop.refresh()
    assert shop.row(FUNDINGS) == {
        "mode": "live",
        "merchant_id": "mer_1",
        "event_id": event_id,
        "address_id": 1,
        "network": "BSC",
        "deposit_address": deposit(1),
        "tx_hash": HASH,
        "amount": Decimal("0.005"),
        "funded_at": minute(8),
    }


def test_every_funding_is_a_row_and_the_latest_is_the_addresss(shop: ModelWorld) -> None:
    for at, amount in ((9, "0.03"), (8, "0.02"), (10, "0.000000000000000001")):
        fund(shop, at, amount=amount)
        shop.refresh()
    assert sorted(row["amount"] for row in shop.rows(FUNDINGS)) == [
        Decimal("0.000000000000000001"),
        Decimal("0.02"),
        Decimal("0.03"),
    ]
    assert shop.row("marts.addresses", "gas_funded_at, gas_amount") == {
        "gas_funded_at": minute(10),
        "gas_amount": Decimal("0.000000000000000001"),
    }


def test_a_word_of_another_merchant_or_mode_is_none(shop: ModelWorld) -> None:
    fund(shop, 8, merchant="mer_2")
    fund(shop, 8, mode="test")
    shop.refresh()
    assert shop.rows(FUNDINGS) == []


def test_a_funding_waits_for_its_address(world: ModelWorld) -> None:
    fund(world, 8)
    world.refresh()
    before = world.rows(FUNDINGS)
    world.address(1, 9)
    world.refresh()
    assert (before, world.row(FUNDINGS, "funded_at")) == ([], {"funded_at": minute(8)})


def test_an_address_that_turns_out_to_be_anothers_loses_its_fundings(shop: ModelWorld) -> None:
    fund(shop, 8)
    shop.refresh()
    shop.address(2, -9, merchant="mer_2", address=deposit(1))  # the earlier claim
    fund(shop, 9, 2, merchant="mer_2")
    shop.refresh()
    assert [(row["merchant_id"], row["address_id"]) for row in shop.rows(FUNDINGS)] == [("mer_2", 2)]
