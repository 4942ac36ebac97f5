"""marts.ledger: the entries of a merchant's book."""

from decimal import Decimal

import pytest

from tests.support.models import HOT_WALLET, ModelWorld, deposit, minute, session

LEDGER = "marts.ledger"
STRANGER = "0x" + "55" * 20


def entries(world: ModelWorld) -> list[tuple]:
    return [tuple(row.values()) for row in world.rows(LEDGER, "merchant_id, currency, amount, fee, net")]


def amounts(world: ModelWorld) -> list[Decimal]:
    return [row["amount"] for row in world.rows(LEDGER, "amount")]


def rates(world: ModelWorld) -> list[tuple[Decimal, Decimal]]:
    return [tuple(row.values()) for row in world.rows(LEDGER, "platform_fee_rate, fee")]


def test_a_payment_in_full(shop: ModelWorld) -> None:
    tx_hash = shop.transfer(5, "100", to=deposit(1), log_index=7)
    shop.head(7)
    shop.refresh()
    assert shop.row(LEDGER) == {
        "mode": "live",
        "merchant_id": "mer_1",
        "id": 281474978021390,  # as its transfer has it: network, block, log, direction
        "type": "payment",
        "network": "BSC",
        "currency": "USDT",
        "decimals": 18,
        "amount": Decimal(100),
        "platform_fee_rate": Decimal("0.01"),
        "fee": Decimal(1),
        "net": Decimal(99),
        "posted_at": minute(5),
        "transaction_id": 281474978021390,
        "tx_hash": tx_hash,
        "deposit_address": deposit(1),
        "session_id": session(1),
        "reference": "ORDER-1",
    }
    assert shop.row("marts.transactions", "id")["id"] == 281474978021390


def test_r41_an_entry_is_posted_once_final_at_the_block_time(shop: ModelWorld) -> None:
    shop.transfer(5, "10", to=deposit(1))
    shop.transfer(6, "20", to=deposit(1))
    posted = []
    for head, finalized in ((10, 4), (11, 5), (12, 5), (13, 6)):  # confirmed from the first on
        shop.head(head, finalized=finalized)
        shop.refresh()
        posted.append([row["posted_at"] for row in shop.rows(LEDGER, "posted_at")])
    assert posted == [[], [minute(5)], [minute(5)], [minute(5), minute(6)]]


def test_r15_money_of_no_session_is_posted_too(shop: ModelWorld) -> None:
    shop.transfer(0, "10", to=deposit(1))  # before any hand-out
    shop.transfer(5, "20", to=deposit(1))
    shop.transfer(6, "30", to=deposit(1), currency="USDC")  # the row is of USDT
    shop.head(10)
    shop.refresh()
    rows = shop.rows(LEDGER, "currency, amount, session_id, reference")
    assert [tuple(row.values()) for row in rows] == [
        ("USDT", Decimal(10), None, None),
        ("USDT", Decimal(20), session(1), "ORDER-1"),
        ("USDC", Decimal(30), None, None),
    ]


def test_r19_money_after_expiry_is_credited_and_the_status_stays(shop: ModelWorld) -> None:
    shop.head(16)
    shop.refresh()
    shop.transfer(20, "100", to=deposit(1))
    shop.head(30)
    shop.refresh()
    assert entries(shop) == [("mer_1", "USDT", Decimal(100), Decimal(1), Decimal(99))]
    assert shop.row("marts.sessions", "status, exception, paid_amount") == {
        "status": "expired", "exception": "late", "paid_amount": Decimal(100),
    }  # fmt: skip


def test_r13_what_is_less_than_the_smallest_shown_amount_stays_in_the_books(shop: ModelWorld) -> None:
    for block in (5, 6, 7):
        shop.transfer(block, "0.000000004", to=deposit(1))
    shop.head(10)
    shop.refresh()
    assert amounts(shop) == [Decimal("0.000000004")] * 3
    # A hundredth of it is 0.00000000004: nothing, at 8 places. Together 0.000000012, of which 0.00000001 is shown.
    assert shop.row("marts.balances", "received_final, platform_fees_final") == {
        "received_final": Decimal("0.000000012"), "platform_fees_final": Decimal(0),
    }  # fmt: skip


def test_what_leaves_an_address_is_no_entry(shop: ModelWorld) -> None:
    shop.hot_wallet(0)
    shop.transfer(5, "10", to=deposit(1))
    shop.transfer(6, "4", to=HOT_WALLET, sender=deposit(1))
    shop.transfer(7, "3", to=STRANGER, sender=deposit(1))
    shop.head(10)
    shop.refresh()
    assert [row["type"] for row in shop.rows("marts.transactions", "type")] == ["incoming", "sweep", "outgoing"]
    assert amounts(shop) == [Decimal(10)]


def test_between_own_addresses_the_receiving_side_is_one_entry(world: ModelWorld) -> None:
    world.address(1, 0)
    world.address(2, 0)
    world.transfer(5, "10", to=deposit(2), sender=deposit(1))
    world.head(10)
    world.refresh()
    assert world.row(LEDGER, "deposit_address, amount") == {"deposit_address": deposit(2), "amount": Decimal(10)}


def test_r15_a_transfer_of_nothing_is_no_entry(shop: ModelWorld) -> None:
    shop.transfer(5, "0", to=deposit(1))
    shop.head(10)
    shop.refresh()
    assert amounts(shop) == []


@pytest.mark.parametrize(
    ("amount", "fee", "net"),
    [
        ("0.0000005", "0.00000001", "0.00000049"),  # 0.000000005: half goes up
        ("0.000000499999999999", "0", "0.000000499999999999"),
        ("1.2345675", "0.01234568", "1.22222182"),
        ("33.333333333333333333", "0.33333333", "33.000000003333333333"),
        ("999999999999.999999999999999999", "10000000000", "989999999999.999999999999999999"),
        ("0.000000000000000001", "0", "0.000000000000000001"),  # dust stays in the book
    ],
)
def test_r13_r14_gross_and_net_are_exact_and_the_fee_is_rounded_half_up_once(
    shop: ModelWorld, amount: str, fee: str, net: str
) -> None:
    shop.transfer(5, amount, to=deposit(1))
    shop.head(10)
    shop.refresh()
    assert entries(shop) == [("mer_1", "USDT", Decimal(amount), Decimal(fee), Decimal(net))]


def test_r14_each_entry_has_a_rounding_of_its_own(shop: ModelWorld) -> None:
    for block in (5, 6, 7):
        shop.transfer(block, "0.0000005", to=deposit(1))
    shop.head(10)
    shop.refresh()
    assert [fee for _, fee in rates(shop)] == [Decimal("0.00000001")] * 3


def test_r14_the_rate_is_that_in_force_at_the_block_time(shop: ModelWorld) -> None:
    shop.merchant(0, platform_fee_rate="0.02")
    shop.merchant(20, platform_fee_rate="0")
    for block in (5, 19, 20):
        shop.transfer(block, "100", to=deposit(1))
    shop.head(30)
    shop.refresh()
    assert rates(shop) == [(Decimal("0.02"), Decimal(2)), (Decimal("0.02"), Decimal(2)), (Decimal(0), Decimal(0))]
    assert [net for *_, net in entries(shop)] == [Decimal(98), Decimal(98), Decimal(100)]


def test_r14_a_rate_that_arrives_late_corrects_what_it_covers(shop: ModelWorld) -> None:
    for block in (5, 25):
        shop.transfer(block, "100", to=deposit(1))
    shop.head(30)
    shop.refresh()
    before = rates(shop)
    shop.merchant(1, platform_fee_rate="0.01")
    shop.merchant(20, platform_fee_rate="0.03")
    shop.refresh()
    assert before == [(Decimal("0.01"), Decimal(1))] * 2
    assert rates(shop) == [(Decimal("0.01"), Decimal(1)), (Decimal("0.03"), Decimal(3))]


def test_an_earlier_claim_that_arrives_late_moves_the_entries(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.head(10)
    shop.refresh()
    before = entries(shop)
    shop.address(2, -9, address=deposit(1), merchant="mer_2")
    shop.refresh()
    money = ("USDT", Decimal(100), Decimal(1), Decimal(99))
    assert (before, entries(shop)) == ([("mer_1", *money)], [("mer_2", *money)])
    assert shop.row(LEDGER, "session_id")["session_id"] is None


def test_a_hand_out_that_arrives_late_names_the_session(world: ModelWorld) -> None:
    world.address(1, -5)
    world.transfer(5, "100", to=deposit(1))
    world.head(10)
    world.refresh()
    before = world.row(LEDGER, "session_id")["session_id"]
    world.session(1, 0, expires=15)
    world.assign(1, 1, 1)
    world.refresh()
    assert (before, world.row(LEDGER, "session_id")["session_id"]) == (None, session(1))


def test_a_final_transfer_that_is_gone_leaves_no_entry(shop: ModelWorld) -> None:
    kept = shop.transfer(5, "10", to=deposit(1))
    shop.transfer(6, "20", to=deposit(1))
    shop.head(10)
    shop.refresh()
    before = amounts(shop)
    shop.new_batch()
    shop.orphan(6)
    shop.head(11)
    shop.refresh()
    assert (before, shop.row(LEDGER, "tx_hash", "currency = 'USDT'")) == ([Decimal(10), Decimal(20)], {"tx_hash": kept})


def test_a_block_replaced_by_one_of_its_height_leaves_one_entry_at_the_new_time(shop: ModelWorld) -> None:
    shop.transfer(5, "10", to=deposit(1))
    shop.head(10)
    shop.refresh()
    shop.branches.fork("b", 5, minutes=0.5)
    shop.new_batch()
    shop.orphan(*range(5, 11))
    shop.transfer(5, "10", to=deposit(1), branch="b")
    shop.head(11, branch="b")
    shop.refresh()
    assert shop.row(LEDGER, "amount, posted_at") == {"amount": Decimal(10), "posted_at": minute(5.5)}


def test_networks_and_merchants_stand_apart(world: ModelWorld) -> None:
    world.address(1, 0)
    world.address(2, 0, merchant="mer_2")
    world.address(3, 0, address=deposit(1), network="ETH")
    world.transfer(5, "10", to=deposit(1))
    world.transfer(5, "20", to=deposit(2), log_index=1)
    world.transfer(5, "30", to=deposit(1), network="ETH")
    world.head(10)
    world.head(10, network="ETH")
    world.refresh()
    rows = world.rows(LEDGER, "merchant_id, network, decimals, amount")
    assert [tuple(row.values()) for row in rows] == [
        ("mer_1", "BSC", 18, Decimal(10)),
        ("mer_1", "ETH", 6, Decimal(30)),
        ("mer_2", "BSC", 18, Decimal(20)),
    ]


def test_test_mode_has_a_book_of_its_own(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.head(10)
    for table in ("registry.networks", "registry.tokens", "state.chain_heads", "raw.evm_blocks"):
        shop.connection.execute(f"INSERT INTO {table} SELECT * REPLACE ('test' AS mode) FROM {table}")
    shop.connection.execute(
        "INSERT INTO raw.evm_transfer_logs SELECT * REPLACE ('test' AS mode, '7' AS amount_text, "
        "7000000000000000000::DECIMAL(38, 0) AS amount_base_units) FROM raw.evm_transfer_logs"
    )
    shop.address(2, 0, address=deposit(1), mode="test")
    shop.refresh()
    rows = shop.rows(LEDGER, "mode, merchant_id, amount, session_id")
    assert [tuple(row.values()) for row in rows] == [
        ("live", "mer_1", Decimal(100), session(1)),
        ("test", "mer_1", Decimal(7), None),
    ]
