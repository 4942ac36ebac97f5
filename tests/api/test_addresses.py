"""Deposit addresses: list, filters, sorting, summary."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.api import DASHBOARD, example, keys_of
from tests.support.marts import CREATED, DEPOSIT, DEPOSIT_SHOWN, TX_HASH, address

LIST = f"{DASHBOARD}/addresses"
SOLANA_SIGNATURE = "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"
ADDRESSES = {"BSC": DEPOSIT, "TRX": DEPOSIT, "SOL": "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"}


def ids(answer) -> list[int]:
    return [item["id"] for item in answer.json()["data"]["addresses"]]


def test_r7_list_items_have_exactly_the_documented_keys_and_all_pagination_keys(open_client):
    body = open_client(addresses=[address(42)]).get(LIST).json()
    expected = keys_of(example("addresses_list"))
    expected["data"]["pagination"] |= {"has_next": None, "has_prev": None}
    assert keys_of(body) == expected


def test_an_address_in_full(open_client):
    given = address(
        42,
        is_assigned=True,
        assigned_session_id="s1",
        assigned_reference="ORDER-1",
        balance=Decimal("0.123456789"),
        total_received=Decimal("350.123456789"),
        total_swept=Decimal(350),
        sweep_status="swept",
        last_swept_at=CREATED,
        sweep_tx_hash=TX_HASH,
        times_reused=3,
        first_used_at=CREATED,
        last_used_at=CREATED + timedelta(seconds=1),
        gas_funded_at=CREATED,
        gas_tx_hash=TX_HASH,
        gas_amount=Decimal("0.01"),
    )
    item = open_client(addresses=[given]).get(LIST).json()["data"]["addresses"][0]
    assert item == {
        "id": 42,
        "address": DEPOSIT_SHOWN,
        "network": "BSC",
        "currency": "USDT",
        "is_active": True,
        "is_assigned": True,
        "assigned_to_session_id": "s1",
        "assigned_to_reference": "ORDER-1",
        "balance": {"current": "0.12345678", "total_received": "350.12345678", "total_swept": "350.00000000"},
        "sweep_info": {
            "status": "swept",
            "last_swept_at": "2026-01-30T18:00:00Z",
            "sweep_tx_hash": TX_HASH,
            "sweep_explorer_url": f"https://bscscan.com/tx/{TX_HASH}",
        },
        "usage": {
            "times_reused": 3,
            "last_used_at": "2026-01-30T18:00:01Z",
            "first_used_at": "2026-01-30T18:00:00Z",
        },
        "gas_funding": {
            "funded_at": "2026-01-30T18:00:00Z",
            "funding_tx_hash": TX_HASH,
            "funding_amount": "0.01000000",
        },
        "last_checked_at": None,
        "created_at": "2026-01-30T18:00:00Z",
        "updated_at": "2026-01-30T18:00:00Z",
    }


def test_r11b_nested_objects_stay_objects_with_null_fields(open_client):
    item = open_client(addresses=[address(42, assigned_session_id="old")]).get(LIST).json()["data"]["addresses"][0]
    assert item["gas_funding"] == {"funded_at": None, "funding_tx_hash": None, "funding_amount": None}
    assert set(item["sweep_info"].values()) == {None}
    assert item["usage"] == {"times_reused": 0, "last_used_at": None, "first_used_at": None}
    assert item["assigned_to_session_id"] is None
    assert item["assigned_to_reference"] is None


@pytest.mark.parametrize(
    ("network", "stored", "shown"),
    [
        ("BSC", "0x" + "ABCDEF" * 10 + "ABCD", "0x" + "abcdef" * 10 + "abcd"),
        ("TRX", "ABCDEF" * 10 + "ABCD", "abcdef" * 10 + "abcd"),
        ("SOL", SOLANA_SIGNATURE, SOLANA_SIGNATURE),
    ],
)
def test_r11b_a_gas_funding_hash_is_shown_lower_case_whatever_the_feed_wrote(open_client, network, stored, shown):
    given = address(42, network=network, address=ADDRESSES[network], gas_funded_at=CREATED, gas_tx_hash=stored)
    item = open_client(addresses=[given]).get(LIST).json()["data"]["addresses"][0]
    assert item["gas_funding"]["funding_tx_hash"] == shown


FOUR = [
    address(1, is_assigned=True, balance=Decimal("0.000000000000000001"), sweep_status="pending"),
    address(2, balance=Decimal("10.5"), sweep_status="failed", network="ETH"),
    address(3, is_active=False, sweep_status="swept", currency="USDC"),
    address(4),
]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"status": "active"}, [1, 2, 4]),
        ({"status": "inactive"}, [3]),
        ({"status": "assigned"}, [1]),
        ({"status": "UNASSIGNED"}, [2, 3, 4]),
        ({"has_balance": "True"}, [1, 2]),
        ({"has_balance": "false"}, [1, 2, 3, 4]),
        ({"has_balance": ""}, [1, 2, 3, 4]),
        ({"sweep_status": "failed"}, [2]),
        ({"sweep_status": "pending"}, [1]),
        ({"network": "eth", "currency": "usdt"}, [2]),
        ({"currency": "USDC", "status": "active"}, []),
    ],
)
def test_r25_filters(open_client, params, found):
    answer = open_client(addresses=FOUR).get(LIST, params={**params, "sort_by": "id", "sort_order": "asc"})
    assert ids(answer) == found
    assert answer.json()["data"]["pagination"]["total_items"] == len(found)


def test_r11_r13_the_summary_ignores_status_and_rounds_the_exact_total_down_once(open_client):
    dust = [address(n, balance=Decimal("0.000000006")) for n in (5, 6)]
    summary = open_client(addresses=[*FOUR, *dust]).get(LIST, params={"status": "inactive"}).json()["data"]["summary"]
    assert summary == {
        "total_addresses": 6,
        "active_addresses": 5,
        "assigned_addresses": 1,
        "addresses_with_balance": 4,
        # 10.5 + 0.000000000000000001 + 2 * 0.000000006 = 10.500000012000000001
        "total_balance_across_all": "10.50000001",
    }


@pytest.mark.parametrize(
    ("field", "ascending", "descending"),
    [
        ("id", [1, 2, 3], [3, 2, 1]),
        ("created_at", [2, 1, 3], [1, 3, 2]),
        ("updated_at", [1, 2, 3], [2, 3, 1]),
        ("balance", [2, 3, 1], [1, 2, 3]),
        ("total_received", [1, 2, 3], [3, 1, 2]),
        ("last_used_at", [3, 1, 2], [3, 1, 2]),
    ],
)
def test_r27_sort_fields_end_in_the_id_ascending_with_nulls_last(open_client, field, ascending, descending):
    hour = timedelta(hours=1)
    rows = [
        address(1, balance=Decimal(5), created_at=CREATED + hour, updated_at=CREATED),
        address(2, created_at=CREATED, updated_at=CREATED + hour),
        address(
            3, total_received=Decimal(1), created_at=CREATED + hour, updated_at=CREATED + hour, last_used_at=CREATED
        ),
    ]
    client = open_client(addresses=rows)
    assert ids(client.get(LIST, params={"sort_by": field, "sort_order": "asc"})) == ascending
    assert ids(client.get(LIST, params={"sort_by": field, "sort_order": "desc"})) == descending
