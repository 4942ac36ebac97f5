"""Balance of the crypto gateway."""

from decimal import Decimal

import pytest

from tests.support.api import DASHBOARD, client_for, exact_json, example, keys_of, new_key
from tests.support.marts import GivenReader, address, credits_of_day, marts_from
from warehouse.store.connection import open_store
from warehouse.store.credits import Credit, apply_credits

BALANCE = f"{DASHBOARD}/balance/crypto"


def credit(network: str, currency: str, total_e8: int, *, merchant_id: str = "mer_7", mode: str = "live") -> Credit:
    return Credit(merchant_id, mode, network, currency, 1, total_e8, 100)


@pytest.fixture
def balance(settings):
    def ask(*credits: Credit, reader: GivenReader | None = None, **rows):
        with open_store(settings) as store:
            apply_credits(store, credits)
        with client_for(settings, reader or marts_from(**rows), key=new_key(settings)) as client:
            return exact_json(client.get(BALANCE))

    return ask


def test_r7_r15_r16_documented_keys_and_the_listed_extras_only(balance):
    body = balance(credit("BSC", "USDT", 1))
    expected = keys_of(example("balance_crypto"))
    expected["data"]["available_balance"]["price_source"] = None
    expected["data"]["pending_balance"]["price_source"] = None
    expected["data"]["withdrawal_fees_paid"] = {"all_time": None, "this_month": None}
    assert keys_of(body) == expected


def test_r15_available_is_the_stores_credit_and_pending_what_is_not_final(balance):
    data = balance(
        credit("BSC", "USDT", 985_050_000_005),
        credit("BSC", "USDT", 77, merchant_id="mer_8"),
        credit("BSC", "USDT", 77, mode="test"),
        daily_credits=[
            credits_of_day("2026-01-31", received_pending=Decimal("100.009")),
            credits_of_day("2026-01-30", received_pending=Decimal("50"), network="ETH", currency="USDC"),
        ],
    )["data"]
    assert data["available_balance"]["amount"] == "9850.50000005"
    assert data["available_balance"]["usd_value"] == Decimal("9850.50")
    assert data["available_balance"]["price_source"] == "par"
    assert data["pending_balance"] == {
        "amount": "150.00900000",
        "usd_value": Decimal("150.01"),
        "price_source": "par",
        "description": "Awaiting blockchain confirmations",
    }


def test_r16_usdt_and_usdc_add_at_par_and_the_price_says_so(balance):
    data = balance(
        credit("BSC", "USDT", 150_000_001),
        credit("ETH", "USDC", 250_000_002),
        daily_credits=[
            credits_of_day("2026-01-31", received_pending=Decimal("0.3")),
            credits_of_day("2026-01-31", received_pending=Decimal("0.4"), network="ETH", currency="USDC"),
        ],
    )["data"]
    available, pending = data["available_balance"], data["pending_balance"]
    assert (available["amount"], available["usd_value"]) == ("4.00000003", Decimal("4.00"))
    assert (pending["amount"], pending["usd_value"]) == ("0.70000000", Decimal("0.70"))
    assert {available["price_source"], pending["price_source"]} == {"par"}


def test_r13_dollars_round_half_up(balance):
    assert balance(credit("BSC", "USDT", 100_500_000))["data"]["available_balance"]["usd_value"] == Decimal("1.01")
    assert balance(credit("ETH", "USDT", 0))["data"]["available_balance"]["amount"] == "1.00500000"


def test_r11a_the_breakdown_lists_addresses_and_credits_by_amount_then_network(balance):
    data = balance(
        credit("SOL", "USDC", 135_050_000_000),
        credit("ETH", "USDC", 100_000_000_000),
        credit("BSC", "USDT", 100_000_000),
        addresses=[
            address(1, network="TRX", currency="USDT"),
            address(2, network="POL", currency="USDT"),
            address(3, network="BSC", currency="USDT"),
            address(4, network="ETH", currency="USDT", merchant_id="mer_8"),
        ],
    )["data"]["available_balance"]
    assert data["breakdown"] == [
        {
            "currency": "USDC",
            "amount": "2350.50000000",
            "usd_value": Decimal("2350.50"),
            "networks": [
                {"network": "SOL", "amount": "1350.50000000"},
                {"network": "ETH", "amount": "1000.00000000"},
            ],
        },
        {
            "currency": "USDT",
            "amount": "1.00000000",
            "usd_value": Decimal("1.00"),
            "networks": [
                {"network": "BSC", "amount": "1.00000000"},
                {"network": "POL", "amount": "0.00000000"},
                {"network": "TRX", "amount": "0.00000000"},
            ],
        },
    ]


def test_r15_earnings_and_fees_fall_into_utc_windows_with_weeks_from_monday(balance):
    # Now is Saturday 2026-01-31: the week began on Monday the 26th, the month on the 1st.
    days = {"2025-12-31": 1, "2026-01-01": 10, "2026-01-25": 100, "2026-01-26": 1000, "2026-01-31": 10000}
    data = balance(
        daily_credits=[
            credits_of_day(day, received_final=Decimal(amount), platform_fees_final=Decimal(amount) / 100)
            for day, amount in days.items()
        ]
        + [credits_of_day("2026-01-31", received_final=Decimal(5), merchant_id="mer_8")]
    )["data"]
    assert data["total_earnings"] == {
        "all_time": "11111.00000000",
        "this_month": "11110.00000000",
        "this_week": "11000.00000000",
        "today": "10000.00000000",
    }
    assert data["platform_fees_paid"] == {"all_time": "111.11000000", "this_month": "111.10000000"}


def test_r36_nothing_was_withdrawn_yet(balance):
    data = balance()["data"]
    nothing = {"all_time": "0.00000000", "this_month": "0.00000000"}
    assert data["total_withdrawn"] == nothing
    assert data["withdrawal_fees_paid"] == nothing


def test_last_updated_is_the_manifests_time_and_null_before_the_first_publish(balance):
    assert balance()["data"]["last_updated"] == "2026-01-31T17:30:00Z"
    data = balance(reader=GivenReader(None))["data"]
    assert data["last_updated"] is None
    assert data["available_balance"] == {
        "amount": "0.00000000", "usd_value": Decimal("0.00"), "price_source": "par", "breakdown": [],
    }  # fmt: skip
