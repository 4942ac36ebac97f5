"""One session in full: its payment, timeline and transfers."""

from datetime import timedelta
from decimal import Decimal

from tests.support.api import DASHBOARD, exact_json, example, keys_of
from tests.support.marts import (
    CREATED,
    DEPOSIT_SHOWN,
    TX_HASH,
    GivenReader,
    head,
    marts_from,
    paid_session,
    session,
    timeline,
    transfer,
)

LIST = f"{DASHBOARD}/sessions"
PAID_AT = CREATED + timedelta(minutes=10, seconds=23)


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
