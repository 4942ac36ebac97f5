"""Events that refer to an object of another merchant, mode, network or currency: without effect, and named."""

from __future__ import annotations

import pytest

from tests.support.models import ModelWorld, deposit, session


@pytest.fixture
def world() -> ModelWorld:
    """A session and an address of mer_1 on BSC in USDT."""
    world = ModelWorld()
    world.address(1, 0)
    world.session(1, 1)
    world.head(1)
    return world


def refused(world: ModelWorld) -> dict[str, str]:
    """Event id → reason."""
    world.refresh()
    return {row["event_id"]: row["reason"] for row in world.rows("intermediate.refused_events")}


def test_a_coherent_world_refuses_nothing(world: ModelWorld) -> None:
    world.assign(1, 1, 2)
    assert refused(world) == {}


def test_a_later_claim_of_another_merchant_on_an_address_is_refused(world: ModelWorld) -> None:
    world.address(2, 5, address=deposit(1), merchant="mer_2", event_id="claim")
    assert refused(world) == {"claim": "the address belongs to mer_1, whose claim is earlier"}


def test_an_earlier_claim_that_arrives_later_turns_the_refusal_round(world: ModelWorld) -> None:
    assert refused(world) == {}
    world.address(2, -5, address=deposit(1), merchant="mer_2", event_id="claim")
    assert list(refused(world).values()) == ["the address belongs to mer_2, whose claim is earlier"]
    assert [row["merchant_id"] for row in world.rows("intermediate.deposit_addresses")] == ["mer_2"]


def test_a_second_row_of_one_address_in_one_currency_is_refused(world: ModelWorld) -> None:
    world.address(2, 5, address=deposit(1), event_id="second")
    assert refused(world) == {"second": "the address already has the row 1 in this currency"}


def test_a_claim_behind_one_that_itself_is_refused_is_refused(world: ModelWorld) -> None:
    world.address(9, 2, merchant="mer_2")
    world.address(9, 3, network="ETH", address=deposit(7), merchant="mer_2", event_id="other_network")
    world.address(8, 4, network="ETH", address=deposit(7), event_id="behind")
    assert refused(world) == {
        "other_network": "address_id 9 names a row of another merchant, mode, network or currency",
        "behind": "what it claims is held by an earlier claim",
    }


def test_an_address_id_of_another_currency_is_refused(world: ModelWorld) -> None:
    world.address(1, 5, currency="USDC", event_id="other")
    assert refused(world) == {"other": "address_id 1 names a row of another merchant, mode, network or currency"}


def test_words_on_a_foreign_address_are_refused(world: ModelWorld) -> None:
    world.event("address.deactivated", 5, {"address_id": 1}, merchant="mer_2", event_id="foreign")
    assert refused(world) == {"foreign": "address_id 1 belongs to another merchant or mode"}
    assert [row["is_active"] for row in world.rows("marts.addresses")] == [True]


def test_a_session_described_for_another_network_is_refused(world: ModelWorld) -> None:
    world.session(1, 5, network="ETH", event_id="moved")
    assert refused(world) == {"moved": "the session is of another merchant, mode, network or currency"}
    assert [row["network"] for row in world.rows("marts.sessions")] == ["BSC"]


def test_words_on_a_foreign_session_are_refused(world: ModelWorld) -> None:
    data = {"session_id": session(1), "reason": "no"}
    world.event("session.failed", 5, data, merchant="mer_2", event_id="foreign")
    assert refused(world) == {"foreign": "the session belongs to another merchant or mode"}
    assert [row["status"] for row in world.rows("marts.sessions")] == ["pending"]


def test_an_address_of_another_currency_cannot_be_handed_out(world: ModelWorld) -> None:
    world.address(2, 2, currency="USDC")
    world.assign(1, 2, 3, event_id="mismatch")
    reason = "address_id 2 is of another merchant, mode, network or currency than the session"
    assert refused(world) == {"mismatch": reason}
    assert [row["deposit_address"] for row in world.rows("marts.sessions")] == [None]


def test_what_refers_to_the_unknown_waits_and_is_not_refused(world: ModelWorld) -> None:
    world.assign(1, 9, 3)
    world.event("session.failed", 5, {"session_id": session(9), "reason": "no"})
    assert refused(world) == {}
