"""What amounts are worth in US dollars, in every answer that says so."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support.api import DASHBOARD, exact_json
from tests.support.marts import CREATED, address, credits_of_day, price, transfer
from warehouse.settings import Settings
from warehouse.store.connection import open_store
from warehouse.store.credits import Credit, apply_credits

QUOTED: datetime = CREATED + timedelta(hours=1)

Ask = Callable[..., Any]


@pytest.fixture
def ask(open_client: Callable[..., TestClient]) -> Ask:
    """Answers a path over given rows."""
    return lambda path, **rows: exact_json(open_client(**rows).get(f"{DASHBOARD}{path}"))["data"]


def give(settings: Settings, **totals_e8: int) -> None:
    with open_store(settings) as store:
        apply_credits(
            store, [Credit("mer_7", "live", "BSC", currency, 1, total, 100) for currency, total in totals_e8.items()]
        )


def test_r16_a_balance_is_worth_its_amount_at_the_price_in_force(ask: Ask, settings: Settings) -> None:
    give(settings, USDT=1_000_000_000, USDC=200_000_000)  # 10 and 2
    prices = [price("USDT"), price("USDT", "0.998", source="market", since=QUOTED), price("USDC")]
    available = ask("/balance/crypto", prices=prices)["available_balance"]
    assert available["amount"] == "12.00000000"
    assert available["usd_value"] == Decimal("11.98")
    assert available["price_source"] == "market"
    assert [part["usd_value"] for part in available["breakdown"]] == [Decimal("9.98"), Decimal("2.00")]


def test_r13_a_sum_of_dollars_is_rounded_once(ask: Ask, settings: Settings) -> None:
    give(settings, USDT=400_000, USDC=400_000)  # 0.004 and 0.004
    available = ask("/balance/crypto")["available_balance"]
    assert available["usd_value"] == Decimal("0.01")
    assert [part["usd_value"] for part in available["breakdown"]] == [Decimal("0.00"), Decimal("0.00")]


def test_r16_a_missing_price_is_null_in_the_total_too(ask: Ask, settings: Settings) -> None:
    give(settings, USDT=1_000_000_000, USDC=200_000_000)
    pending = credits_of_day("2026-01-31", currency="USDC", received_pending=Decimal(3))
    data = ask("/balance/crypto", prices=[price("USDT")], daily_credits=[pending])
    available = data["available_balance"]
    assert (available["amount"], available["usd_value"], available["price_source"]) == ("12.00000000", None, None)
    assert [part["usd_value"] for part in available["breakdown"]] == [Decimal("10.00"), None]
    shown = data["pending_balance"]
    assert (shown["amount"], shown["usd_value"], shown["price_source"]) == ("3.00000000", None, None)


def test_r16_what_is_pending_is_worth_its_amount_by_currency(ask: Ask) -> None:
    pending = [
        credits_of_day("2026-01-31", received_pending=Decimal(3)),
        credits_of_day("2026-01-31", currency="USDC", received_pending=Decimal(5)),
    ]
    prices = [price("USDT", "0.5", source="market"), price("USDC")]
    shown = ask("/balance/crypto", prices=prices, daily_credits=pending)["pending_balance"]
    assert (shown["amount"], shown["usd_value"], shown["price_source"]) == ("8.00000000", Decimal("6.50"), "market")


@pytest.mark.parametrize(
    ("at", "usd"),
    [
        (QUOTED - timedelta(seconds=1), None),
        (QUOTED, Decimal("49.50")),
        (QUOTED + timedelta(days=1, seconds=-1), Decimal("49.50")),
        (QUOTED + timedelta(days=1), Decimal("100.00")),
    ],
)
def test_r16_a_transfer_is_worth_its_amount_at_the_price_of_its_time(ask: Ask, at: datetime, usd: Decimal) -> None:
    prices = [
        price("USDT", "0.495", source="market", since=QUOTED),
        price("USDT", since=QUOTED + timedelta(days=1)),
    ]
    given = transfer(1, amount=Decimal(100), block_time=at)
    (item,) = ask("/transactions", prices=prices, transactions=[given])["transactions"]
    assert item["amount_usd"] == usd
    assert ask(f"/transactions/{given['tx_hash']}", prices=prices, transactions=[given])["amount_usd"] == usd


def test_r16_an_addresss_sums_are_worth_their_amounts_at_the_price_in_force(ask: Ask) -> None:
    held = address(1, balance=Decimal(40), total_received=Decimal(100), total_swept=Decimal(60))
    prices = [price("USDT"), price("USDT", "0.9", source="market", since=QUOTED)]
    shown = ask("/addresses/1", prices=prices, addresses=[held])["balance"]
    usd = [shown[name] for name in ("current_usd", "total_received_usd", "total_swept_usd")]
    assert usd == [Decimal("36.00"), Decimal("90.00"), Decimal("54.00")]
    shown = ask("/addresses/1", prices=[], addresses=[held])["balance"]
    assert [shown[name] for name in ("current_usd", "total_received_usd", "total_swept_usd")] == [None] * 3
