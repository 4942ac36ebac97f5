"""Transactions: the list, its items, filters and pages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from eth_utils.address import to_checksum_address

from tests.support.api import DASHBOARD, exact_json, example, keys_of
from tests.support.marts import CREATED, DEPOSIT, DEPOSIT_SHOWN, PAYER, TX_HASH, head, transfer

LIST = f"{DASHBOARD}/transactions"
# The USDT contract of Tron, as the lake keeps it and as every explorer writes it.
TRON_ADDRESS, TRON_SHOWN = "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
LEAVING = {"platform_fee_rate": None, "platform_fee": None, "from_address": DEPOSIT, "to_address": PAYER}

SWEEP = transfer(2, type="sweep", **LEAVING)


def ids(answer) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["data"]["transactions"]]


def test_r7_list_items_have_exactly_the_documented_keys_and_all_pagination_keys(open_client):
    body = open_client(transactions=[transfer(1), SWEEP]).get(LIST).json()
    incoming, sweep = keys_of(example("transactions_list")["data"]["transactions"][0]), {"gas_fee": None}
    expected = keys_of(example("transactions_list"))
    expected["data"]["transactions"] = [incoming | sweep | {"gas_fee_currency": None}]
    expected["data"]["pagination"] |= {"items_per_page": None, "has_next": None, "has_prev": None}
    expected["data"]["summary"] |= {"total_sweeps": None}
    assert keys_of(body) == expected
    assert len({frozenset(item) for item in body["data"]["transactions"]}) == 1


def test_values_have_the_types_of_the_documented_example(open_client):
    matched = transfer(1, session_id="s1", reference="ORDER-1")
    data = open_client(transactions=[matched, SWEEP]).get(LIST).json()["data"]
    documented = example("transactions_list")["data"]
    pairs = [(data["summary"], documented["summary"]), (data["pagination"], documented["pagination"])]
    pairs += zip(data["transactions"], documented["transactions"], strict=True)
    for given, sample in pairs:
        for name, value in sample.items():
            if name != "gas_fee":  # not known yet
                assert type(given[name]) is type(value), name


def test_a_transaction_in_full(open_client):
    given = transfer(
        1234, session_id="s1", reference="ORDER-1", amount=Decimal("100.123456789"), block_time=CREATED, log_index=7
    )
    item = exact_json(open_client(transactions=[given]).get(LIST))["data"]["transactions"][0]
    assert item == {
        "id": 1234,
        "tx_hash": TX_HASH,
        "type": "incoming",
        "network": "BSC",
        "currency": "USDT",
        "amount": "100.12345678",
        "amount_usd": Decimal("100.12"),
        "from_address": to_checksum_address(PAYER),
        "to_address": DEPOSIT_SHOWN,
        "confirmations": 15,  # 1,000,014 - 1,000,000 + 1
        "status": "confirmed",
        "explorer_url": f"https://bscscan.com/tx/{TX_HASH}",
        "timestamp": "2026-01-30T18:00:00Z",
        "session_id": "s1",
        "reference": "ORDER-1",
        "gas_fee": None,
        "gas_fee_currency": None,
    }


def test_r7_a_transfer_without_a_session_has_null_for_it(open_client):
    item = open_client(transactions=[SWEEP]).get(LIST).json()["data"]["transactions"][0]
    assert (item["type"], item["session_id"], item["reference"]) == ("sweep", None, None)


def test_r11b_tron_addresses_and_hashes_are_shown_as_tron_writes_them(open_client):
    given = transfer(1, network="TRX", to_address=TRON_ADDRESS, from_address=TRON_ADDRESS, decimals=6)
    item = open_client(transactions=[given]).get(LIST).json()["data"]["transactions"][0]
    assert (item["to_address"], item["from_address"], item["tx_hash"]) == (TRON_SHOWN, TRON_SHOWN, "12" * 32)


@pytest.mark.parametrize(
    ("network", "coin"), [("BSC", "BNB"), ("ETH", "ETH"), ("POL", "POL"), ("TRX", "TRX"), ("SOL", "SOL")]
)
def test_r31_the_fee_is_in_the_native_coin_and_null_for_what_comes_in(open_client, network, coin):
    paid = {"network": network, "gas_fee": Decimal("0.0005")}
    rows = [transfer(number, type=name, **paid) for number, name in enumerate(("incoming", "sweep", "outgoing"), 1)]
    items = open_client(transactions=rows).get(LIST).json()["data"]["transactions"]
    shown = {item["type"]: (item["gas_fee"], item["gas_fee_currency"]) for item in items}
    assert shown == {"incoming": (None, None), "sweep": ("0.00050000", coin), "outgoing": ("0.00050000", coin)}


@pytest.mark.parametrize(
    ("fee", "shown"),
    [
        ("0.000000005", "0.00000001"),
        ("0.000000004999999999", "0.00000000"),
        ("1.999999995", "2.00000000"),
    ],
)
def test_r13_the_fee_is_rounded_half_up(open_client, fee, shown):
    client = open_client(transactions=[transfer(1, type="sweep", gas_fee=Decimal(fee))])
    assert client.get(LIST).json()["data"]["transactions"][0]["gas_fee"] == shown


def test_r31_a_fee_that_is_not_known_has_no_currency(open_client):
    item = open_client(transactions=[transfer(1, type="sweep")]).get(LIST).json()["data"]["transactions"][0]
    assert (item["gas_fee"], item["gas_fee_currency"]) == (None, None)


def test_r17_usdc_on_tron_is_a_filter_and_readable(open_client):
    rows = [transfer(1, network="TRX", currency="USDC"), transfer(2, network="TRX"), transfer(3, currency="USDC")]
    answer = open_client(transactions=rows).get(LIST, params={"network": "TRX", "currency": "USDC"})
    assert ids(answer) == [1]
    assert answer.json()["data"]["transactions"][0]["currency"] == "USDC"


def test_r21_status_and_confirmations_are_those_at_the_networks_own_head(open_client):
    rows = [
        transfer(1, block_number=1_000_000),
        transfer(2, block_number=1_000_001),
        transfer(3, network="ETH", block_number=1_000_001),
        transfer(4, network="POL", block_number=1_000_000),  # no head is known
    ]
    heads = [head("BSC"), head("ETH", required_confirmations=14)]
    items = open_client(transactions=rows, chain_heads=heads).get(LIST).json()["data"]["transactions"]
    shown = {item["id"]: (item["confirmations"], item["status"]) for item in items}
    assert shown == {1: (15, "confirmed"), 2: (14, "pending"), 3: (14, "confirmed"), 4: (None, "pending")}


EXACT = Decimal("0.010000000000000001")
MANY = [
    transfer(1, amount=Decimal(100)),
    transfer(2, amount=Decimal("99.99999999")),
    transfer(3, type="outgoing", **LEAVING, currency="USDC"),
    transfer(4, type="sweep", **LEAVING, network="ETH"),
    transfer(5, amount=EXACT, network="TRX", decimals=6),
]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"type": "all"}, [1, 2, 3, 4, 5]),
        ({"type": "incoming"}, [1, 2, 5]),
        ({"type": "OUTGOING"}, [3]),
        ({"type": "Sweep"}, [4]),
        ({"network": "bsc"}, [1, 2, 3]),
        ({"network": "TRX"}, [5]),
        ({"network": "SOL"}, []),
        ({"currency": "usdc"}, [3]),
        ({"currency": "USDT", "network": "BSC"}, [1, 2]),
        ({"currency": "USDT", "network": "BSC", "type": "sweep"}, []),
        ({"min_amount": "100"}, [1, 3, 4]),
        ({"min_amount": "100.00000000"}, [1, 3, 4]),
        ({"min_amount": "100.00000001"}, []),
        ({"max_amount": "99.99999999"}, [2, 5]),
        ({"max_amount": "99.99999998"}, [5]),
        # compared exactly, though it is shown as 0.01000000
        ({"max_amount": "0.01"}, []),
        ({"min_amount": "0.01", "max_amount": "0.01000001"}, [5]),
        ({"min_amount": "99.99999999", "max_amount": "99.99999999"}, [2]),
        ({"min_amount": "0", "max_amount": "9" * 20 + ".99999999"}, [1, 2, 3, 4, 5]),
        ({"min_amount": "9" * 20 + ".99999999"}, []),
        ({"min_amount": "100000"}, []),
        ({"min_amount": "000100", "type": "incoming"}, [1]),
        ({"min_amount": "", "max_amount": ""}, [1, 2, 3, 4, 5]),
    ],
)
def test_r8_r12_filters(open_client, params, found):
    answer = open_client(transactions=MANY).get(LIST, params=params)
    assert sorted(ids(answer)) == found
    assert answer.json()["data"]["pagination"]["total_items"] == len(found)


def test_r8_all_empty_and_absent_are_the_same_and_unknown_names_are_ignored(open_client):
    client = open_client(transactions=MANY)
    everything = client.get(LIST).content
    for params in ({"type": "all"}, {"type": "", "network": "ALL", "currency": ""}, {"sort_by": "x", "status": "x"}):
        assert client.get(LIST, params=params).content == everything
    details = client.get(LIST, params={"type": "deposit"}).json()["error"]["details"]
    assert details == {"parameter": "type", "allowed_values": ["incoming", "outgoing", "sweep"]}


def test_r10_dates_bound_the_block_time_inclusively_to_the_microsecond(open_client):
    day = datetime(2026, 1, 30, tzinfo=UTC)
    rows = [
        transfer(1, block_time=day - timedelta(microseconds=1)),
        transfer(2, block_time=day),
        transfer(3, block_time=day + timedelta(days=1, microseconds=-1)),
        transfer(4, block_time=day + timedelta(days=1)),
    ]
    client = open_client(transactions=rows)

    def found(**params: str) -> list[int]:
        answer = client.get(LIST, params=params)
        assert answer.json()["data"]["summary"]["total_transactions"] == len(ids(answer))
        return ids(answer)

    assert found(start_date="2026-01-30", end_date="2026-01-30") == [3, 2]
    assert found(start_date="2026-01-30T02:00:00+02:00", end_date="2026-01-30T23:59:59.999999") == [3, 2]
    assert found(start_date="2026-01-30T00:00:00.000001Z") == [4, 3]
    assert found(end_date="2026-01-30T00:00:00") == [2, 1]
    assert found(end_date="2026-01-29") == [1]


def test_r11a_newest_first_then_network_block_log_and_id(open_client):
    later = CREATED + timedelta(seconds=1)
    same = {"block_time": CREATED}
    networks = ["BSC", "ETH", "POL", "TRX", "SOL", "ARB", "BASE"]  # the last two are named in settings
    ordered = [
        transfer(10, block_time=later + timedelta(microseconds=1), network="SOL"),
        transfer(11, block_time=later, network="TRX", block_number=1),
        *(transfer(30 - rank, **same, network=network) for rank, network in enumerate(networks)),
    ]
    ordered[2:2] = [
        transfer(39, **same, block_number=1_000_002, log_index=0),
        transfer(38, **same, block_number=1_000_001, log_index=5),
        # One log from an own address to another own address: two rows that only their ids tell apart.
        transfer(36, **same, block_number=1_000_001, log_index=4),
        transfer(37, **same, block_number=1_000_001, log_index=4, type="outgoing", **LEAVING),
    ]
    expected = [row["id"] for row in ordered]
    for rows in (ordered, ordered[::-1], sorted(ordered, key=lambda row: row["id"])):
        client = open_client(transactions=rows)
        assert ids(client.get(LIST)) == expected
        paged = [ids(client.get(LIST, params={"page": page, "limit": 4})) for page in (1, 2, 3, 4)]
        assert [transfer_id for page in paged for transfer_id in page] == expected


def test_r9_pages_have_six_keys_and_a_page_past_the_end_is_empty(open_client):
    client = open_client(transactions=[transfer(n, log_index=9 - n) for n in range(5)])
    second = client.get(LIST, params={"page": 2, "limit": 2}).json()["data"]
    assert [item["id"] for item in second["transactions"]] == [2, 3]
    assert second["pagination"] == {
        "current_page": 2, "total_pages": 3, "total_items": 5, "items_per_page": 2, "has_next": True, "has_prev": True,
    }  # fmt: skip
    past = client.get(LIST, params={"page": 9007199254740991, "limit": 100})
    assert ids(past) == []
    assert past.json()["data"]["pagination"]["current_page"] == 9007199254740991
    assert past.json()["data"]["summary"]["total_transactions"] == 5


def test_r9_an_empty_list_has_no_pages_and_20_is_the_usual_limit(open_client):
    pagination = open_client().get(LIST).json()["data"]["pagination"]
    assert pagination == {
        "current_page": 1, "total_pages": 0, "total_items": 0, "items_per_page": 20, "has_next": False,
        "has_prev": False,
    }  # fmt: skip
    many = open_client(transactions=[transfer(n) for n in range(101)])
    assert [len(ids(many.get(LIST, params=params))) for params in ({}, {"limit": 100})] == [20, 100]
