"""Sessions: list, filters, sorting, search."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.support.api import DASHBOARD, exact_json, example, keys_of
from tests.support.marts import (
    CREATED,
    DEPOSIT,
    DEPOSIT_SHOWN,
    TX_HASH,
    address,
    paid_session,
    session,
)

LIST = f"{DASHBOARD}/sessions"
# The USDT contract of Tron and the mint of Solana, as every explorer writes them.
TRON_ADDRESS, TRON_SHOWN = "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
SOLANA_ADDRESS = "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"

PAID_AT = CREATED + timedelta(minutes=10, seconds=23)


def ids(answer) -> list[str]:
    return [item["session_id"] for item in answer.json()["data"]["sessions"]]


def test_r7_list_items_have_exactly_the_documented_keys_and_exception(open_client):
    body = open_client(sessions=[paid_session("s1")]).get(LIST).json()
    expected = keys_of(example("sessions_list"))
    expected["data"]["sessions"][0]["exception"] = None
    assert keys_of(body) == expected


def test_r12_r13_amounts_are_exact_numbers_and_paid_amounts_round_down(open_client):
    given = paid_session("s1", amount=Decimal("12345678901234567.5"), paid_amount=Decimal("100.123456789999999999"))
    answer = open_client(sessions=[given]).get(LIST)
    item = exact_json(answer)["data"]["sessions"][0]
    assert item["amount"] == Decimal("12345678901234567.5")
    assert item["paid_amount"] == Decimal("100.12345678")
    assert b'"amount":12345678901234567.50,' in answer.content


def test_a_tiny_amount_is_written_without_an_exponent(open_client):
    answer = open_client(sessions=[session("s1", amount=Decimal("0.00000001"))]).get(LIST)
    assert b'"amount":0.00000001,' in answer.content


def test_r7_everything_a_session_lacks_is_null(open_client):
    bare = session("s1", customer_email=None, customer_name=None, description=None, payment_url=None)
    item = open_client(sessions=[bare]).get(LIST).json()["data"]["sessions"][0]
    nulls = {name for name, value in item.items() if value is None}
    assert nulls == {
        "exception", "customer_email", "customer_name", "description", "deposit_address", "blockchain_tx_hash",
        "paid_amount", "paid_at", "payment_url",
    }  # fmt: skip


def test_r10_times_are_shown_in_utc_cut_to_seconds(open_client):
    created = datetime(2026, 1, 30, 18, 0, 0, 999999, UTC)
    item = open_client(sessions=[session("s1", created_at=created)]).get(LIST).json()["data"]["sessions"][0]
    assert item["created_at"] == "2026-01-30T18:00:00Z"


def test_r10_times_are_sorted_exactly_though_shown_in_seconds(open_client):
    rows = [
        session(name, created_at=datetime(2026, 1, 30, 18, 0, 0, microseconds, UTC))
        for name, microseconds in (("a", 2), ("b", 1), ("c", 3))
    ]
    answer = open_client(sessions=rows).get(LIST)
    assert ids(answer) == ["c", "a", "b"]
    assert {item["created_at"] for item in answer.json()["data"]["sessions"]} == {"2026-01-30T18:00:00Z"}


def test_r11b_addresses_are_shown_with_checksum_or_as_base58_whatever_is_stored(open_client):
    rows = [
        session("s1", deposit_address=DEPOSIT),
        session("s2", network="TRX", deposit_address=TRON_ADDRESS, tx_hash=TX_HASH),
    ]
    items = open_client(sessions=rows).get(LIST, params={"sort_by": "amount"}).json()["data"]["sessions"]
    assert items[0]["deposit_address"].lower() == DEPOSIT
    assert items[0]["deposit_address"] == DEPOSIT_SHOWN
    assert items[1]["deposit_address"] == TRON_SHOWN
    assert items[1]["blockchain_tx_hash"] == "12" * 32


def test_r11_summary_follows_every_filter_but_status_and_never_the_page(open_client):
    rows = [paid_session(f"p{n}") for n in range(3)] + [session("w1"), session("f1", status="failed")]
    rows += [session("e1", status="expired"), session("other", network="ETH")]
    body = open_client(sessions=rows).get(LIST, params={"status": "paid", "network": "BSC", "limit": 2}).json()["data"]
    assert body["summary"] == {
        "total_sessions": 6, "total_paid": 3, "total_pending": 1, "total_failed": 1, "total_expired": 1,
    }  # fmt: skip
    assert body["pagination"]["total_items"] == 3
    assert len(body["sessions"]) == 2


def test_r9_pages_have_six_keys_and_a_page_past_the_end_is_empty(open_client):
    client = open_client(sessions=[session(f"s{n}") for n in range(5)])
    second = client.get(LIST, params={"page": 2, "limit": 2}).json()["data"]
    assert [item["session_id"] for item in second["sessions"]] == ["s2", "s3"]
    assert second["pagination"] == {
        "current_page": 2, "total_pages": 3, "total_items": 5, "items_per_page": 2, "has_next": True, "has_prev": True,
    }  # fmt: skip
    past = client.get(LIST, params={"page": 9007199254740991, "limit": 100})
    assert past.status_code == 200
    assert past.json()["data"]["sessions"] == []
    assert past.json()["data"]["pagination"]["current_page"] == 9007199254740991


def test_r9_an_empty_list_has_no_pages(open_client):
    pagination = open_client().get(LIST).json()["data"]["pagination"]
    assert pagination == {
        "current_page": 1, "total_pages": 0, "total_items": 0, "items_per_page": 20, "has_next": False,
        "has_prev": False,
    }  # fmt: skip


def test_r10_dates_are_inclusive_at_both_ends_to_the_microsecond(open_client):
    day = datetime(2026, 1, 30, tzinfo=UTC)
    rows = [
        session("before", created_at=day - timedelta(microseconds=1)),
        session("first", created_at=day),
        session("last", created_at=day + timedelta(days=1, microseconds=-1)),
        session("after", created_at=day + timedelta(days=1)),
    ]
    client = open_client(sessions=rows)
    both = {"start_date": "2026-01-30", "end_date": "2026-01-30", "sort_order": "asc"}
    assert ids(client.get(LIST, params=both)) == ["first", "last"]
    exact = {"start_date": "2026-01-30T02:00:00+02:00", "end_date": "2026-01-30T23:59:59.999999"}
    assert set(ids(client.get(LIST, params=exact))) == {"first", "last"}
    second = {"start_date": "2026-01-30", "end_date": "2026-01-30T23:59:59"}
    assert ids(client.get(LIST, params=second)) == ["first"]


def test_r11a_every_sort_ends_in_the_id_ascending_with_nulls_last(open_client):
    rows = [
        session("b", amount=Decimal(2)),
        session("a", amount=Decimal(2)),
        paid_session("d", amount=Decimal(1), paid_at=PAID_AT),
        paid_session("c", amount=Decimal(3), paid_at=PAID_AT + timedelta(seconds=1)),
    ]
    client = open_client(sessions=rows)

    def sorted_by(field: str, order: str) -> list[str]:
        return ids(client.get(LIST, params={"sort_by": field, "sort_order": order}))

    assert sorted_by("amount", "asc") == ["d", "a", "b", "c"]
    assert sorted_by("amount", "desc") == ["c", "a", "b", "d"]
    assert sorted_by("paid_at", "asc") == ["d", "c", "a", "b"]
    assert sorted_by("paid_at", "desc") == ["c", "d", "a", "b"]
    assert sorted_by("created_at", "asc") == sorted_by("created_at", "desc") == ["a", "b", "c", "d"]


def test_r8_all_empty_and_absent_are_the_same_and_words_are_case_insensitive(open_client):
    client = open_client(sessions=[paid_session("s1"), session("s2", network="ETH")])
    everything = client.get(LIST).content
    for params in (
        {"status": "all"},
        {"status": ""},
        {"network": "ALL", "currency": "", "search": "", "page": ""},
        {"sort_by": "all", "sort_order": ""},
        {"start_date": "", "end_date": "", "limit": ""},
    ):
        assert client.get(LIST, params=params).content == everything
    assert client.get(LIST, params={"unknown": "x"}).content == everything
    answer = client.get(LIST, params={"status": "PAID", "network": "bsc", "currency": "usdt"})
    assert ids(answer) == ["s1"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("order-s1", ["s1"]),
        ("CUSTOMER@EXAMPLE", ["s1"]),
        ("ÄNNE", ["s1"]),
        ("11fec830", ["11fec830-6b48"]),
        ("11FEC830", ["11fec830-6b48"]),
        ("6b48", []),
        ("%", ["percent"]),
        ("_", []),
        ("100%", ["percent"]),
        (DEPOSIT.upper().replace("0X", "0x"), ["s1"]),
        (DEPOSIT_SHOWN.swapcase().replace("0X", "0x"), ["s1"]),
        (DEPOSIT[:-1], []),
        (TX_HASH.upper(), ["s1"]),
        ("0x" + "77" * 32, ["s1"]),
        ("56" * 32, ["tron"]),
        ("0x" + "56" * 32, ["tron"]),
        (TRON_SHOWN, ["tron"]),
        (TRON_SHOWN.lower(), ["tron"]),
        (TRON_SHOWN.upper(), ["tron"]),
        (SOLANA_ADDRESS, ["sol"]),
        (SOLANA_ADDRESS.lower(), []),
        ("a\x00b", []),
        ("'; drop table marts.sessions; --", []),
    ],
)
def test_r22_search(open_client, text, found):
    nobody = {"customer_email": None, "customer_name": None}
    tron = {"network": "TRX", "deposit_address": TRON_ADDRESS, "tx_hashes": ["0x" + "56" * 32]}
    rows = [
        paid_session("s1", customer_name="Änne", tx_hashes=[TX_HASH, "0x" + "77" * 32]),
        session("11fec830-6b48", **nobody, reference="x"),
        session("percent", **nobody, reference="100% off"),
        session("tron", **nobody, reference="y", **tron),
        session("sol", **nobody, reference="z", network="SOL", deposit_address=SOLANA_ADDRESS),
    ]
    addresses = [address(1, network="TRX", address=TRON_ADDRESS)]
    answer = open_client(sessions=rows, addresses=addresses).get(LIST, params={"search": text})
    assert ids(answer) == found
    assert answer.json()["data"]["summary"]["total_sessions"] == len(found)
