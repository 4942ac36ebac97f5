"""marts.transactions: what the gas of a transaction cost, by its receipt."""

from decimal import Decimal
from typing import Any

from tests.support.models import HOT_WALLET, ModelWorld, deposit

TRANSACTIONS = "marts.transactions"
NOTHING = (None, None, None)


def gas(world: ModelWorld) -> list[tuple[Any, ...]]:
    world.refresh()
    return [tuple(row.values()) for row in world.rows(TRANSACTIONS, "gas_used, gas_price, gas_fee")]


def test_the_fee_is_gas_times_price_to_the_last_wei(shop: ModelWorld) -> None:
    tx_hash = shop.transfer(5, "100", to=deposit(1))
    shop.receipt(tx_hash, 5, gas_used=65_001, gas_price=5_000_000_001)
    shop.head(10)
    # 65,001 * 5,000,000,001 = 325,005,000,065,001 wei
    assert gas(shop) == [(65_001, Decimal(5_000_000_001), Decimal("0.000325005000065001"))]


def test_a_receipt_that_comes_later_changes_the_transfer_alone(shop: ModelWorld) -> None:
    tx_hash = shop.transfer(5, "100", to=deposit(1))
    shop.transfer(6, "1", to=deposit(1))
    shop.head(10)
    before = gas(shop)
    ledger = shop.rows("marts.ledger")
    shop.new_batch()
    shop.receipt(tx_hash, 5)
    assert before == [NOTHING, NOTHING]
    assert gas(shop) == [(65_000, Decimal(5 * 10**9), Decimal("0.000325")), NOTHING]
    assert shop.rows("marts.ledger") == ledger


def test_without_a_price_there_is_no_fee(shop: ModelWorld) -> None:
    shop.receipt(shop.transfer(5, "100", to=deposit(1)), 5, gas_price=None)
    shop.head(10)
    assert gas(shop) == [(65_000, None, None)]


def test_all_transfers_of_a_transaction_show_its_one_fee(shop: ModelWorld) -> None:
    shop.hot_wallet(0)
    tx_hash = shop.transfer(5, "100", to=deposit(1))
    shop.transfer(5, "100", to=HOT_WALLET, sender=deposit(1), log_index=1)
    shop.receipt(tx_hash, 5)
    shop.store()
    shop.connection.execute("UPDATE raw.evm_transfer_logs SET tx_hash = $hash", {"hash": tx_hash})
    shop.head(10)
    assert gas(shop) == [(65_000, Decimal(5 * 10**9), Decimal("0.000325"))] * 2


def test_a_transaction_mined_again_costs_what_it_cost_in_its_new_block(shop: ModelWorld) -> None:
    shop.branches.fork("b", 5)
    tx_hash = shop.transfer(5, "100", to=deposit(1))
    shop.receipt(tx_hash, 5)
    shop.head(6, finalized=4)
    first = gas(shop)
    shop.orphan(5, 6)
    shop.transfer(6, "100", to=deposit(1), branch="b")
    shop.store()
    shop.connection.execute("UPDATE raw.evm_transfer_logs SET tx_hash = $hash", {"hash": tx_hash})
    shop.head(7, finalized=4, branch="b")
    unknown = gas(shop)
    shop.receipt(tx_hash, 6, branch="b", gas_used=70_000)
    assert [row[0] for row in (*first, *unknown, *gas(shop))] == [65_000, None, 70_000]


def test_receipts_of_other_networks_are_not_mixed_up(shop: ModelWorld) -> None:
    tx_hash = shop.transfer(5, "100", to=deposit(1))
    shop.receipt(tx_hash, 5, network="ETH")
    shop.head(10)
    assert gas(shop) == [NOTHING]
