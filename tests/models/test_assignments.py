"""intermediate.assignments: which session holds which address, and until when."""

import pytest

from tests.support.models import ModelWorld, deposit, minute, session

ASSIGNMENTS = "intermediate.assignments"


def held(world: ModelWorld) -> list[tuple]:
    rows = world.rows(ASSIGNMENTS, "session_id, address_id, assigned_at, held_until")
    return sorted(tuple(row.values()) for row in rows)


def test_a_hand_out_holds_until_the_next_one_of_the_address(shop: ModelWorld) -> None:
    shop.session(2, 20)
    event_id = "evt_handed_on"
    shop.assign(2, 1, 21, event_id=event_id)
    shop.refresh()
    assert held(shop) == [(session(1), 1, minute(1), minute(21)), (session(2), 1, minute(21), None)]
    assert shop.row(ASSIGNMENTS, where=f"event_id = '{event_id}'") == {
        "mode": "live",
        "network": "BSC",
        "deposit_address": deposit(1),
        "currency": "USDT",
        "merchant_id": "mer_1",
        "session_id": session(2),
        "address_id": 1,
        "event_id": event_id,
        "assigned_at": minute(21),
        "held_until": None,
    }


def test_a_hand_out_that_arrives_late_takes_its_place_between(shop: ModelWorld) -> None:
    shop.session(2, 20)
    shop.session(3, 10)
    shop.assign(2, 1, 21)
    shop.refresh()
    shop.assign(3, 1, 11)
    shop.refresh()
    assert held(shop) == [
        (session(1), 1, minute(1), minute(11)),
        (session(2), 1, minute(21), None),
        (session(3), 1, minute(11), minute(21)),
    ]


def test_of_two_hand_outs_at_one_time_the_larger_event_id_holds(shop: ModelWorld) -> None:
    shop.session(2, 20)
    shop.session(3, 20)
    shop.assign(2, 1, 21, event_id="evt_b")
    shop.assign(3, 1, 21, event_id="evt_a")
    shop.refresh()
    assert held(shop)[1:] == [(session(2), 1, minute(21), None), (session(3), 1, minute(21), minute(21))]


def test_currencies_of_one_address_are_held_apart(shop: ModelWorld) -> None:
    shop.address(2, 0, address=deposit(1), currency="USDC")
    shop.session(2, 2, currency="USDC")
    shop.assign(2, 2, 3)
    shop.refresh()
    assert held(shop) == [(session(1), 1, minute(1), None), (session(2), 2, minute(3), None)]


@pytest.mark.parametrize("missing", ["session", "address"])
def test_a_hand_out_waits_for_its_session_and_its_address(world: ModelWorld, missing: str) -> None:
    world.assign(1, 1, 5)
    if missing == "session":
        world.address(1, 0)
    else:
        world.session(1, 1)
    world.refresh()
    before = held(world)
    if missing == "session":
        world.session(1, 1)
    else:
        world.address(1, 0)
    world.refresh()
    assert (before, held(world)) == ([], [(session(1), 1, minute(5), None)])


@pytest.mark.parametrize("change", [{"merchant": "mer_2"}, {"network": "ETH"}, {"currency": "USDC"}])
def test_an_address_of_another_merchant_network_or_currency_cannot_be_handed_out(
    world: ModelWorld, change: dict[str, str]
) -> None:
    world.address(1, 0, **change)
    world.session(1, 1)
    world.assign(1, 1, 2)
    world.refresh()
    assert held(world) == []


@pytest.mark.parametrize("envelope", [{"merchant": "mer_2"}, {"mode": "test"}])
def test_only_the_owner_in_its_mode_hands_out(shop: ModelWorld, envelope: dict[str, str]) -> None:
    shop.session(2, 2)
    shop.assign(2, 1, 3, **envelope)
    shop.refresh()
    assert held(shop) == [(session(1), 1, minute(1), None)]
