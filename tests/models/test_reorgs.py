"""What every figure makes of blocks that leave the chain, come back, or are replaced by others."""

from decimal import Decimal

import pytest

from tests.support.models import HOT_WALLET, ModelWorld, deposit, minute, session

SESSION = "status, exception, paid_amount, tx_hash, tx_block_number, paid_at, transfer_count"
UNPAID = {
    "status": "pending",
    "exception": None,
    "paid_amount": None,
    "tx_hash": None,
    "tx_block_number": None,
    "paid_at": None,
    "transfer_count": 0,
}
REMOVED = "Payment removed from the blockchain (100 USDT)"


@pytest.fixture
def forked(shop: ModelWorld) -> ModelWorld:
    """The shop; from block 4 on there are two branches, and the blocks of the other, "b", are half a minute later."""
    shop.branches.fork("b", 4, minutes=0.5)
    return shop


def switch(world: ModelWorld, up_to: int, head: int, *, finalized: int = 3, at: float = 0) -> None:
    """The chain gives up its blocks from 4 to `up_to` for those of branch b, up to `head`."""
    world.orphan(*range(4, up_to + 1), at=at)
    world.head(head, branch="b", finalized=finalized)
    world.refresh()


def orphanings(world: ModelWorld) -> list[tuple]:
    rows = world.rows("marts.session_timeline", "event_at, event_rank, details", "event = 'payment_orphaned'")
    return [tuple(row.values()) for row in rows]


def test_r29_r20_an_orphaned_payment_leaves_every_figure(forked: ModelWorld) -> None:
    forked.transfer(5, "100", to=deposit(1))
    forked.head(7, finalized=3)
    forked.refresh()
    before = forked.row("marts.sessions", SESSION)
    switch(forked, 7, 8)
    assert (before["status"], before["paid_amount"]) == ("paid", Decimal(100))
    assert forked.row("marts.sessions", SESSION) == UNPAID
    for table in ("marts.transactions", "marts.daily_credits", "marts.balances"):
        assert forked.rows(table) == []
    assert forked.row("marts.addresses", "balance, total_received, is_assigned, updated_at") == {
        "balance": Decimal(0),
        "total_received": Decimal(0),
        "is_assigned": True,
        "updated_at": minute(1),
    }


def test_what_stands_where_an_orphaned_payment_stood_is_not_taken_for_it(forked: ModelWorld) -> None:
    forked.address(2, 1)
    forked.transfer(5, "100", to=deposit(1))
    forked.transfer(6, "1", to=deposit(1))  # so that its old transfers lie before and after the new one
    forked.head(7, finalized=3)
    forked.refresh()
    forked.transfer(5, "70", to=deposit(2), branch="b")
    switch(forked, 7, 8)
    forked.session(2, 6)
    forked.assign(2, 1, 6)  # of the first address alone
    forked.refresh()
    found = forked.row("marts.transactions", "deposit_address, amount")
    assert found == {"deposit_address": deposit(2), "amount": Decimal(70)}


def test_an_orphaned_payment_that_is_mined_again_in_another_block_counts_there(forked: ModelWorld) -> None:
    forked.transfer(5, "100", to=deposit(1))
    forked.head(7, finalized=3)
    forked.refresh()
    mined_again = forked.transfer(7, "100", to=deposit(1), branch="b")
    switch(forked, 7, 9)
    assert forked.row("marts.sessions", SESSION) == {
        "status": "paid",
        "exception": None,
        "paid_amount": Decimal(100),
        "tx_hash": mined_again,
        "tx_block_number": 7,
        "paid_at": minute(7.5),
        "transfer_count": 1,
    }
    assert forked.row("marts.balances", "received_final, received_pending") == {
        "received_final": Decimal(0),
        "received_pending": Decimal(100),
    }
    assert forked.row("marts.addresses", "total_received, updated_at") == {
        "total_received": Decimal(100),
        "updated_at": minute(7.5),
    }


def test_a_payment_whose_block_comes_back_counts_as_before(forked: ModelWorld) -> None:
    forked.transfer(5, "100", to=deposit(1))
    forked.head(7, finalized=3)
    forked.refresh()
    before = forked.derived()
    switch(forked, 7, 8, at=8)
    forked.orphan(*range(4, 9), branch="b", at=9)
    forked.bring_back(*range(4, 8), at=9)
    forked.head(7, finalized=3)
    forked.refresh()
    assert forked.row("marts.transactions") == before["marts.transactions"][0]
    assert forked.row("marts.balances") == before["marts.balances"][0]
    assert forked.row("marts.sessions", SESSION)["status"] == "paid"
    assert orphanings(forked) == [(minute(8), 9, REMOVED)]


def test_r21_a_confirming_block_replaced_by_another_gives_its_time(forked: ModelWorld) -> None:
    forked.branches.fork("c", 7, minutes=-0.5)
    forked.transfer(5, "100", to=deposit(1))
    forked.head(8, finalized=3)
    forked.refresh()
    forked.orphan(7, 8)
    forked.head(8, branch="c", finalized=3)
    forked.refresh()
    assert forked.row("marts.transactions", "confirmed_at") == {"confirmed_at": minute(6.5)}
    confirmed = forked.rows("marts.session_timeline", "event_at", "event = 'payment_confirmed'")
    assert confirmed == [{"event_at": minute(6.5)}]


def test_r21_a_confirming_block_that_left_gives_no_time_until_another_is_known(forked: ModelWorld) -> None:
    forked.branches.fork("c", 7, minutes=-0.5)
    forked.transfer(5, "100", to=deposit(1))
    forked.head(8, finalized=3)
    forked.refresh()
    forked.orphan(7, 8)
    forked.head(8, branch="c", finalized=3, with_headers=False)
    forked.refresh()
    unknown = forked.row("marts.transactions", "confirmed_at")
    forked.headers(8, branch="c")
    forked.refresh()
    assert unknown == {"confirmed_at": None}
    assert forked.row("marts.transactions", "confirmed_at") == {"confirmed_at": minute(6.5)}


@pytest.mark.parametrize("is_marked", [True, False])
def test_r19_a_head_that_goes_back_takes_confirmations(shop: ModelWorld, is_marked: bool) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.head(7, finalized=3, with_headers=is_marked)
    shop.refresh()
    if is_marked:
        shop.orphan(7)
    shop.head(6, finalized=3, with_headers=False)
    shop.refresh()
    assert shop.row("marts.sessions", "status, paid_at") == {"status": "pending", "paid_at": None}
    assert shop.row("marts.transactions", "confirmed_at") == {"confirmed_at": None}


def test_r19_a_head_that_goes_back_before_an_expiry_undoes_it(shop: ModelWorld) -> None:
    statuses = []
    for head in (16, 15, 16):
        shop.head(head, finalized=3)
        shop.refresh()
        address = shop.row("marts.addresses", "is_assigned")["is_assigned"]
        statuses.append((shop.row("marts.sessions", "status")["status"], address))
    assert statuses == [("expired", False), ("pending", True), ("expired", False)]


def test_r19_a_head_of_an_earlier_time_undoes_an_expiry_at_the_same_height(shop: ModelWorld) -> None:
    shop.branches.fork("b", 4, minutes=-0.9)
    shop.transfer(2, "40", to=deposit(1))
    shop.head(15, finalized=3)
    shop.session(1, 0, expires=14.5)
    shop.refresh()
    before = shop.row("marts.sessions", "status, exception")
    switch(shop, 15, 15)
    assert before == {"status": "failed", "exception": "underpaid"}
    assert shop.row("marts.sessions", "status, exception") == {"status": "pending", "exception": None}
    events = [row["event"] for row in shop.rows("marts.session_timeline", "event")]
    assert events == ["session_created", "address_assigned", "payment_received"]


def test_r26_an_orphaned_sweep_leaves_the_money_where_it_was(forked: ModelWorld) -> None:
    forked.hot_wallet(0)
    forked.transfer(2, "100", to=deposit(1))
    forked.transfer(5, "100", to=HOT_WALLET, sender=deposit(1))
    forked.head(7, finalized=3)
    forked.refresh()
    before = forked.row("marts.addresses", "balance, total_swept, last_swept_at")
    switch(forked, 7, 8)
    assert before == {"balance": Decimal(0), "total_swept": Decimal(100), "last_swept_at": minute(5)}
    assert forked.row("marts.addresses", "balance, total_swept, last_swept_at, sweep_tx_hash, sweep_status") == {
        "balance": Decimal(100),
        "total_swept": Decimal(0),
        "last_swept_at": None,
        "sweep_tx_hash": None,
        "sweep_status": "pending",
    }
    assert "funds_swept" not in [row["event"] for row in forked.rows("marts.session_timeline", "event")]
    assert orphanings(forked) == []  # no payment


def test_r23_payment_orphaned_stands_once_for_each_time(forked: ModelWorld) -> None:
    forked.transfer(5, "60", to=deposit(1))
    forked.transfer(5, "40", to=deposit(1), log_index=1)
    forked.head(6, finalized=3)
    for at in (7, 9):
        forked.orphan(4, 5, 6, at=at)
        forked.refresh()
        forked.bring_back(4, 5, 6, at=at + 1)
        forked.refresh()
    sixty, forty = (REMOVED.replace("100", amount) for amount in ("60", "40"))
    assert orphanings(forked) == [(minute(at), 9, text) for at in (7, 9) for text in (forty, sixty)]


def test_r23_payment_orphaned_stands_between_what_happened_at_its_time(forked: ModelWorld) -> None:
    forked.transfer(5, "100", to=deposit(1))
    forked.head(7, finalized=3)
    forked.refresh()
    switch(forked, 7, 20, at=15)
    timeline = [tuple(row.values()) for row in forked.rows("marts.session_timeline", "event, event_at, sequence")]
    assert timeline[2:] == [("payment_orphaned", minute(15), 3), ("session_expired", minute(15), 4)]


def test_r23_updated_at_is_the_time_the_payment_was_seen_to_leave(forked: ModelWorld) -> None:
    forked.transfer(5, "100", to=deposit(1))
    forked.head(7, finalized=3)
    forked.refresh()
    switch(forked, 7, 8, at=9)
    assert forked.row("marts.sessions", "updated_at") == {"updated_at": minute(9)}


def test_an_orphaned_late_payment_is_history_too(forked: ModelWorld) -> None:
    forked.transfer(16, "100", to=deposit(1))
    forked.head(17, finalized=3)
    forked.refresh()
    before = forked.row("marts.sessions", "status, exception")
    switch(forked, 17, 18, at=18)
    assert before == {"status": "expired", "exception": "late"}
    assert forked.row("marts.sessions", "status, exception") == {"status": "expired", "exception": None}
    assert orphanings(forked) == [(minute(18), 9, REMOVED)]


def test_a_payment_of_another_session_or_of_no_one_is_not_the_session_s_history(forked: ModelWorld) -> None:
    forked.address(2, 0)
    forked.transfer(5, "100", to=deposit(2))
    forked.transfer(5, "100", to=deposit(1), currency="USDC", log_index=1)
    forked.head(7, finalized=3)
    forked.refresh()
    switch(forked, 7, 8)
    assert orphanings(forked) == []


def test_r11b_another_transfer_at_the_same_place_has_the_same_id(forked: ModelWorld) -> None:
    forked.address(2, 0)
    forked.transfer(5, "100", to=deposit(1))
    forked.head(7, finalized=3)
    forked.refresh()
    before = forked.row("marts.transactions", "id, tx_hash, deposit_address, session_id")
    tx_hash = forked.transfer(5, "7", to=deposit(2), branch="b")
    switch(forked, 7, 7)
    after = {"id": before["id"], "tx_hash": tx_hash, "deposit_address": deposit(2), "session_id": None}
    assert before["session_id"] == session(1)
    assert before["tx_hash"] != tx_hash
    assert forked.row("marts.transactions", "id, tx_hash, deposit_address, session_id") == after


def test_a_log_stored_after_its_block_left_is_history_only(forked: ModelWorld) -> None:
    forked.head(7, finalized=3)
    forked.refresh()
    switch(forked, 7, 8, at=8)
    forked.transfer(5, "100", to=deposit(1))
    forked.refresh()
    assert forked.row("marts.sessions", SESSION) == UNPAID
    assert orphanings(forked) == [(minute(8), 9, REMOVED)]
