"""Balance by network."""

from datetime import timedelta
from decimal import Decimal

import pytest
from eth_utils.address import to_checksum_address

from tests.support.api import DASHBOARD, client_for, example, keys_of, new_key
from tests.support.marts import CREATED, GivenReader, address, hot_wallet, marts_from, transfer
from warehouse.store.connection import open_store
from warehouse.store.credits import Credit, apply_credits

NETWORKS = f"{DASHBOARD}/balance/networks"
WALLET = "0x" + "ee" * 20
# The USDT contract of Tron, as the lake keeps it and as every explorer writes it.
TRON_ADDRESS, TRON_SHOWN = "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"


def credit(network: str, currency: str, total_e8: int, *, merchant_id: str = "mer_7", mode: str = "live") -> Credit:
    return Credit(merchant_id, mode, network, currency, 1, total_e8, 100)


@pytest.fixture
def networks(settings):
    def ask(*credits: Credit, reader: GivenReader | None = None, **rows):
        with open_store(settings) as store:
            apply_credits(store, credits)
        with client_for(settings, reader or marts_from(**rows), key=new_key(settings)) as client:
            return client.get(NETWORKS).json()["data"]["networks"]

    return ask


def sweep(transfer_id: int, amount: str, **columns):
    leaving = {"from_address": "0x" + "01" * 20, "to_address": WALLET, "platform_fee_rate": None, "platform_fee": None}
    return transfer(transfer_id, type="sweep", amount=Decimal(amount), **{**leaving, **columns})


def test_r7_documented_keys_only(networks):
    assert keys_of(networks(credit("BSC", "USDT", 1))) == keys_of(example("balance_networks"))["data"]["networks"]


def test_a_network_in_full(networks):
    (bsc,) = networks(
        credit("BSC", "USDT", 500_000_000_005),
        credit("BSC", "USDT", 77, merchant_id="mer_8"),
        credit("BSC", "USDT", 77, mode="test"),
        addresses=[
            address(1, balance=Decimal("0.000000000000000001")),
            address(2),
            address(3, currency="USDC", balance=Decimal(5)),
            address(4, merchant_id="mer_8", balance=Decimal(5)),
            address(5, mode="test", balance=Decimal(5)),
        ],
        transactions=[
            sweep(1, "45000.000000004", block_time=CREATED),
            sweep(2, "0.000000007", block_time=CREATED + timedelta(minutes=1), currency="USDC"),
            sweep(3, "9", merchant_id="mer_8", block_time=CREATED + timedelta(minutes=2)),
            transfer(4, block_time=CREATED + timedelta(minutes=3)),
        ],
        hot_wallets=[hot_wallet("BSC", WALLET), hot_wallet("BSC", "0x" + "dd" * 20, mode="test")],
    )
    assert bsc == {
        "network": "BSC",
        "total_balance": "5000.00000005",
        "currencies": [
            {"currency": "USDT", "balance": "5000.00000005", "addresses_count": 2, "addresses_with_balance": 1},
            # what lies on the address is not final: nothing is available
            {"currency": "USDC", "balance": "0.00000000", "addresses_count": 1, "addresses_with_balance": 1},
        ],
        "hot_wallet": to_checksum_address(WALLET),
        "total_swept": "45000.00000001",  # 45000.000000011, rounded once
        "last_sweep": "2026-01-30T18:01:00Z",
    }


def test_r11a_networks_and_currencies_go_by_exact_amount_then_in_their_order(networks):
    listed = networks(
        credit("ETH", "USDT", 150_000_000_000),
        credit("ETH", "USDC", 100_000_000_000),
        credit("POL", "USDC", 250_000_000_001),
        credit("SOL", "USDC", 0),
        addresses=[
            address(1, network="TRX"),
            address(2, currency="USDC"),
            address(3),
            address(4, network="ARB", merchant_id="mer_8"),
        ],
    )
    assert [(item["network"], item["total_balance"]) for item in listed] == [
        ("POL", "2500.00000001"),
        ("ETH", "2500.00000000"),
        ("BSC", "0.00000000"),
        ("TRX", "0.00000000"),
        ("SOL", "0.00000000"),
    ]
    currencies = {item["network"]: [row["currency"] for row in item["currencies"]] for item in listed}
    assert currencies == {
        "POL": ["USDC"], "ETH": ["USDT", "USDC"], "BSC": ["USDT", "USDC"], "TRX": ["USDT"], "SOL": ["USDC"],
    }  # fmt: skip


def test_r7_without_wallet_or_sweep_there_are_null_and_zero(networks):
    (bsc,) = networks(addresses=[address(1)], hot_wallets=[hot_wallet("ETH", WALLET)])
    assert (bsc["hot_wallet"], bsc["total_swept"], bsc["last_sweep"]) == (None, "0.00000000", None)


def test_a_balance_without_an_address_row_counts_no_addresses(networks):
    (sol,) = networks(credit("SOL", "USDC", 1))
    assert sol["currencies"] == [
        {"currency": "USDC", "balance": "0.00000001", "addresses_count": 0, "addresses_with_balance": 0}
    ]


def test_r11b_a_hot_wallet_is_shown_as_its_network_writes_addresses(networks):
    (tron,) = networks(addresses=[address(1, network="TRX")], hot_wallets=[hot_wallet("TRX", TRON_ADDRESS)])
    assert tron["hot_wallet"] == TRON_SHOWN


def test_before_the_first_publish_balances_stand_alone(networks):
    (bsc,) = networks(credit("BSC", "USDT", 100_000_000), reader=GivenReader(None))
    assert (bsc["total_balance"], bsc["hot_wallet"], bsc["last_sweep"]) == ("1.00000000", None, None)
