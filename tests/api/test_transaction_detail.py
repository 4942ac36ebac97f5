"""One transaction in full: the merchant's first transfer in it, its place on the chain, its session."""

from datetime import timedelta
from decimal import Decimal

import pytest
from eth_utils.address import to_checksum_address

from tests.support.api import DASHBOARD, exact_json, example, keys_of
from tests.support.marts import CREATED, DEPOSIT, DEPOSIT_SHOWN, PAYER, TX_HASH, paid_session, session, transfer

LIST = f"{DASHBOARD}/transactions"
LEAVING = {"platform_fee_rate": None, "platform_fee": None, "from_address": DEPOSIT, "to_address": PAYER}
SIGNATURE = "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"
CONFIRMED_AT = CREATED + timedelta(minutes=11)


def detail(open_client, path=TX_HASH, **rows):
    answer = open_client(**rows).get(f"{LIST}/{path}")
    assert answer.status_code == 200, answer.text
    return exact_json(answer)["data"]


def test_r7_documented_keys_transfers_and_the_fee_s_currency(open_client):
    matched = transfer(1, session_id="s1")
    data = detail(open_client, transactions=[matched], sessions=[paid_session("s1")])
    expected = keys_of(example("transaction_detail"))["data"]
    expected["blockchain_info"] |= {"gas_fee_currency": None}
    item = keys_of(example("transactions_list"))["data"]["transactions"][0]
    expected |= {"transfers": [item | {"gas_fee": None, "gas_fee_currency": None}]}
    assert keys_of(data) == expected


def test_a_transaction_in_full(open_client):
    given = transfer(
        1, session_id="s1", reference="OLD", amount=Decimal("100.129999999"), confirmed_at=CONFIRMED_AT, log_index=7
    )
    data = detail(open_client, transactions=[given], sessions=[paid_session("s1"), session("s2")])
    assert [item.pop("id") for item in data.pop("transfers")] == [1]
    assert data == {
        "tx_hash": TX_HASH,
        "type": "incoming",
        "network": "BSC",
        "currency": "USDT",
        "amount": "100.12999999",
        "amount_usd": Decimal("100.13"),
        "addresses": {"from": to_checksum_address(PAYER), "to": DEPOSIT_SHOWN},
        "blockchain_info": {
            "block_number": 1_000_000,
            "block_hash": "0x" + "34" * 32,
            "confirmations": 15,  # 1,000,014 - 1,000,000 + 1
            "gas_used": None,
            "gas_price": None,
            "gas_fee": None,
            "gas_fee_currency": None,
            "timestamp": "2026-01-30T18:10:23Z",
        },
        "status": "confirmed",
        "explorer_url": f"https://bscscan.com/tx/{TX_HASH}",
        "related_session": {
            "session_id": "s1",
            "reference": "ORDER-s1",
            "customer_email": "customer@example.com",
            "status": "paid",
        },
        "created_at": "2026-01-30T18:10:23Z",
        "confirmed_at": "2026-01-30T18:11:00Z",
    }


@pytest.mark.parametrize("transfer_type", ["incoming", "sweep", "outgoing"])
def test_r31_what_the_transaction_cost_is_shown_whatever_its_type(open_client, transfer_type):
    gas = {"gas_used": 65_000, "gas_price": Decimal(5_000_000_000), "gas_fee": Decimal("0.000325")}
    data = detail(open_client, transactions=[transfer(1, type=transfer_type, **gas)])
    assert {name: data["blockchain_info"][name] for name in (*gas, "gas_fee_currency")} == {
        "gas_used": "65000",
        "gas_price": "5000000000",
        "gas_fee": "0.00032500",
        "gas_fee_currency": "BNB",
    }


def test_r31_without_a_price_only_the_gas_is_known(open_client):
    info = detail(open_client, transactions=[transfer(1, gas_used=65_000)])["blockchain_info"]
    assert [info[name] for name in ("gas_used", "gas_price", "gas_fee", "gas_fee_currency")] == [
        "65000", None, None, None,
    ]  # fmt: skip


def test_r11b_without_a_session_related_session_is_null(open_client):
    data = detail(open_client, transactions=[transfer(1)], sessions=[paid_session("s1")])
    assert (data["related_session"], data["confirmed_at"]) == (None, None)


def test_r30_the_first_transfer_stands_for_the_transaction_and_all_are_listed_newest_first(open_client):
    rows = [
        transfer(5, log_index=9, session_id="s2"),
        transfer(7, log_index=3, type="outgoing", **LEAVING),
        transfer(6, log_index=3, amount=Decimal(7), session_id="s1"),
        transfer(1, log_index=0, tx_hash="0x" + "99" * 32),
        transfer(2, log_index=0, merchant_id="mer_8"),
    ]
    data = detail(open_client, transactions=rows, sessions=[paid_session("s1"), paid_session("s2")])
    assert [item["id"] for item in data["transfers"]] == [5, 6, 7]
    assert (data["amount"], data["type"], data["related_session"]["session_id"]) == ("7.00000000", "incoming", "s1")


def test_r11b_transfers_are_items_of_the_list(open_client):
    client = open_client(transactions=[transfer(1), transfer(2, log_index=1, type="sweep", **LEAVING)])
    listed = client.get(LIST).json()["data"]["transactions"]
    assert client.get(f"{LIST}/{TX_HASH}").json()["data"]["transfers"] == listed


@pytest.mark.parametrize(
    ("params", "found"),
    [({}, 2), ({"network": "bsc"}, 2), ({"network": "POL"}, 1), ({"network": "all"}, 2), ({"network": ""}, 2)],
)
def test_r30_of_one_hash_on_two_networks_the_first_by_network_order_is_shown(open_client, params, found):
    rows = [transfer(1, network="POL", block_time=CREATED + timedelta(days=400)), transfer(2)]
    data = open_client(transactions=rows).get(f"{LIST}/{TX_HASH}", params=params).json()["data"]
    assert [item["id"] for item in data["transfers"]] == [found]


def test_r8_r30_an_unknown_network_is_400_and_one_without_the_hash_404(open_client):
    client = open_client(transactions=[transfer(1)])
    refused = client.get(f"{LIST}/{TX_HASH}", params={"network": "DOGE"})
    assert (refused.status_code, refused.json()["error"]["details"]["parameter"]) == (400, "network")
    assert client.get(f"{LIST}/{TX_HASH}", params={"network": "ETH"}).status_code == 404


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0x" + "AB" * 32, 1),
        ("0X" + "aB" * 32, 1),
        ("cd" * 32, 2),
        ("CD" * 32, 2),
        ("0x" + "Cd" * 32, 2),
        (SIGNATURE, 3),
    ],
)
def test_r30_evm_and_tron_hashes_have_no_case(open_client, text, found):
    rows = [
        transfer(1, tx_hash="0x" + "ab" * 32),
        transfer(2, tx_hash="0x" + "cd" * 32, network="TRX"),
        transfer(3, tx_hash=SIGNATURE, network="SOL"),
    ]
    assert [item["id"] for item in detail(open_client, text, transactions=rows)["transfers"]] == [found]


def test_r11b_a_tron_block_hash_is_written_as_tron_does(open_client):
    data = detail(open_client, transactions=[transfer(1, network="TRX")])
    assert (data["tx_hash"], data["blockchain_info"]["block_hash"]) == ("12" * 32, "34" * 32)


@pytest.mark.parametrize("text", [SIGNATURE.swapcase(), TX_HASH[2:], TX_HASH[:-1], "0x" + "77" * 32, "x", "a%00b"])
def test_r30_what_is_no_hash_of_the_merchants_is_404(open_client, text):
    # A Solana signature in another case, and an EVM hash without 0x, are other texts.
    rows = [transfer(1), transfer(2, tx_hash=SIGNATURE, network="SOL")]
    answer = open_client(transactions=rows).get(f"{LIST}/{text}")
    assert (answer.status_code, answer.json()) == (
        404,
        {"success": False, "error": {"code": "NOT_FOUND", "message": "Transaction not found", "details": {}}},
    )
