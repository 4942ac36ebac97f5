"""marts.session_timeline: what happened in the life of one session, in order."""

import pytest

from tests.support.models import HOT_WALLET, ModelWorld, deposit, minute, session


def timeline(world: ModelWorld, number: int = 1) -> list[tuple]:
    where = f"session_id = '{session(number)}'"
    rows = world.rows("marts.session_timeline", "event, event_at, details, sequence", where)
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    return [(row["event"], row["event_at"], row["details"]) for row in rows]


CREATED = ("session_created", minute(0), "Checkout session created")
ASSIGNED = ("address_assigned", minute(1), "Deposit address assigned")


def test_r23_the_life_of_a_paid_and_swept_session(shop: ModelWorld) -> None:
    shop.hot_wallet(0)
    shop.transfer(5, "99.5", to=deposit(1))
    shop.transfer(6, "0.5", to=deposit(1))
    shop.transfer(9, "100", to=HOT_WALLET, sender=deposit(1))
    shop.head(20)
    shop.refresh()
    assert timeline(shop) == [
        CREATED,
        ASSIGNED,
        ("payment_received", minute(5), "Payment received (99.5 USDT)"),
        ("payment_received", minute(6), "Payment received (0.5 USDT)"),
        ("payment_confirmed", minute(8), "Payment confirmed on blockchain"),
        ("funds_swept", minute(9), "Funds swept to hot wallet"),
    ]


def test_r23_every_row_knows_its_session(shop: ModelWorld) -> None:
    shop.refresh()
    rows = shop.rows("marts.session_timeline", "mode, merchant_id, session_id, session_created_at, event_rank")
    for rank, row in enumerate(rows, start=1):
        assert tuple(row.values()) == ("live", "mer_1", session(1), minute(0), rank)


def test_r23_a_session_without_money_expires_at_expires_at(shop: ModelWorld) -> None:
    shop.head(30)
    shop.refresh()
    assert timeline(shop) == [CREATED, ASSIGNED, ("session_expired", minute(15), "Checkout session expired")]


def test_r23_too_little_money_is_underpaid_then_failed_at_expires_at(shop: ModelWorld) -> None:
    shop.transfer(5, "40", to=deposit(1))
    shop.head(30)
    shop.refresh()
    assert [row[:2] for row in timeline(shop)[2:]] == [
        ("payment_received", minute(5)),
        ("payment_underpaid", minute(15)),
        ("session_failed", minute(15)),
    ]


def test_r23_a_failure_by_the_gateway_is_at_its_event_s_time(shop: ModelWorld) -> None:
    shop.event("session.failed", 4, {"session_id": session(1), "reason": "cancelled"})
    shop.head(30)
    shop.refresh()
    assert timeline(shop) == [CREATED, ASSIGNED, ("session_failed", minute(4), "Checkout session failed")]


def test_r23_a_failure_by_the_gateway_leaves_no_trace_once_paid(shop: ModelWorld) -> None:
    shop.event("session.failed", 4, {"session_id": session(1), "reason": "cancelled"})
    shop.transfer(5, "100", to=deposit(1))
    shop.head(30)
    shop.refresh()
    assert [row[:2] for row in timeline(shop)[2:]] == [
        ("payment_received", minute(5)),
        ("payment_confirmed", minute(7)),
    ]


def test_r23_late_money_is_payment_late_and_not_received(shop: ModelWorld) -> None:
    shop.transfer(15, "40", to=deposit(1))
    shop.transfer(16, "60", to=deposit(1))
    shop.head(30)
    shop.refresh()
    assert timeline(shop)[2:] == [
        ("payment_received", minute(15), "Payment received (40 USDT)"),
        ("payment_underpaid", minute(15), "Payment below the asked amount when the session expired"),
        ("session_failed", minute(15), "Checkout session failed"),
        ("payment_late", minute(16), "Payment received after expiry (60 USDT)"),
    ]


def test_r23_payment_confirmed_waits_for_the_confirmations_of_the_reaching_transfer(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.head(6)
    shop.refresh()
    before = [row[0] for row in timeline(shop)]
    shop.head(7)
    shop.refresh()
    assert before == ["session_created", "address_assigned", "payment_received"]
    assert timeline(shop)[-1][:2] == ("payment_confirmed", minute(7))


def test_r23_there_is_one_address_assigned_per_assignment(shop: ModelWorld) -> None:
    shop.address(2, 0)
    shop.assign(1, 2, 3)
    shop.assign(1, 1, 4)
    shop.refresh()
    assigned = [row[1] for row in timeline(shop) if row[0] == "address_assigned"]
    assert assigned == [minute(1), minute(3), minute(4)]


def test_r23_each_transfer_names_its_first_later_sweep_and_each_sweep_stands_once(shop: ModelWorld) -> None:
    shop.hot_wallet(0)
    shop.transfer(2, "1", to=HOT_WALLET, sender=deposit(1))  # before any money of the session
    shop.transfer(5, "10", to=deposit(1))
    shop.transfer(6, "10", to=deposit(1))
    shop.transfer(8, "20", to=HOT_WALLET, sender=deposit(1))  # the first after both
    shop.transfer(9, "10", to=deposit(1), log_index=5)
    shop.transfer(9, "1", to=HOT_WALLET, sender=deposit(1), log_index=4)  # before it in the block
    shop.transfer(9, "9", to=HOT_WALLET, sender=deposit(1), log_index=6)
    shop.transfer(12, "1", to=HOT_WALLET, sender=deposit(1))  # no one's first
    shop.head(14)
    shop.refresh()
    assert [row[1] for row in timeline(shop) if row[0] == "funds_swept"] == [minute(8), minute(9)]


def test_r23_a_sweep_of_another_currency_or_address_is_not_the_session_s(shop: ModelWorld) -> None:
    shop.hot_wallet(0)
    shop.address(2, 0)
    shop.transfer(5, "100", to=deposit(1))
    shop.transfer(6, "1", to=HOT_WALLET, sender=deposit(1), currency="USDC")
    shop.transfer(7, "1", to=HOT_WALLET, sender=deposit(2))
    shop.head(14)
    shop.refresh()
    assert [row[0] for row in timeline(shop)][-1] == "payment_confirmed"


def test_r23_a_sweep_found_later_joins_the_timeline(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.transfer(9, "100", to=HOT_WALLET, sender=deposit(1))
    shop.head(14)
    shop.refresh()
    before = len(timeline(shop))
    shop.hot_wallet(90)
    shop.refresh()
    assert (before, timeline(shop)[-1][:2]) == (4, ("funds_swept", minute(9)))


def test_r23_what_happened_at_one_time_follows_the_order_of_the_ruling(world: ModelWorld) -> None:
    world.hot_wallet(0)
    world.address(1, 0)
    world.session(1, 5, expires=5, amount="100")
    world.assign(1, 1, 5)
    world.transfer(5, "20", to=deposit(1), log_index=2)
    world.transfer(5, "10", to=deposit(1), log_index=1)
    world.transfer(5, "30", to=HOT_WALLET, sender=deposit(1), log_index=3)
    world.head(30)
    world.refresh()
    assert [(event, details) for event, _, details in timeline(world)] == [
        ("session_created", "Checkout session created"),
        ("address_assigned", "Deposit address assigned"),
        ("payment_received", "Payment received (10 USDT)"),
        ("payment_received", "Payment received (20 USDT)"),
        ("funds_swept", "Funds swept to hot wallet"),
        ("payment_underpaid", "Payment below the asked amount when the session expired"),
        ("session_failed", "Checkout session failed"),
    ]


@pytest.mark.parametrize(
    ("amount", "shown"), [("100", "100"), ("0.000000000000000001", "0.000000000000000001"), ("10.50", "10.5")]
)
def test_r23_amounts_are_written_as_people_write_them(shop: ModelWorld, amount: str, shown: str) -> None:
    shop.transfer(5, amount, to=deposit(1))
    shop.head(5)
    shop.refresh()
    assert timeline(shop)[2][2] == f"Payment received ({shown} USDT)"
