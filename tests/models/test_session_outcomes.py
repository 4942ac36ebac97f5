"""intermediate.session_outcomes: what the chain makes of one session."""

from decimal import Decimal

import pytest

from tests.support.models import ModelWorld, deposit, minute, session

OUTCOME = "intermediate.session_outcomes"


def outcome(world: ModelWorld, number: int = 1) -> tuple[str, str | None]:
    row = world.row(OUTCOME, "status, exception", f"session_id = '{session(number)}'")
    return row["status"], row["exception"]


def test_r19_on_time_confirmed_money_that_reaches_the_amount_pays(shop: ModelWorld) -> None:
    first = shop.transfer(5, "60", to=deposit(1))
    second = shop.transfer(6, "40", to=deposit(1))
    shop.head(8)
    shop.refresh()
    assert shop.row(OUTCOME) == {
        "mode": "live",
        "merchant_id": "mer_1",
        "session_id": session(1),
        "network": "BSC",
        "created_at": minute(0),
        "expires_at": minute(15),
        "status": "paid",
        "exception": "multiple",
        "is_failed_by_gateway": False,
        "paid_base_units": Decimal(100 * 10**18),
        "on_time_base_units": Decimal(100 * 10**18),
        "tx_hash": second,
        "tx_block_number": 6,
        "reached_at": minute(6),
        "confirmed_at": minute(8),
        "platform_fees": Decimal(1),
        "transfer_count": 2,
        "first_transfer_at": minute(5),
        "last_transfer_at": minute(6),
        "tx_hashes": [first, second],
    }


def test_a_session_without_money_has_no_transfer_and_is_pending(shop: ModelWorld) -> None:
    shop.head(10)
    shop.refresh()
    row = shop.row(OUTCOME)
    assert (row["status"], row["exception"], row["transfer_count"], row["tx_hashes"]) == ("pending", None, 0, [])
    assert row["paid_base_units"] is None
    assert row["on_time_base_units"] == 0
    assert row["tx_hash"] is row["tx_block_number"] is row["reached_at"] is row["first_transfer_at"] is None


@pytest.mark.parametrize(("head", "status"), [(6, "pending"), (7, "paid")])
def test_r21_confirmations_are_head_minus_block_plus_one(shop: ModelWorld, head: int, status: str) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.head(head)
    shop.refresh()
    assert outcome(shop) == (status, None)


def test_r21_a_session_is_paid_by_confirmations_and_not_by_finality(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.head(7, finalized=0)
    shop.refresh()
    assert outcome(shop) == ("paid", None)


def test_r19_money_in_the_block_at_expires_at_is_on_time(shop: ModelWorld) -> None:
    shop.transfer(15, "100", to=deposit(1))
    shop.head(17)
    shop.refresh()
    assert outcome(shop) == ("paid", None)


def test_r19_money_one_block_after_expires_at_is_late(shop: ModelWorld) -> None:
    shop.transfer(16, "100", to=deposit(1))
    shop.head(18)
    shop.refresh()
    assert outcome(shop) == ("expired", "late")
    row = shop.row(OUTCOME)
    assert (row["paid_base_units"], row["on_time_base_units"]) == (Decimal(100 * 10**18), 0)


def test_r19_expiry_is_judged_by_the_time_of_the_head(shop: ModelWorld) -> None:
    shop.head(15)
    shop.refresh()
    at_expiry = outcome(shop)
    shop.head(16)
    shop.refresh()
    assert (at_expiry, outcome(shop)) == (("pending", None), ("expired", None))


def test_r19_without_a_head_nothing_expires(shop: ModelWorld) -> None:
    shop.head(10**4, network="ETH")
    shop.refresh()
    assert outcome(shop) == ("pending", None)


def test_r19_too_little_on_time_money_fails_at_expiry(shop: ModelWorld) -> None:
    shop.transfer(5, "99.999999999999999999", to=deposit(1))
    shop.head(15)
    shop.refresh()
    before = outcome(shop)
    shop.head(16)
    shop.refresh()
    assert (before, outcome(shop)) == (("pending", None), ("failed", "underpaid"))


def test_r19_money_awaiting_confirmations_keeps_the_session_pending_past_expiry(shop: ModelWorld) -> None:
    shop.transfer(15, "100", to=deposit(1))
    shop.head(16)
    shop.refresh()
    awaiting = outcome(shop)
    shop.head(17)
    shop.refresh()
    assert (awaiting, outcome(shop)) == (("pending", None), ("paid", None))


def test_r19_too_little_money_awaiting_confirmations_fails_once_confirmed(shop: ModelWorld) -> None:
    shop.transfer(15, "30", to=deposit(1))
    shop.head(16)
    shop.refresh()
    awaiting = outcome(shop)
    shop.head(17)
    shop.refresh()
    assert (awaiting, outcome(shop)) == (("pending", None), ("failed", "underpaid"))


def test_r19_a_gateway_failure_fails_an_unpaid_session(shop: ModelWorld) -> None:
    shop.event("session.failed", 4, {"session_id": session(1), "reason": "cancelled"})
    shop.head(5)
    shop.refresh()
    assert outcome(shop) == ("failed", None)
    assert shop.row(OUTCOME)["is_failed_by_gateway"]


def test_r19_a_gateway_failure_waits_for_money_awaiting_confirmations(shop: ModelWorld) -> None:
    shop.event("session.failed", 6, {"session_id": session(1), "reason": "cancelled"})
    shop.transfer(5, "30", to=deposit(1))
    shop.head(6)
    shop.refresh()
    awaiting = outcome(shop)
    shop.head(7)
    shop.refresh()
    assert (awaiting, outcome(shop)) == (("pending", None), ("failed", "underpaid"))


@pytest.mark.parametrize("is_failed_first", [True, False])
def test_r19_paid_beats_failed_whenever_the_gateway_said_so(shop: ModelWorld, is_failed_first: bool) -> None:
    def fail() -> None:
        shop.event("session.failed", 2, {"session_id": session(1), "reason": "cancelled"})

    def pay() -> None:
        shop.transfer(5, "100", to=deposit(1))
        shop.head(7)

    for happen in (fail, pay) if is_failed_first else (pay, fail):
        happen()
        shop.refresh()
    assert outcome(shop) == ("paid", None)
    assert not shop.row(OUTCOME)["is_failed_by_gateway"]


@pytest.mark.parametrize("merchant", ["mer_2", "mer_1"])
def test_a_failure_said_by_another_merchant_or_mode_takes_no_effect(shop: ModelWorld, merchant: str) -> None:
    mode = "live" if merchant == "mer_2" else "test"
    shop.event("session.failed", 4, {"session_id": session(1), "reason": "x"}, merchant=merchant, mode=mode)
    shop.head(5)
    shop.refresh()
    assert outcome(shop) == ("pending", None)


def test_a_failure_of_an_unknown_session_waits_for_it(world: ModelWorld) -> None:
    world.event("session.failed", 4, {"session_id": session(1), "reason": "cancelled"})
    world.head(5)
    world.refresh()
    world.session(1, 0)
    world.refresh()
    assert outcome(world) == ("failed", None)


def test_r19_an_address_handed_on_gives_the_older_session_no_late_money(shop: ModelWorld) -> None:
    shop.session(2, 16, amount="100", expires=40)
    shop.assign(2, 1, 17)
    shop.transfer(16, "10", to=deposit(1), log_index=1)  # before the hand-over: late money of session 1
    shop.transfer(17, "100", to=deposit(1), log_index=2)  # at its very time: session 2's
    shop.transfer(20, "10", to=deposit(1), log_index=3)
    shop.head(30)
    shop.refresh()
    assert outcome(shop, 1) == ("expired", "late")
    assert outcome(shop, 2) == ("paid", "overpaid")
    counts = shop.rows(OUTCOME, "transfer_count")
    assert counts == [{"transfer_count": 1}, {"transfer_count": 2}]


@pytest.mark.parametrize(
    ("transfers", "expected"),
    [
        ([(5, "100")], ("paid", None)),
        ([(5, "60"), (6, "40")], ("paid", "multiple")),
        ([(5, "100.5")], ("paid", "overpaid")),
        ([(5, "100"), (6, "1")], ("paid", "overpaid")),  # overpaid before multiple
        ([(5, "100"), (16, "1")], ("paid", "late")),  # late whatever the status, before overpaid and multiple
        ([(5, "120"), (16, "1")], ("paid", "late")),
        ([(5, "40")], ("failed", "underpaid")),
        ([(5, "40"), (6, "40")], ("failed", "underpaid")),  # underpaid before multiple
        ([(5, "40"), (16, "60")], ("failed", "late")),  # late before underpaid, and late money pays nothing
        ([(16, "100"), (17, "1")], ("expired", "late")),
    ],
)
def test_r19a_the_exception_and_what_goes_before_what(
    shop: ModelWorld, transfers: list[tuple[int, str]], expected: tuple[str, str | None]
) -> None:
    for block, amount in transfers:
        shop.transfer(block, amount, to=deposit(1))
    shop.head(30)
    shop.refresh()
    assert outcome(shop) == expected


def test_r19a_a_pending_session_with_two_transfers_is_multiple(shop: ModelWorld) -> None:
    shop.transfer(5, "10", to=deposit(1))
    shop.transfer(6, "10", to=deposit(1))
    shop.head(10)
    shop.refresh()
    assert outcome(shop) == ("pending", "multiple")


def test_r20_the_reaching_transfer_is_the_first_at_which_the_sum_is_enough(shop: ModelWorld) -> None:
    shop.transfer(5, "60", to=deposit(1), log_index=9)
    reaching = shop.transfer(6, "40", to=deposit(1), log_index=3)
    shop.transfer(6, "5", to=deposit(1), log_index=4)
    shop.transfer(7, "5", to=deposit(1), log_index=1)
    shop.head(30)
    shop.refresh()
    row = shop.row(OUTCOME)
    assert (row["tx_hash"], row["tx_block_number"], row["reached_at"]) == (reaching, 6, minute(6))
    assert row["confirmed_at"] == minute(8)


def test_r20_late_money_never_reaches_the_amount(shop: ModelWorld) -> None:
    shop.transfer(5, "60", to=deposit(1))
    latest = shop.transfer(16, "60", to=deposit(1))
    shop.head(30)
    shop.refresh()
    row = shop.row(OUTCOME)
    assert (row["reached_at"], row["confirmed_at"]) == (None, None)
    assert (row["tx_hash"], row["tx_block_number"]) == (latest, 16)


def test_r20_without_a_reaching_transfer_the_latest_is_named(shop: ModelWorld) -> None:
    shop.transfer(5, "10", to=deposit(1), log_index=8)
    latest = shop.transfer(6, "10", to=deposit(1), log_index=2)
    shop.transfer(6, "10", to=deposit(1), log_index=1)
    shop.head(10)
    shop.refresh()
    row = shop.row(OUTCOME)
    assert (row["tx_hash"], row["reached_at"]) == (latest, None)


def test_r13_an_amount_is_compared_in_the_token_s_own_units(world: ModelWorld) -> None:
    """USDT on ETH has 6 decimals: 0.0000015 asked is 2 units payable; 1 unit is too little."""
    for number, amount in ((1, "0.000001"), (2, "0.000002")):
        world.address(number, 0, network="ETH")
        world.session(number, 0, amount="0.0000015", network="ETH", expires=15)
        world.assign(number, number, 1)
        world.transfer(5, amount, to=deposit(number), network="ETH", log_index=number)
    world.head(20, network="ETH")
    world.refresh()
    assert outcome(world, 1) == ("failed", "underpaid")
    assert outcome(world, 2) == ("paid", None)


def test_r17_another_token_than_the_asked_one_does_not_pay(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1), currency="USDC")
    shop.transfer(5, "100", to=deposit(1), token="0x" + "77" * 20, log_index=1)
    shop.head(16)
    shop.refresh()
    assert outcome(shop) == ("expired", None)


def test_money_on_two_addresses_of_one_session_counts_together(shop: ModelWorld) -> None:
    shop.address(2, 0)
    shop.assign(1, 2, 3)
    shop.transfer(5, "60", to=deposit(1))
    shop.transfer(6, "40", to=deposit(2))
    shop.head(8)
    shop.refresh()
    assert outcome(shop) == ("paid", "multiple")
