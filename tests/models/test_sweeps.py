"""marts.sweeps: what left deposit addresses for hot wallets, and what the gateway reported of it."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.models import HOT_WALLET, ModelWorld, deposit, minute

SWEEPS = "marts.sweeps"
OTHER = "0x" + "DD" * 20


@pytest.fixture
def swept(shop: ModelWorld) -> str:
    """100 USDT came to address 1 in block 5 and left for the hot wallet in block 9; the hash of the latter."""
    shop.hot_wallet(0)
    shop.transfer(5, "100", to=deposit(1))
    tx_hash = shop.transfer(9, "100", to=HOT_WALLET, sender=deposit(1), log_index=3)
    shop.head(10, finalized=8)
    return tx_hash


def report(world: ModelWorld, tx_hash: str, at: float, address_id: int = 1, **changes: Any) -> None:
    envelope = {key: changes.pop(key) for key in ("merchant", "mode", "event_id") if key in changes}
    data = {"address_id": address_id, "tx_hash": tx_hash, "amount": "100", "hot_wallet": HOT_WALLET}
    world.event("address.swept", at, data | changes, **envelope)


def reported(world: ModelWorld) -> tuple[Any, ...]:
    world.refresh()
    return tuple(world.row(SWEEPS, "reported_amount, reported_hot_wallet, reported_at").values())


def test_r29_a_sweep_in_full(shop: ModelWorld, swept: str) -> None:
    report(shop, swept, 10, amount="99.5", hot_wallet=OTHER)
    shop.refresh()
    assert shop.row(SWEEPS) == {
        "mode": "live",
        "merchant_id": "mer_1",
        "id": 281474979069959,  # ((1 * 2^30 + 9) * 2^17 + 3) * 2 + 1: network, block, log, direction
        "tx_hash": swept,
        "log_index": 3,
        "network": "BSC",
        "currency": "USDT",
        "decimals": 18,
        "amount": Decimal(100),
        "amount_base_units": Decimal(10**20),
        "deposit_address": deposit(1),
        "address_id": 1,
        "hot_wallet": HOT_WALLET,
        "block_number": 9,
        "block_time": minute(9),
        "is_final": False,
        # the chain decides, and what the gateway said otherwise stands beside it
        "reported_amount": Decimal("99.5"),
        "reported_hot_wallet": OTHER.lower(),
        "reported_at": minute(10),
    }


def test_a_sweep_is_one_without_a_report_and_a_report_none_without_a_transfer(shop: ModelWorld, swept: str) -> None:
    report(shop, "0x" + "ab" * 32, 10)
    assert reported(shop) == (None, None, None)
    assert shop.row(SWEEPS, "tx_hash") == {"tx_hash": swept}


def test_a_sweep_becomes_final_with_its_block(shop: ModelWorld, swept: str) -> None:
    shop.refresh()
    shop.head(12, finalized=9)
    shop.refresh()
    assert shop.row(SWEEPS, "tx_hash, is_final") == {"tx_hash": swept, "is_final": True}


@pytest.mark.parametrize("order", [(11, 10), (10, 11)])
def test_of_several_reports_the_last_counts_whenever_it_arrives(
    shop: ModelWorld, swept: str, order: tuple[int, int]
) -> None:
    for at in order:
        report(shop, swept, at, amount=str(at))
        shop.refresh()
    assert reported(shop) == (Decimal(11), HOT_WALLET, minute(11))


@pytest.mark.parametrize("written", ["0X", ""])
def test_a_report_names_the_hash_in_any_case(shop: ModelWorld, swept: str, written: str) -> None:
    report(shop, written + swept[2:].upper(), 10)
    assert reported(shop)[2] == minute(10)


def test_a_report_of_another_merchant_mode_or_address_does_not_count(shop: ModelWorld, swept: str) -> None:
    shop.address(2, 0)
    report(shop, swept, 10, merchant="mer_2")
    report(shop, swept, 10, mode="test")
    report(shop, swept, 10, address_id=2)
    shop.event("address.sweep_failed", 11, {"address_id": 1, "reason": "out of gas"})
    assert reported(shop) == (None, None, None)


def test_one_transaction_may_sweep_several_addresses_each_with_its_report(shop: ModelWorld, swept: str) -> None:
    shop.address(2, 0)
    shop.address(3, 0, address=deposit(1), currency="USDC")
    shop.transfer(9, "7", to=HOT_WALLET, sender=deposit(2), log_index=4)
    shop.transfer(9, "8", to=HOT_WALLET, sender=deposit(1), log_index=5, currency="USDC")
    shop.store()
    shop.connection.execute("UPDATE raw.evm_transfer_logs SET tx_hash = $hash WHERE block_number = 9", {"hash": swept})
    for address_id, amount in ((1, "100"), (2, "7"), (3, "9")):
        report(shop, swept, 10, address_id, amount=amount)
    shop.refresh()
    rows = shop.rows(SWEEPS, "address_id, currency, amount, reported_amount")
    assert [tuple(row.values()) for row in rows] == [
        (1, "USDT", Decimal(100), Decimal(100)),
        (2, "USDT", Decimal(7), Decimal(7)),
        (3, "USDC", Decimal(8), Decimal(9)),
    ]


def test_a_token_without_an_address_row_is_swept_too(shop: ModelWorld, swept: str) -> None:
    shop.transfer(10, "2", to=HOT_WALLET, sender=deposit(1), currency="USDC")
    report(shop, swept, 10)
    shop.refresh()
    rows = shop.rows(SWEEPS, "currency, address_id, amount, reported_amount")
    assert [tuple(row.values()) for row in rows] == [
        ("USDT", 1, Decimal(100), Decimal(100)),
        ("USDC", None, Decimal(2), None),
    ]


def test_a_wallet_registered_later_makes_sweeps_of_what_went_to_it(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.transfer(9, "40", to=OTHER.lower(), sender=deposit(1))
    shop.head(10)
    shop.refresh()
    before = shop.rows(SWEEPS)
    shop.hot_wallet(20, OTHER)
    shop.refresh()
    assert (before, shop.row(SWEEPS, "amount, hot_wallet")) == (
        [],
        {"amount": Decimal(40), "hot_wallet": OTHER.lower()},
    )


def test_a_sweep_whose_block_left_the_chain_is_gone(shop: ModelWorld, swept: str) -> None:
    report(shop, swept, 10)
    shop.refresh()
    shop.orphan(9)
    shop.refresh()
    assert shop.rows(SWEEPS) == []
