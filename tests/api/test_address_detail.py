"""One deposit address in full, and the names it answers to."""

from datetime import timedelta
from decimal import Decimal

import pytest
from eth_utils.address import to_checksum_address

from tests.support.api import DASHBOARD, exact_json, example, keys_of
from tests.support.marts import (
    CREATED,
    DEPOSIT,
    DEPOSIT_SHOWN,
    PAYER,
    TX_HASH,
    address,
    paid_session,
    session,
    transfer,
)

LIST = f"{DASHBOARD}/addresses"
# The USDT contract of Tron and the mint of Solana, as every explorer writes them.
TRON_ADDRESS, TRON_SHOWN = "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
SOLANA_ADDRESS = "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"
WALLET = "0x" + "ee" * 20
OTHER_HASH = "0x" + "ab" * 32

PAID_AT = CREATED + timedelta(minutes=10, seconds=23)
SWEPT_AT = CREATED + timedelta(minutes=15)
LEAVING = {"from_address": DEPOSIT, "to_address": WALLET, "platform_fee_rate": None, "platform_fee": None}
SWEEP = transfer(
    2, type="sweep", **LEAVING, block_time=SWEPT_AT, block_number=1_000_001, tx_hash=OTHER_HASH, amount=Decimal(60)
)

USED = {
    "address": address(
        42,
        session_ids=["s1", "s2"],
        first_session_at=CREATED,
        last_session_at=CREATED + timedelta(days=40),
        first_transfer_at=PAID_AT,
        last_transfer_at=SWEPT_AT,
        balance=Decimal("40.005000009"),
        total_received=Decimal("100.005000009"),
        total_swept=Decimal(60),
        times_reused=3,
    ),
    "sessions": [
        paid_session("s1", amount=Decimal("100.5")),
        session("s2", created_at=CREATED + timedelta(days=40), status="expired"),
        session("s3"),
    ],
    "transfers": [
        transfer(1, amount=Decimal("100.005000009")),
        SWEEP,
        transfer(3, currency="USDC"),
        transfer(4, network="ETH"),
        transfer(5, deposit_address=PAYER, to_address=PAYER),
    ],
}


def used(open_client):
    return open_client(addresses=[USED["address"]], sessions=USED["sessions"], transactions=USED["transfers"])


def test_r7_r25_detail_has_the_documented_keys_and_those_of_the_list_item(open_client):
    client = used(open_client)
    expected = keys_of(example("addresses_list"))["data"]["addresses"][0] | keys_of(example("address_detail"))["data"]
    assert keys_of(client.get(f"{LIST}/42").json()) == {"success": None, "data": expected}


def test_r25_what_list_and_detail_both_show_is_the_same(open_client):
    client = used(open_client)
    item = client.get(LIST).json()["data"]["addresses"][0]
    detail = client.get(f"{LIST}/42").json()["data"]
    balance = item.pop("balance")
    assert {name: detail[name] for name in item} == item
    assert {name: detail["balance"][name] for name in balance} == balance


def test_r12_r13_balances_are_rounded_down_and_dollars_half_up(open_client):
    assert exact_json(used(open_client).get(f"{LIST}/42"))["data"]["balance"] == {
        "current": "40.00500000",
        "current_usd": Decimal("40.01"),
        "total_received": "100.00500000",
        "total_received_usd": Decimal("100.01"),
        "total_swept": "60.00000000",
        "total_swept_usd": Decimal("60.00"),
    }


def test_r11a_its_transfers_are_newest_first_and_of_its_network_and_currency_alone(open_client):
    assert used(open_client).get(f"{LIST}/42").json()["data"]["blockchain_transactions"] == [
        {
            "tx_hash": OTHER_HASH,
            "type": "sweep",
            "amount": "60.00000000",
            "from": DEPOSIT_SHOWN,
            "to": to_checksum_address(WALLET),
            "timestamp": "2026-01-30T18:15:00Z",
            "confirmations": 14,
            "explorer_url": f"https://bscscan.com/tx/{OTHER_HASH}",
        },
        {
            "tx_hash": TX_HASH,
            "type": "incoming",
            "amount": "100.00500000",
            "from": to_checksum_address(PAYER),
            "to": DEPOSIT_SHOWN,
            "timestamp": "2026-01-30T18:10:23Z",
            "confirmations": 15,  # 1,000,014 - 1,000,000 + 1
            "explorer_url": f"https://bscscan.com/tx/{TX_HASH}",
        },
    ]


def test_r26_sweep_history_uses_the_statuses_of_transactions(open_client):
    assert used(open_client).get(f"{LIST}/42").json()["data"]["sweep_history"] == [
        {
            "swept_at": "2026-01-30T18:15:00Z",
            "amount": "60.00000000",
            "tx_hash": OTHER_HASH,
            "explorer_url": f"https://bscscan.com/tx/{OTHER_HASH}",
            "status": "pending",  # 14 of 15 confirmations
        }
    ]


def test_r11a_every_session_it_was_given_to_is_listed_newest_first(open_client):
    assert exact_json(used(open_client).get(f"{LIST}/42"))["data"]["sessions"] == [
        {
            "session_id": "s2", "reference": "ORDER-s2", "amount": Decimal("100.00"), "status": "expired",
            "paid_at": None, "created_at": "2026-03-11T18:00:00Z",
        },
        {
            "session_id": "s1", "reference": "ORDER-s1", "amount": Decimal("100.50"), "status": "paid",
            "paid_at": "2026-01-30T18:10:23Z", "created_at": "2026-01-30T18:00:00Z",
        },
    ]  # fmt: skip


def test_r11b_an_unused_address_has_empty_lists_and_objects_of_nulls(open_client):
    data = open_client(addresses=[address(42)]).get(f"{LIST}/42").json()["data"]
    assert (data["sessions"], data["sweep_history"], data["blockchain_transactions"]) == ([], [], [])
    assert data["usage"] == {"times_reused": 0, "last_used_at": None, "first_used_at": None}
    assert set(data["sweep_info"].values()) == set(data["gas_funding"].values()) == {None}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1", 1),
        ("0001", 1),
        (DEPOSIT_SHOWN, 1),
        (DEPOSIT, 1),
        ("0X" + DEPOSIT[2:].upper(), 1),
        (TRON_SHOWN, 2),
        (SOLANA_ADDRESS, 3),
    ],
)
def test_r24_an_address_is_named_by_its_id_or_by_itself(open_client, text, found):
    rows = [
        address(1),
        address(2, network="TRX", address=TRON_ADDRESS),
        address(3, network="SOL", address=SOLANA_ADDRESS),
    ]
    answer = open_client(addresses=rows).get(f"{LIST}/{text}")
    assert answer.json()["data"]["id"] == found


def test_r24_an_address_string_of_several_rows_is_400_with_their_ids(open_client):
    rows = [address(9, currency="USDC"), address(8), address(7, network="ETH"), address(6, merchant_id="mer_8")]
    client = open_client(addresses=rows)
    answer = client.get(f"{LIST}/{DEPOSIT_SHOWN}")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_PARAMETER"
    assert answer.json()["error"]["details"] == {"parameter": "address_id", "candidate_ids": [7, 8, 9]}
    assert client.get(f"{LIST}/8").json()["data"]["id"] == 8


def test_r24_a_string_that_only_others_share_is_unique(open_client):
    rows = [address(1), address(2, merchant_id="mer_8", network="ETH"), address(3, mode="test", network="ETH")]
    assert open_client(addresses=rows).get(f"{LIST}/{DEPOSIT}").json()["data"]["id"] == 1


def test_r24_a_tron_address_is_not_the_evm_address_of_the_same_bytes(open_client):
    rows = [address(1, address=TRON_ADDRESS), address(2, network="TRX", address=TRON_ADDRESS)]
    client = open_client(addresses=rows)
    assert client.get(f"{LIST}/{TRON_SHOWN}").json()["data"]["id"] == 2
    # In hex it can be either.
    details = client.get(f"{LIST}/{TRON_ADDRESS}").json()["error"]["details"]
    assert details["candidate_ids"] == [1, 2]


@pytest.mark.parametrize(
    "text",
    ["2", "0", "-1", "1.0", "%D9%A1", "9" * 18, "9" * 19, "9" * 5000, "x", "a%00b", DEPOSIT[:-1], TRON_SHOWN.lower()],
)
def test_r1_what_names_no_address_is_404(open_client, text):
    answer = open_client(addresses=[address(1)]).get(f"{LIST}/{text}")
    assert (answer.status_code, answer.json()) == (
        404,
        {"success": False, "error": {"code": "NOT_FOUND", "message": "Address not found", "details": {}}},
    )
