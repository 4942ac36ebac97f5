"""marts.transactions: which transfers are a merchant's, and of what type."""

from decimal import Decimal

import pytest

from tests.support.models import HOT_WALLET, PAYER, ModelWorld, deposit, minute, session

TRANSACTIONS = "marts.transactions"
STRANGER = "0x" + "55" * 20


def typed(world: ModelWorld) -> list[tuple]:
    return [tuple(row.values()) for row in world.rows(TRANSACTIONS, "merchant_id, type, deposit_address, amount")]


def test_an_incoming_transfer_in_full(shop: ModelWorld) -> None:
    tx_hash = shop.transfer(5, "100", to=deposit(1), log_index=7)
    shop.head(7, finalized=4)
    shop.refresh()
    row = shop.row(TRANSACTIONS)
    assert row.pop("block_hash").startswith("0x")
    assert row.pop("from_address") == PAYER
    assert row == {
        "mode": "live",
        "merchant_id": "mer_1",
        "id": 281474978021390,  # ((1 * 2^30 + 5) * 2^17 + 7) * 2 + 0: network, block, log, direction
        "type": "incoming",
        "tx_hash": tx_hash,
        "log_index": 7,
        "network": "BSC",
        "currency": "USDT",
        "decimals": 18,
        "amount": Decimal(100),
        "amount_base_units": Decimal(10**20),
        "to_address": deposit(1),
        "deposit_address": deposit(1),
        "block_number": 5,
        "block_time": minute(5),
        "session_id": session(1),
        "reference": "ORDER-1",
        "platform_fee_rate": Decimal("0.01"),
        "platform_fee": Decimal(1),
        "is_final": False,
        "gas_used": None,
        "gas_price": None,
        "gas_fee": None,
        "confirmed_at": minute(7),
    }


def test_r11b_ids_of_the_last_network_and_of_far_blocks_stay_below_2_to_the_53(shop: ModelWorld) -> None:
    shop.connection.execute("UPDATE registry.networks SET network_rank = 5")
    shop.transfer(2**29, "1", to=deposit(1), log_index=2**16)
    shop.head(2**29, with_headers=False)
    shop.refresh()
    assert shop.row(TRANSACTIONS, "id")["id"] < 2**53


def test_r29_the_types_of_transfers(world: ModelWorld) -> None:
    world.address(1, 0)
    world.hot_wallet(0)
    world.transfer(5, "10", to=deposit(1))
    world.transfer(6, "4", to=HOT_WALLET, sender=deposit(1))
    world.transfer(7, "3", to=STRANGER, sender=deposit(1))
    world.head(10)
    world.refresh()
    assert typed(world) == [
        ("mer_1", "incoming", deposit(1), Decimal(10)),
        ("mer_1", "sweep", deposit(1), Decimal(4)),
        ("mer_1", "outgoing", deposit(1), Decimal(3)),
    ]
    assert [row["platform_fee"] for row in world.rows(TRANSACTIONS)][1:] == [None, None]


def test_r29_between_own_addresses_one_row_for_each_side(world: ModelWorld) -> None:
    world.address(1, 0)
    world.address(2, 0)
    world.transfer(5, "10", to=deposit(2), sender=deposit(1))
    world.head(10)
    world.refresh()
    assert typed(world) == [
        ("mer_1", "incoming", deposit(2), Decimal(10)),
        ("mer_1", "outgoing", deposit(1), Decimal(10)),
    ]
    first, second = (row["id"] for row in world.rows(TRANSACTIONS, "id"))
    assert second == first + 1


def test_r29_between_two_merchants_each_sees_its_side(world: ModelWorld) -> None:
    world.address(1, 0)
    world.address(2, 0, merchant="mer_2")
    world.transfer(5, "10", to=deposit(2), sender=deposit(1))
    world.head(10)
    world.refresh()
    assert typed(world) == [
        ("mer_1", "outgoing", deposit(1), Decimal(10)),
        ("mer_2", "incoming", deposit(2), Decimal(10)),
    ]


def test_r29_a_transfer_to_oneself_is_in_raw_only(world: ModelWorld) -> None:
    world.address(1, 0)
    world.transfer(5, "10", to=deposit(1), sender=deposit(1))
    world.head(10)
    world.refresh()
    assert typed(world) == []


def test_r15_a_transfer_of_nothing_appears_nowhere(shop: ModelWorld) -> None:
    shop.transfer(5, "0", to=deposit(1))
    shop.head(7)
    shop.refresh()
    assert typed(shop) == []
    assert shop.rows("marts.daily_credits") == shop.rows("marts.balances") == []
    assert shop.row("marts.sessions", "transfer_count, paid_amount, exception") == {
        "transfer_count": 0,
        "paid_amount": None,
        "exception": None,
    }


def test_a_log_of_four_topics_moves_no_token(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1), topic_count=4)
    shop.head(7)
    shop.refresh()
    assert typed(shop) == []


def test_r17_an_unknown_contract_is_no_money(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1), token=STRANGER)
    shop.head(7)
    shop.refresh()
    assert typed(shop) == []


def test_r15_another_known_token_is_credited_under_its_own_currency(shop: ModelWorld) -> None:
    shop.transfer(5, "7", to=deposit(1), currency="USDC")
    shop.head(7)
    shop.refresh()
    row = shop.row(TRANSACTIONS, "currency, type, session_id, platform_fee")
    assert row == {"currency": "USDC", "type": "incoming", "session_id": None, "platform_fee": Decimal("0.07")}
    assert shop.row("marts.balances", "currency, received_final") == {"currency": "USDC", "received_final": Decimal(7)}
    assert [row["currency"] for row in shop.rows("marts.addresses", "currency")] == ["USDT"]


def test_an_amount_beyond_any_issue_of_a_token_counts_nowhere_and_is_listed(shop: ModelWorld) -> None:
    shop.transfer(5, "1000000000000", to=deposit(1))
    shop.transfer(5, "999999999999.999999999999999999", to=deposit(1), log_index=1)
    shop.head(7)
    shop.refresh()
    assert [row[3] for row in typed(shop)] == [Decimal("999999999999.999999999999999999")]
    refused = shop.connection.execute("SELECT amount_text FROM staging.refused_amounts").fetchall()
    assert refused == [("1" + "0" * 30,)]


def test_r13_amounts_are_exact_at_6_and_at_18_decimals(world: ModelWorld) -> None:
    world.address(1, 0)
    world.address(2, 0, network="ETH")
    world.transfer(5, "123456.000000000000000001", to=deposit(1))
    world.transfer(5, "0.000001", to=deposit(2), network="ETH")
    world.head(7)
    world.head(7, network="ETH")
    world.refresh()
    assert [row[3] for row in typed(world)] == [Decimal("123456.000000000000000001"), Decimal("0.000001")]


@pytest.mark.parametrize(("finalized", "is_final"), [(4, False), (5, True)])
def test_r21_final_is_at_or_below_the_finalised_block(shop: ModelWorld, finalized: int, is_final: bool) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.head(30, finalized=0)
    shop.refresh()
    shop.head(30, finalized=finalized)
    shop.refresh()
    assert shop.row(TRANSACTIONS, "is_final")["is_final"] is is_final


@pytest.mark.parametrize(("head", "confirmed_at"), [(6, None), (7, minute(7)), (30, minute(7))])
def test_r21_confirmed_at_is_the_time_of_the_confirming_block(
    shop: ModelWorld, head: int, confirmed_at: object
) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.head(5)
    shop.refresh()
    shop.head(head)
    shop.refresh()
    assert shop.row(TRANSACTIONS, "confirmed_at")["confirmed_at"] == confirmed_at


def test_r21_a_header_stored_later_than_its_head_still_gives_the_time(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.head(30, with_headers=False)
    shop.refresh()
    shop.headers(30)
    shop.refresh()
    assert shop.row(TRANSACTIONS, "confirmed_at")["confirmed_at"] == minute(7)


def test_r25a_a_hot_wallet_registered_later_makes_sweeps_of_what_went_there(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.transfer(6, "100", to=HOT_WALLET, sender=deposit(1))
    shop.head(7)
    shop.refresh()
    before = [row[1] for row in typed(shop)]
    shop.hot_wallet(50)
    shop.refresh()
    assert (before, [row[1] for row in typed(shop)]) == (["incoming", "outgoing"], ["incoming", "sweep"])


def test_r26_any_wallet_ever_registered_counts_but_only_on_its_network(shop: ModelWorld) -> None:
    another = "0x" + "ef" * 20
    shop.hot_wallet(1)
    shop.hot_wallet(2, address=another, network="ETH")
    shop.hot_wallet(3, address=STRANGER)
    for log_index, wallet in enumerate((HOT_WALLET, another, STRANGER)):
        shop.transfer(6, "1", to=wallet, sender=deposit(1), log_index=log_index)
    shop.head(7)
    shop.refresh()
    assert [row[1] for row in typed(shop)] == ["sweep", "outgoing", "sweep"]


def test_an_earlier_claim_that_arrives_late_moves_the_books(shop: ModelWorld) -> None:
    shop.transfer(5, "100", to=deposit(1))
    shop.head(7)
    shop.refresh()
    shop.address(2, -9, address=deposit(1), merchant="mer_2")
    shop.refresh()
    assert typed(shop) == [("mer_2", "incoming", deposit(1), Decimal(100))]
    assert shop.row(TRANSACTIONS, "session_id")["session_id"] is None
    assert [row["merchant_id"] for row in shop.rows("marts.balances")] == ["mer_2"]
    assert shop.row("marts.sessions", "status, transfer_count") == {"status": "pending", "transfer_count": 0}


def test_money_of_an_address_not_yet_claimed_waits_for_its_owner(world: ModelWorld) -> None:
    world.transfer(5, "100", to=deposit(1))
    world.head(7)
    world.refresh()
    before = typed(world)
    world.address(1, 6)
    world.refresh()
    assert (before, typed(world)) == ([], [("mer_1", "incoming", deposit(1), Decimal(100))])


def test_r19_money_belongs_to_the_latest_assignment_at_or_before_it(shop: ModelWorld) -> None:
    shop.session(2, 20, expires=40)
    shop.assign(2, 1, 21)
    for block in (0, 1, 20, 21):  # session 1 holds it from minute 1
        shop.transfer(block, "1", to=deposit(1))
    shop.head(30)
    shop.refresh()
    matched = [row["session_id"] for row in shop.rows(TRANSACTIONS, "session_id")]
    assert matched == [None, session(1), session(1), session(2)]
