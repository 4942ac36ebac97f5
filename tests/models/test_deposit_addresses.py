"""intermediate.deposit_addresses: who owns an address, and which row stands for it in each currency."""

import pytest

from tests.support.models import ModelWorld, deposit, minute

OWNED = "intermediate.deposit_addresses"


def owned(world: ModelWorld) -> list[tuple]:
    rows = world.rows(OWNED, "address_id, merchant_id, network, currency, deposit_address, created_at")
    return [tuple(row.values()) for row in rows]


def test_r24_a_merchant_has_one_row_per_address_network_and_currency(world: ModelWorld) -> None:
    world.address(1, 0)
    world.address(2, 1, address=deposit(1), currency="USDC")
    world.address(3, 2, address=deposit(1), network="ETH")
    world.address(4, 3, address=deposit(1))  # the same address and currency again
    world.refresh()
    assert owned(world) == [
        (1, "mer_1", "BSC", "USDT", deposit(1), minute(0)),
        (2, "mer_1", "BSC", "USDC", deposit(1), minute(1)),
        (3, "mer_1", "ETH", "USDT", deposit(1), minute(2)),
    ]


def test_the_earliest_claim_on_an_address_owns_it(world: ModelWorld) -> None:
    world.address(1, 5)
    world.address(2, 6, address=deposit(1), merchant="mer_2")
    world.address(3, 7, address=deposit(1), merchant="mer_2", currency="USDC")
    world.refresh()
    assert owned(world) == [(1, "mer_1", "BSC", "USDT", deposit(1), minute(5))]


def test_of_two_claims_at_one_time_the_smaller_event_id_owns(world: ModelWorld) -> None:
    world.address(1, 5, event_id="evt_b")
    world.address(2, 5, address=deposit(1), merchant="mer_2", event_id="evt_a")
    world.refresh()
    assert owned(world) == [(2, "mer_2", "BSC", "USDT", deposit(1), minute(5))]


def test_an_earlier_claim_that_arrives_late_takes_the_address(world: ModelWorld) -> None:
    world.address(1, 5)
    world.refresh()
    world.address(2, 4, address=deposit(1), merchant="mer_2")
    world.refresh()
    assert owned(world) == [(2, "mer_2", "BSC", "USDT", deposit(1), minute(4))]


def test_an_address_is_owned_apart_on_each_network(world: ModelWorld) -> None:
    world.address(1, 5)
    world.address(2, 6, address=deposit(1), merchant="mer_2", network="ETH")
    world.refresh()
    assert [row[:3] for row in owned(world)] == [(1, "mer_1", "BSC"), (2, "mer_2", "ETH")]


def test_created_at_is_the_last_word_s_time(world: ModelWorld) -> None:
    world.address(1, 9)
    world.refresh()
    world.address(1, 4)
    world.refresh()
    assert owned(world) == [(1, "mer_1", "BSC", "USDT", deposit(1), minute(9))]


@pytest.mark.parametrize("change", [{"merchant": "mer_2"}, {"mode": "test"}, {"network": "ETH"}, {"currency": "USDC"}])
def test_a_later_creation_of_the_id_elsewhere_takes_no_effect(world: ModelWorld, change: dict[str, str]) -> None:
    world.address(1, 5)
    world.address(1, 6, address=deposit(9), **change)
    world.refresh()
    assert owned(world) == [(1, "mer_1", "BSC", "USDT", deposit(1), minute(5))]


def test_a_row_described_anew_under_another_address_moves_there(world: ModelWorld) -> None:
    world.address(1, 5)
    world.refresh()
    world.address(1, 6, address=deposit(9))
    world.refresh()
    assert owned(world) == [(1, "mer_1", "BSC", "USDT", deposit(9), minute(6))]


def test_an_address_of_another_spelling_is_the_same_address(world: ModelWorld) -> None:
    checksummed = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    world.address(1, 5, address=checksummed)
    world.address(2, 6, address=checksummed.lower(), merchant="mer_2")
    world.refresh()
    assert owned(world) == [(1, "mer_1", "BSC", "USDT", checksummed.lower(), minute(5))]
