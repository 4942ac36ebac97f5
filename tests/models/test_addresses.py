"""marts.addresses: one deposit address in one currency, with its money, its sweeps and who holds it."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.models import HOT_WALLET, ModelWorld, deposit, minute, session

ADDRESSES = "marts.addresses"
HASH = "0x" + "ab" * 32
STRANGER = "0x" + "55" * 20


def address(world: ModelWorld, columns: str = "*") -> dict[str, Any]:
    return world.row(ADDRESSES, columns, "id = 1")


def swept_out(world: ModelWorld, block: int, amount: str = "100") -> str:
    return world.transfer(block, amount, to=HOT_WALLET, sender=deposit(1))


def sweep_status(world: ModelWorld) -> str | None:
    return address(world, "sweep_status")["sweep_status"]


def test_r24_an_address_in_full(shop: ModelWorld) -> None:
    shop.hot_wallet(0)
    shop.event("address.gas_funded", 8, {"address_id": 1, "tx_hash": HASH, "amount": "0.005"})
    shop.transfer(5, "100", to=deposit(1))
    tx_hash = swept_out(shop, 9, "60")
    shop.transfer(10, "15", to=STRANGER, sender=deposit(1))
    shop.head(10, finalized=9)
    shop.refresh()
    assert address(shop) == {
        "mode": "live",
        "merchant_id": "mer_1",
        "id": 1,
        "address": deposit(1),
        "network": "BSC",
        "currency": "USDT",
        "is_active": True,
        "is_assigned": False,  # its session is paid
        "assigned_session_id": None,
        "assigned_reference": None,
        "balance": Decimal(25),
        "total_received": Decimal(100),
        "total_swept": Decimal(60),
        "final_balance": Decimal(40),
        "sweep_status": "pending",
        "last_swept_at": minute(9),
        "sweep_tx_hash": tx_hash,
        "times_reused": 1,
        "first_used_at": minute(1),
        "last_used_at": minute(1),
        "session_ids": [session(1)],
        "first_session_at": minute(0),
        "last_session_at": minute(0),
        "first_transfer_at": minute(5),
        "last_transfer_at": minute(10),
        "gas_funded_at": minute(8),
        "gas_tx_hash": HASH,
        "gas_amount": Decimal("0.005"),
        "created_at": minute(-5),
        "updated_at": minute(10),
    }


def test_an_unused_address_has_zeros_and_nothing_else(world: ModelWorld) -> None:
    world.address(1, 2)
    world.refresh()
    row = address(world)
    money = ("balance", "total_received", "total_swept", "final_balance", "times_reused")
    assert [row[name] for name in money] == [0, 0, 0, 0, 0]
    assert row["sweep_status"] is row["last_swept_at"] is row["first_used_at"] is row["gas_amount"] is None
    assert (row["session_ids"], row["first_transfer_at"], row["last_transfer_at"]) == ([], None, None)
    assert (row["created_at"], row["updated_at"], row["is_active"], row["is_assigned"]) == (
        minute(2),
        minute(2),
        True,
        False,
    )


def test_r24_currencies_of_one_address_have_money_apart(shop: ModelWorld) -> None:
    shop.address(2, 0, address=deposit(1), currency="USDC")
    shop.transfer(5, "100", to=deposit(1))
    shop.transfer(6, "7", to=deposit(1), currency="USDC")
    shop.head(7)
    shop.refresh()
    rows = shop.rows(ADDRESSES, "id, currency, balance")
    assert [tuple(row.values()) for row in rows] == [(1, "USDT", Decimal(100)), (2, "USDC", Decimal(7))]


def test_r25_an_address_is_assigned_while_a_pending_session_holds_it(shop: ModelWorld) -> None:
    shop.head(15)
    shop.refresh()
    pending = address(shop, "is_assigned, assigned_session_id, assigned_reference")
    shop.head(16)
    shop.refresh()
    assert pending == {"is_assigned": True, "assigned_session_id": session(1), "assigned_reference": "ORDER-1"}
    assert address(shop, "is_assigned, assigned_session_id, assigned_reference") == {
        "is_assigned": False,
        "assigned_session_id": None,
        "assigned_reference": None,
    }


def test_r25_only_the_last_session_holds_a_reused_address(shop: ModelWorld) -> None:
    shop.session(2, 2, expires=3)
    shop.assign(2, 1, 2)
    shop.head(4)  # session 2 has expired, session 1 is pending but gave the address up
    shop.refresh()
    row = address(shop)
    assert (row["is_assigned"], row["times_reused"]) == (False, 2)
    assert (row["first_used_at"], row["last_used_at"]) == (minute(1), minute(2))


def test_r25_every_session_an_address_was_given_to_is_named_once(shop: ModelWorld) -> None:
    shop.address(2, 0)
    shop.session(2, 2)
    shop.assign(2, 1, 2)
    shop.assign(2, 2, 3)  # session 2 gets another address later
    shop.assign(1, 1, 4)
    shop.refresh()
    rows = shop.rows(ADDRESSES, "session_ids, times_reused")
    assert [tuple(row.values()) for row in rows] == [([session(1), session(2)], 3), ([session(2)], 1)]


def test_r25_both_addresses_of_a_session_change_with_it(shop: ModelWorld) -> None:
    shop.address(2, 0)
    shop.assign(1, 2, 2)
    shop.head(4)
    shop.refresh()
    before = [row["is_assigned"] for row in shop.rows(ADDRESSES)]
    shop.transfer(5, "100", to=deposit(1))
    shop.head(7)
    shop.refresh()
    assert (before, [row["is_assigned"] for row in shop.rows(ADDRESSES)]) == ([True, True], [False, False])


def test_activated_and_deactivated_are_one_group_and_the_last_word_wins(world: ModelWorld) -> None:
    world.event("address.deactivated", 9, {"address_id": 1})  # waits for the address
    world.refresh()
    world.address(1, 1)
    world.event("address.activated", 8, {"address_id": 1})
    world.refresh()
    assert address(world, "is_active, updated_at") == {"is_active": False, "updated_at": minute(9)}


@pytest.mark.parametrize("envelope", [{"merchant": "mer_2"}, {"mode": "test"}])
def test_what_another_merchant_or_mode_says_takes_no_effect(world: ModelWorld, envelope: dict[str, str]) -> None:
    world.address(1, 1)
    world.event("address.deactivated", 9, {"address_id": 1}, **envelope)
    world.event("address.sweep_failed", 9, {"address_id": 1, "reason": "x"}, **envelope)
    world.event("address.gas_funded", 9, {"address_id": 1, "tx_hash": HASH, "amount": "1"}, **envelope)
    world.refresh()
    row = address(world)
    assert (row["is_active"], row["gas_funded_at"], row["updated_at"]) == (True, None, minute(1))


def test_the_last_gas_funding_is_shown(world: ModelWorld) -> None:
    world.address(1, 1)
    for at, amount in ((9, "0.5"), (7, "0.25")):
        world.event("address.gas_funded", at, {"address_id": 1, "tx_hash": HASH, "amount": amount})
        world.refresh()
    assert address(world, "gas_funded_at, gas_amount") == {"gas_funded_at": minute(9), "gas_amount": Decimal("0.5")}


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("address.swept", {"tx_hash": HASH, "amount": "1", "hot_wallet": HOT_WALLET}),
        ("address.sweep_failed", {"reason": "no gas"}),
        ("address.gas_funded", {"tx_hash": HASH, "amount": "1"}),
        ("address.activated", {}),
        ("address.created", {"network": "BSC", "currency": "USDT", "address": deposit(1)}),
        ("session.address_assigned", {"session_id": session(1)}),
    ],
)
def test_r25a_updated_at_is_the_latest_of_its_events(shop: ModelWorld, event_type: str, data: dict[str, Any]) -> None:
    shop.transfer(5, "1", to=deposit(1))
    shop.head(7)
    shop.refresh()
    before = address(shop, "updated_at")["updated_at"]
    shop.event(event_type, 12, {"address_id": 1} | data)
    shop.refresh()
    assert (before, address(shop, "updated_at")["updated_at"]) == (minute(5), minute(12))


def test_r25a_a_report_of_a_sweep_moves_no_money(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.event("address.swept", 6, {"address_id": 1, "tx_hash": HASH, "amount": "100", "hot_wallet": HOT_WALLET})
    shop.head(7)
    shop.refresh()
    row = address(shop)
    assert (row["balance"], row["total_swept"], row["last_swept_at"], row["sweep_status"]) == (100, 0, None, "pending")


def test_r26_an_address_without_final_money_has_no_sweep_status(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.event("address.sweep_failed", 6, {"address_id": 1, "reason": "no gas"})
    shop.head(7, finalized=4)
    shop.refresh()
    assert sweep_status(shop) is None
    assert address(shop, "balance, final_balance") == {"balance": 100, "final_balance": 0}


def test_r26_money_makes_it_pending_and_a_sweep_of_all_makes_it_swept(shop: ModelWorld) -> None:
    shop.hot_wallet(0)
    shop.transfer(5, "100", to=deposit(1))
    shop.head(7)
    shop.refresh()
    seen = [sweep_status(shop)]
    swept_out(shop, 8, "99.999999999999999999")
    shop.head(8)
    shop.refresh()
    seen.append(sweep_status(shop))
    swept_out(shop, 9, "0.000000000000000001")
    shop.head(9)
    shop.refresh()
    assert [*seen, sweep_status(shop)] == ["pending", "pending", "swept"]


def test_r26_money_that_left_elsewhere_leaves_the_address_swept(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.transfer(6, "100", to=STRANGER, sender=deposit(1))
    shop.head(7)
    shop.refresh()
    row = address(shop)
    assert (row["sweep_status"], row["total_swept"], row["last_swept_at"]) == ("swept", 0, None)


@pytest.mark.parametrize(("failed_at", "status"), [(4, "pending"), (5, "pending"), (6, "failed")])
def test_r26_a_failure_counts_while_it_is_later_than_the_newest_transfer(
    shop: ModelWorld, failed_at: int, status: str
) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.event("address.sweep_failed", failed_at, {"address_id": 1, "reason": "no gas"})
    shop.head(7)
    shop.refresh()
    assert sweep_status(shop) == status


def test_r26_a_sweep_after_the_failure_ends_it_once_final(shop: ModelWorld) -> None:
    shop.hot_wallet(0)
    shop.transfer(5, "100", to=deposit(1))
    shop.event("address.sweep_failed", 6, {"address_id": 1, "reason": "no gas"})
    swept_out(shop, 8)
    shop.head(9, finalized=7)
    shop.refresh()
    before = sweep_status(shop)
    shop.head(9, finalized=8)
    shop.refresh()
    assert (before, sweep_status(shop)) == ("failed", "swept")


def test_r25a_the_last_sweep_is_the_highest_block_then_log(shop: ModelWorld) -> None:
    shop.hot_wallet(0)
    shop.transfer(5, "100", to=deposit(1))
    last = shop.transfer(8, "2", to=HOT_WALLET, sender=deposit(1), log_index=4)
    shop.transfer(8, "1", to=HOT_WALLET, sender=deposit(1), log_index=3)
    shop.transfer(7, "1", to=HOT_WALLET, sender=deposit(1), log_index=9)
    shop.head(10)
    shop.refresh()
    row = address(shop)
    assert (row["sweep_tx_hash"], row["last_swept_at"], row["total_swept"]) == (last, minute(8), 4)


def test_a_hot_wallet_registered_later_turns_outgoing_into_swept(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    tx_hash = swept_out(shop, 6, "40")
    shop.head(7)
    shop.refresh()
    before = address(shop, "total_swept, sweep_tx_hash")
    shop.hot_wallet(90)
    shop.refresh()
    assert before == {"total_swept": 0, "sweep_tx_hash": None}
    assert address(shop, "total_swept, sweep_tx_hash") == {"total_swept": 40, "sweep_tx_hash": tx_hash}
