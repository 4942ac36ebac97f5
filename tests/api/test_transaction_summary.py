"""Transactions: the summary, whose rows count, and what a query reads."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from api.deployment import Caller
from api.transactions import queries
from tests.support.api import DASHBOARD, client_for, new_key
from tests.support.marts import CREATED, DEPOSIT, PAYER, GivenSnapshot, head, marts_from, transfer
from warehouse.contracts.marts import transactions
from warehouse.duck import connect
from warehouse.store.api_keys import ApiKey

LIST = f"{DASHBOARD}/transactions"
LEAVING = {"platform_fee_rate": None, "platform_fee": None, "from_address": DEPOSIT, "to_address": PAYER}
PENDING_BLOCK = 1_000_001  # 14 of 15 confirmations at the usual head

# Each amount is another power of ten, so that a sum says what went into it.
ROWS = [
    transfer(1, amount=Decimal(1)),
    transfer(2, amount=Decimal(10), currency="USDC"),
    transfer(3, amount=Decimal(100), network="ETH", block_time=CREATED + timedelta(days=1)),
    transfer(4, amount=Decimal(1000), block_number=PENDING_BLOCK),
    transfer(5, amount=Decimal(10_000), type="outgoing", **LEAVING),
    transfer(6, amount=Decimal(100_000), type="sweep", **LEAVING),
    transfer(7, amount=Decimal(1_000_000), type="sweep", **LEAVING, block_number=PENDING_BLOCK),
]


def summary(client, **params) -> dict:
    return client.get(LIST, params=params).json()["data"]["summary"]


def test_r11_r29_the_summary_counts_every_type_whatever_type_or_page_is_asked(open_client):
    client = open_client(transactions=ROWS)
    whole = {
        "total_transactions": 7,
        "total_incoming": 4,
        "total_outgoing": 3,  # sweeps are outgoing too
        "total_sweeps": 2,
        "total_volume": "111.00000000",  # confirmed incoming, at par
    }
    asked: list[dict] = [{}, {"type": "incoming"}, {"type": "outgoing"}, {"type": "sweep"}]
    asked += [{"page": 2, "limit": 3}, {"page": 99}]
    for params in asked:
        assert summary(client, **params) == whole


@pytest.mark.parametrize(
    ("params", "counts", "volume"),
    [
        ({"network": "ETH"}, (1, 1, 0, 0), "100.00000000"),
        ({"currency": "USDC"}, (1, 1, 0, 0), "10.00000000"),
        ({"currency": "USDT", "network": "BSC"}, (5, 2, 3, 2), "1.00000000"),
        ({"start_date": "2026-01-31"}, (1, 1, 0, 0), "100.00000000"),
        ({"end_date": "2026-01-30"}, (6, 3, 3, 2), "11.00000000"),
        ({"min_amount": "10"}, (6, 3, 3, 2), "110.00000000"),
        ({"max_amount": "10000"}, (5, 4, 1, 0), "111.00000000"),
        ({"min_amount": "1000", "max_amount": "1000"}, (1, 1, 0, 0), "0.00000000"),
        ({"network": "SOL"}, (0, 0, 0, 0), "0.00000000"),
    ],
)
def test_r11_the_summary_follows_every_other_filter(open_client, params, counts, volume):
    client = open_client(transactions=ROWS)
    names = ("total_transactions", "total_incoming", "total_outgoing", "total_sweeps")
    assert summary(client, **params) == dict(zip(names, counts, strict=True)) | {"total_volume": volume}


def test_r29_the_volume_is_what_has_its_confirmations_final_or_not(open_client):
    rows = [
        transfer(1, amount=Decimal(1), is_final=False),
        transfer(2, amount=Decimal(10), is_final=True, block_number=PENDING_BLOCK),
        transfer(4, amount=Decimal(100), network="POL"),  # no head is known
        transfer(5, amount=Decimal(1000), block_number=2_000_000),  # beyond the head
    ]
    assert summary(open_client(transactions=rows))["total_volume"] == "1.00000000"
    heads = [head("BSC", head_block=1_000_015), head("BSC", mode="test", head_block=9_000_000), head("POL")]
    assert summary(open_client(transactions=rows, chain_heads=heads))["total_volume"] == "111.00000000"


def test_r13_the_exact_volume_is_rounded_down_once(open_client):
    rows = [transfer(n, amount=Decimal("0.000000006")) for n in range(3)]
    assert summary(open_client(transactions=rows))["total_volume"] == "0.00000001"  # of 0.000000018


FOREIGN = [
    transfer(91, merchant_id="mer_8"),
    transfer(92, mode="test"),
    transfer(93, merchant_id="mer_8", mode="test", type="sweep", **LEAVING),
]


@pytest.mark.parametrize(
    "params", [{}, {"type": "incoming"}, {"min_amount": "1", "start_date": "2026-01-01"}, {"network": "BSC"}]
)
def test_r1_rows_of_another_merchant_or_mode_change_no_byte(open_client, params):
    alone = open_client(transactions=ROWS).get(LIST, params=params)
    among_others = open_client(transactions=[*FOREIGN, *ROWS]).get(LIST, params=params)
    assert alone.json()["data"]["transactions"] != []
    assert alone.content == among_others.content


def test_r1_each_key_sees_its_own_merchant_and_mode_and_that_modes_head(settings):
    heads = [head("BSC"), head("BSC", mode="test", head_block=1_000_004)]
    reader = marts_from(transactions=[*FOREIGN, transfer(1)], chain_heads=heads)
    seen = {}
    for merchant, mode in (("mer_7", "live"), ("mer_7", "test"), ("mer_8", "live"), ("mer_8", "test"), ("x", "live")):
        with client_for(settings, reader, key=new_key(settings, merchant, mode)) as client:
            answer = client.get(LIST)
            data = answer.json()["data"]
        assert answer.headers["x-mode"] == mode
        assert data["summary"]["total_transactions"] == len(data["transactions"])
        seen[merchant, mode] = [(item["id"], item["confirmations"]) for item in data["transactions"]]
    assert seen == {
        ("mer_7", "live"): [(1, 15)],
        ("mer_7", "test"): [(92, 5)],
        ("mer_8", "live"): [(91, 15)],
        ("mer_8", "test"): [(93, 5)],
        ("x", "live"): [],
    }


@pytest.mark.parametrize("text", ["1E+5", "1E+30", "0E+3", "100000", "1E-8", "0.00000001", "-1E+2"])
def test_an_amount_reaches_the_database_as_it_is(text):
    # DuckDB 1.5.5 by itself takes Decimal("1E+5") for 1.00000.
    key = ApiKey(1, "mer_7", "live", "abcdefgh", frozenset(), CREATED, None, "active")
    caller = Caller(key, GivenSnapshot({}))
    (row,) = caller.rows("select $amount as amount, $mode, $merchant_id", amount=Decimal(text))
    assert row["amount"] == Decimal(text)


MONTHS = (1, 2, 3)


def monthly_segments():
    """Three segments with one row each, behind a view as warehouse/publish.py makes it: each branch has its range."""
    database = connect(threads=1)
    database.execute("create schema marts")
    database.execute(
        "create table marts.chain_heads (mode varchar, network varchar, head_block bigint, "
        "required_confirmations bigint)"
    )
    branches = []
    for month in MONTHS:
        name, row = f"s{month}.marts.transactions", transfer(month, block_time=datetime(2026, month, 10, tzinfo=UTC))
        database.execute(f"attach ':memory:' as s{month}")
        database.execute(f"create schema s{month}.marts")
        database.execute(transactions.TABLE.ddl().replace("marts.transactions", name, 1))
        # Without a row, no plan would name the segment.
        holders = ", ".join(f"${column}" for column in row)
        database.execute(f"insert into {name} ({', '.join(row)}) values ({holders})", row)
        branches.append(
            f"select * from {name} where block_time >= timestamptz '2026-0{month}-01T00:00:00+00:00' "
            f"and block_time < timestamptz '2026-0{month + 1}-01T00:00:00+00:00'"
        )
    database.execute(f"create view marts.transactions as {' union all '.join(branches)}")
    return database


@pytest.mark.parametrize("statement", ["FIGURES_BY_TYPE", "LIST"])
def test_dates_leave_segments_outside_them_unread(statement):
    database = monthly_segments()

    def segments_read(start: datetime | None, end: datetime | None) -> list[int]:
        params: dict[str, Any] = {"mode": "live", "merchant_id": "mer_7", "start": start, "end": end}
        params |= {"network": None, "currency": None, "min_amount": None, "max_amount": None}
        params |= {"type": None, "limit": 20, "offset": 0} if statement == "LIST" else {}
        plan = str(database.execute("explain (format json) " + getattr(queries, statement), params).fetchall())
        return [month for month in MONTHS if f"s{month}.marts.transactions" in plan]

    february = (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=UTC))
    assert segments_read(None, None) == [1, 2, 3]
    assert segments_read(*february) == [2]
    assert segments_read(february[0], None) == [2, 3]
    assert segments_read(None, february[1]) == [1, 2]
