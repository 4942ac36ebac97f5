"""marts.sessions: one checkout session as merchants see it."""

from decimal import Decimal

from tests.support.models import HOT_WALLET, ModelWorld, deposit, minute, session

SESSIONS = "marts.sessions"


def test_a_paid_session_in_full(shop: ModelWorld) -> None:
    tx_hash = shop.transfer(5, "100.5", to=deposit(1))
    shop.head(7)
    shop.refresh()
    assert shop.row(SESSIONS) == {
        "mode": "live",
        "merchant_id": "mer_1",
        "session_id": session(1),
        "reference": "ORDER-1",
        "amount": Decimal(100),
        "currency": "USDT",
        "network": "BSC",
        "decimals": 18,
        "status": "paid",
        "exception": "overpaid",
        "customer_email": "payer@example.com",
        "customer_name": "Payer",
        "description": None,
        "callback_url": None,
        "metadata": "{}",
        "payment_url": None,
        "deposit_address": deposit(1),
        "deposit_address_id": 1,
        "tx_hash": tx_hash,
        "tx_block_number": 5,
        "paid_amount": Decimal("100.5"),
        "paid_at": minute(5),
        "platform_fees": Decimal("1.005"),  # 1 % of 100.5
        "transfer_count": 1,
        "first_transfer_at": minute(5),
        "last_transfer_at": minute(5),
        "tx_hashes": [tx_hash],
        "required_confirmations": 3,
        "created_at": minute(0),
        "updated_at": minute(7),  # payment_confirmed
        "expires_at": minute(15),
    }


def test_r20_paid_amount_counts_unconfirmed_and_late_money(shop: ModelWorld) -> None:
    shop.transfer(5, "60", to=deposit(1))
    shop.transfer(16, "7", to=deposit(1))
    shop.transfer(17, "0.5", to=deposit(1))
    shop.head(17)
    shop.refresh()
    assert shop.row(SESSIONS, "status, paid_amount, platform_fees, paid_at, transfer_count") == {
        "status": "failed",
        "paid_amount": Decimal("67.5"),
        "platform_fees": Decimal("0.675"),
        "paid_at": None,
        "transfer_count": 3,
    }


def test_r20_paid_amount_is_null_without_money(shop: ModelWorld) -> None:
    shop.head(30)
    shop.refresh()
    assert shop.row(SESSIONS, "status, paid_amount, platform_fees, tx_hash, paid_at") == {
        "status": "expired",
        "paid_amount": None,
        "platform_fees": None,
        "tx_hash": None,
        "paid_at": None,
    }


def test_r14_a_session_s_fees_are_those_of_its_transfers_each_rounded_by_itself(shop: ModelWorld) -> None:
    # 1 % of 0.0000005 is 0.000000005, half-up to 1e-8; of both together it would be 1e-8 too, not 2e-8
    for block in (5, 6):
        shop.transfer(block, "0.0000005", to=deposit(1))
    shop.head(7, finalized=4)
    shop.refresh()
    assert shop.row(SESSIONS, "platform_fees")["platform_fees"] == Decimal("0.00000002")


def test_r14_terms_that_come_late_change_the_fees_of_a_session(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.head(7)
    shop.refresh()
    before = shop.row(SESSIONS, "platform_fees")["platform_fees"]
    shop.merchant(1, platform_fee_rate="0.02")
    shop.refresh()
    assert (before, shop.row(SESSIONS, "platform_fees")["platform_fees"]) == (Decimal(1), Decimal(2))


def test_r20_paid_at_waits_until_the_status_is_paid(shop: ModelWorld) -> None:
    tx_hash = shop.transfer(5, "100", to=deposit(1))
    shop.head(6)
    shop.refresh()
    waiting = shop.row(SESSIONS, "status, paid_at, tx_hash")
    shop.head(7)
    shop.refresh()
    assert waiting == {"status": "pending", "paid_at": None, "tx_hash": tx_hash}
    assert shop.row(SESSIONS, "status, paid_at, tx_hash") == {
        "status": "paid",
        "paid_at": minute(5),
        "tx_hash": tx_hash,
    }


def test_r20_paid_at_is_the_reaching_transfer_s_time(shop: ModelWorld) -> None:
    shop.transfer(5, "60", to=deposit(1))
    shop.transfer(6, "60", to=deposit(1))
    shop.transfer(9, "60", to=deposit(1))
    shop.head(11)
    shop.refresh()
    assert shop.row(SESSIONS, "paid_at, paid_amount") == {"paid_at": minute(6), "paid_amount": Decimal(180)}


def test_r13_paid_amount_is_exact_at_six_decimals(world: ModelWorld) -> None:
    world.address(1, -5, network="ETH")
    world.session(1, 0, network="ETH", amount="1234567.000001", expires=15)
    world.assign(1, 1, 1)
    world.transfer(5, "1234567.000001", to=deposit(1), network="ETH")
    world.head(7, network="ETH")
    world.refresh()
    assert world.row(SESSIONS, "paid_amount, exception, decimals") == {
        "paid_amount": Decimal("1234567.000001"),
        "exception": None,
        "decimals": 6,
    }


def test_the_address_shown_is_the_one_handed_out_last(shop: ModelWorld) -> None:
    shop.address(2, 0)
    shop.assign(1, 2, 4)
    shop.address(3, 0)
    shop.assign(1, 3, 3)
    shop.refresh()
    assert shop.row(SESSIONS, "deposit_address, deposit_address_id") == {
        "deposit_address": deposit(2),
        "deposit_address_id": 2,
    }


def test_a_session_without_an_address_is_there(world: ModelWorld) -> None:
    world.session(1, 0)
    world.refresh()
    row = world.row(SESSIONS)
    assert (row["deposit_address"], row["deposit_address_id"], row["status"]) == (None, None, "pending")
    assert row["updated_at"] == minute(0)


def test_r23_updated_at_leaves_sweeps_out(shop: ModelWorld) -> None:
    shop.hot_wallet(0)
    shop.transfer(5, "100", to=deposit(1))
    shop.transfer(9, "100", to=HOT_WALLET, sender=deposit(1))
    shop.head(20)
    shop.refresh()
    assert shop.row(SESSIONS, "updated_at")["updated_at"] == minute(7)


def test_a_session_on_a_network_that_is_not_active_stays_pending(world: ModelWorld) -> None:
    world.session(1, 0, mode="test")  # this world has no test networks
    world.head(10**3)
    world.refresh()
    assert world.row(SESSIONS, "mode, status, required_confirmations, decimals") == {
        "mode": "test",
        "status": "pending",
        "required_confirmations": None,
        "decimals": None,
    }


def test_a_reference_described_anew_shows_in_its_transfers_and_its_address(shop: ModelWorld) -> None:
    shop.transfer(5, "1", to=deposit(1))
    shop.head(7)
    shop.refresh()
    shop.session(1, 2, expires=15, reference="RENAMED")
    shop.refresh()
    assert shop.row(SESSIONS, "reference, created_at") == {"reference": "RENAMED", "created_at": minute(2)}
    assert shop.row("marts.transactions", "reference")["reference"] == "RENAMED"
    assert shop.row("marts.addresses", "assigned_reference")["assigned_reference"] == "RENAMED"


def test_r19_an_expiry_described_anew_judges_the_same_money_again(shop: ModelWorld) -> None:
    shop.transfer(16, "100", to=deposit(1))
    shop.head(20)
    shop.refresh()
    before = shop.row(SESSIONS, "status, exception")
    shop.session(1, 1, expires=16)
    shop.refresh()
    assert before == {"status": "expired", "exception": "late"}
    assert shop.row(SESSIONS, "status, exception") == {"status": "paid", "exception": None}


def test_what_the_gateway_says_of_payments_and_expiry_moves_nothing(shop: ModelWorld) -> None:
    sighting = {"session_id": session(1), "tx_hash": "0x" + "ab" * 32, "amount": "100"}
    shop.event("session.payment_received", 5, sighting)
    shop.event("session.payment_confirmed", 6, sighting)
    shop.event("session.expired", 7, {"session_id": session(1)})
    shop.head(10)
    shop.refresh()
    assert shop.row(SESSIONS, "status, exception, paid_amount, updated_at") == {
        "status": "pending",
        "exception": None,
        "paid_amount": None,
        "updated_at": minute(1),
    }
