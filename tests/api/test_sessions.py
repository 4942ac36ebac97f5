"""Sessions: list, filters, sorting, search, detail."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.support.api import DASHBOARD, exact_json, example, keys_of
from tests.support.marts import (
    CREATED,
    DEPOSIT,
    DEPOSIT_SHOWN,
    TX_HASH,
    GivenReader,
    address,
    head,
    marts_from,
    paid_session,
    session,
    timeline,
    transfer,
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
    for params in ({"status": "all"}, {"status": ""}, {"network": "ALL", "currency": "", "search": "", "page": ""}):
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


def detail_reader() -> GivenReader:
    given = paid_session("s1", exception="multiple", last_transfer_at=PAID_AT + timedelta(minutes=1))
    events = timeline(
        "s1",
        ("session_created", CREATED, "Checkout session created"),
        ("address_assigned", CREATED + timedelta(seconds=1), "Deposit address assigned"),
        ("payment_received", PAID_AT, "Payment received (100 USDT)"),
    )
    transfers = [
        transfer(1, session_id="s1", reference="ORDER-s1"),
        transfer(2, session_id="s1", reference="ORDER-s1", log_index=3, amount=Decimal("0.000000009")),
        transfer(
            3, session_id="s1", reference="ORDER-s1", block_number=1_000_001, block_time=PAID_AT + timedelta(minutes=1)
        ),
        transfer(4),
    ]
    return marts_from(sessions=[given], session_timeline=events, transactions=transfers)


def test_r7_detail_has_exactly_the_documented_keys_exception_and_transfers(open_client):
    body = open_client(detail_reader()).get(f"{LIST}/s1").json()
    expected = keys_of(example("session_detail"))
    item = keys_of(example("transactions_list"))["data"]["transactions"][0]
    expected["data"] |= {"exception": None, "transfers": [item | {"gas_fee": None, "gas_fee_currency": None}]}
    expected["data"]["metadata"] = {"order_id": None}
    assert keys_of(body) == expected


def test_a_session_in_full(open_client):
    data = exact_json(open_client(detail_reader()).get(f"{LIST}/s1"))["data"]
    assert data["customer"] == {"email": "customer@example.com", "name": "John Doe"}
    assert data["payment_details"] == {
        "deposit_address": DEPOSIT_SHOWN,
        "deposit_address_id": 42,
        "blockchain_tx_hash": TX_HASH,
        "blockchain_explorer_url": f"https://bscscan.com/tx/{TX_HASH}",
        "paid_amount": Decimal("100.00"),
        "expected_amount": Decimal("100.00"),
        "confirmations": 15,  # 1,000,014 - 1,000,000 + 1
        "required_confirmations": 15,
        "paid_at": "2026-01-30T18:10:23Z",
    }
    assert [line["event"] for line in data["timeline"]] == ["session_created", "address_assigned", "payment_received"]
    assert data["timeline"][2] == {
        "event": "payment_received", "timestamp": "2026-01-30T18:10:23Z", "details": "Payment received (100 USDT)",
    }  # fmt: skip


def test_r11a_r21_transfers_are_newest_first_with_confirmations_and_status_at_the_head(open_client):
    transfers = exact_json(open_client(detail_reader()).get(f"{LIST}/s1"))["data"]["transfers"]
    assert [(item["id"], item["confirmations"], item["status"]) for item in transfers] == [
        (3, 14, "pending"),
        (2, 15, "confirmed"),
        (1, 15, "confirmed"),
    ]
    assert transfers[1]["amount"] == "0.00000000"  # dust below 1e-8 is never rounded up
    assert transfers[1]["amount_usd"] == Decimal("0.00")
    assert transfers[2]["amount"] == "100.00000000"
    assert transfers[2]["gas_fee"] is None


def test_r21_confirmations_are_null_without_a_transfer_and_where_no_head_is_known(open_client):
    client = open_client(sessions=[session("s1"), paid_session("s2")], chain_heads=[head("ETH")])
    for session_id in ("s1", "s2"):
        assert client.get(f"{LIST}/{session_id}").json()["data"]["payment_details"]["confirmations"] is None


def test_r21_a_head_behind_the_transfer_shows_no_negative_confirmations(open_client):
    client = open_client(sessions=[paid_session("s1")], chain_heads=[head("BSC", head_block=999_990)])
    assert client.get(f"{LIST}/s1").json()["data"]["payment_details"]["confirmations"] == 0


def test_metadata_comes_back_number_for_number(open_client):
    text = '{"price":1.10,"big":12345678901234567890,"nested":{"list":[1,null,"ü"]}}'
    answer = open_client(sessions=[session("s1", metadata=text)]).get(f"{LIST}/s1")
    assert text.encode() in answer.content


def test_an_unknown_session_is_404(open_client):
    answer = open_client(detail_reader()).get(f"{LIST}/nobody")
    assert (answer.status_code, answer.json()) == (
        404,
        {"success": False, "error": {"code": "NOT_FOUND", "message": "Session not found", "details": {}}},
    )


def test_a_session_id_in_upper_case_is_the_same_id(open_client):
    known, unknown = "11fec830-6b48-4aaa-8bbb-0123456789ab", "22fec830-6b48-4aaa-8bbb-0123456789ab"
    client = open_client(sessions=[session(known)])
    assert client.get(f"{LIST}/{known.upper()}").content == client.get(f"{LIST}/{known}").content
    missing = client.get(f"{LIST}/{unknown.upper()}")
    assert (missing.status_code, missing.content) == (404, client.get(f"{LIST}/{unknown}").content)
