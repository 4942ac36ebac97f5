"""Parameters: what is refused, and that a refusal names the parameter and repeats nothing."""

import pytest
from starlette.testclient import TestClient

from tests.support.api import DASHBOARD, client_for, new_key, settings_in
from tests.support.marts import address, marts_from, session, transfer
from warehouse.settings import load_settings

SESSIONS, ADDRESSES = f"{DASHBOARD}/sessions", f"{DASHBOARD}/addresses"
TRANSACTIONS = f"{DASHBOARD}/transactions"
LISTS = (SESSIONS, ADDRESSES, TRANSACTIONS)
NETWORKS = ["BSC", "ETH", "POL", "TRX", "SOL"]
PAGE_MAX = 2**53 - 1

NOT_A_NUMBER = [
    "0", "-1", "-0", "+1", "1.0", "1.5", "1e3", "1_0", "0x10", " 1", "1 ", "1\n", "\t1", "one", "NaN", "Infinity",
    "-Infinity", "true", "null", "[]", "1,2", "1;2", "\u0661", "\u0967", "\uff11", "\u00b2", "\u2460", "1\x00",
    "9" * 5000, "1' or '1'='1", "../1", "%31", "\U0001f600",
]  # fmt: skip

NOT_AN_AMOUNT = [
    "-1", "-0", "+1", " 1", "1 ", "1\n", "1e3", "1E+5", "1e-8", ".5", "5.", "1.", "1..0", "1.2.3", "0.123456789",
    "1.000000000", "1,5", "1_0", "0x10", "NaN", "nan", "sNaN", "Infinity", "-Infinity", "inf", "null", "true", "one",
    "1 USDT", "$1", "\u0661", "\uff11", "\u00bd", "1\u00a0000", "1\x00", "9" * 21, "9" * 5000, "1' or '1'='1",
]  # fmt: skip

NOT_A_DATE = [
    "today", "0", "0.5", "20260130", "2026", "2026-01", "2026-1-30", "2026-01-1", "2026-13-01", "2026-00-10",
    "2026-02-29", "2026-01-32", "0000-01-01", "-2026-01-30", "+2026-01-30", "12026-01-30", "2026/01/30",
    "30-01-2026", "2026-W05-5", "2026-030", "2026-01-30T", "2026-01-30T18", "2026-01-30T24:00:00",
    "2026-01-30T18:60:00", "2026-01-30T18:00:60", "2026-01-30T18:00:00.", "2026-01-30T18:00:00.1234567",
    "2026-01-30T18:00:00,5", "2026-01-30 18:00:00", "2026-01-30T18:00:00z", "2026-01-30t18:00:00Z",
    "2026-01-30T18:00:00 Z", "2026-01-30T18:00:00+2", "2026-01-30T18:00:00+0200", "2026-01-30T18:00:00+24:00",
    "2026-01-30T18:00:00+02:60", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "2026-01-30Z",
    " 2026-01-30", "2026-01-30 ", "2026-01-30\n", "\u0662\u0660\u0662\u0666-01-30", "2026\u201301\u201330",
    "infinity", "-infinity", "epoch", "now()", "2026-01-30'; select 1", "2026-01-30\x00", "null", "1769796000",
    "x" * 3000,
]  # fmt: skip

NOT_A_WORD = [
    "x", "*", "alle", "all ", " all", "paid,failed", "PAİD", "p\u0430id", "null", "0", "true", "'", "\x00",
    "a" * 3000,
]  # fmt: skip

NOT_A_BOOLEAN = ["1", "0", "yes", "no", "on", "t", "f", "True ", "tru", "null", "\uff54rue"]

NOT_A_SORT_FIELD = [
    "x", "created_at desc", "created_at;", "amount,paid_at", "1", "(select 1)", "merchant_id", "s.amount",
    "\u017fession",
]  # fmt: skip

BAD = [
    *((path, name, text) for path in LISTS for name in ("page", "limit") for text in NOT_A_NUMBER),
    *((path, "limit", text) for path in LISTS for text in ("101", "1000", "18446744073709551616")),
    *((path, "page", str(number)) for path in LISTS for number in (PAGE_MAX + 1, 2**63, 2**64)),
    *(
        (path, name, text)
        for path in (SESSIONS, TRANSACTIONS)
        for name in ("start_date", "end_date")
        for text in NOT_A_DATE
    ),
    *((SESSIONS, name, text) for name in ("status", "network", "currency", "sort_order") for text in NOT_A_WORD),
    *((ADDRESSES, name, text) for name in ("status", "network", "sweep_status") for text in NOT_A_WORD),
    *((TRANSACTIONS, name, text) for name in ("type", "network", "currency") for text in NOT_A_WORD),
    *((TRANSACTIONS, name, text) for name in ("min_amount", "max_amount") for text in NOT_AN_AMOUNT),
    *((path, "sort_by", text) for path in (SESSIONS, ADDRESSES) for text in NOT_A_SORT_FIELD),
    *((ADDRESSES, "has_balance", text) for text in NOT_A_BOOLEAN),
    (SESSIONS, "search", "x" * 513),
]  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    settings = settings_in(tmp_path_factory.mktemp("api"), API__RATE_LIMITS__STANDARD_PER_MINUTE="100000")
    with client_for(settings, marts_from(sessions=[session("s1")]), key=new_key(settings)) as opened:
        yield opened


def refused(client: TestClient, path: str, **params) -> dict:
    answer = client.get(path, params=params)
    assert answer.status_code == 400
    body = answer.json()
    assert body["success"] is False
    assert body["error"]["code"] == "INVALID_PARAMETER"
    return body["error"]["details"]


def test_the_corpus_is_large_enough():
    assert len(BAD) >= 150


@pytest.mark.parametrize("parameter", sorted({name for _, name, _ in BAD}))
def test_r8_r9_r10_every_bad_value_is_a_400_that_names_the_parameter_and_repeats_nothing(client, parameter):
    for path, name, text in BAD:
        if name == parameter:
            answer = client.get(path, params={name: text})
            assert answer.status_code == 400, (path, name, text[:50])
            error = answer.json()["error"]
            assert (error["code"], error["details"]["parameter"]) == ("INVALID_PARAMETER", name)
            if len(text) > 5 and text not in ("created_at desc", "created_at;"):
                assert text.encode() not in answer.content


def test_r8_the_specifications_example_of_an_error(client):
    answer = client.get(SESSIONS, params={"network": "DOGE"})
    assert answer.status_code == 400
    assert answer.json() == {
        "success": False,
        "error": {
            "code": "INVALID_PARAMETER",
            "message": "Invalid network specified",
            "details": {"parameter": "network", "allowed_values": NETWORKS},
        },
    }


def test_r9_details_of_a_number_are_its_limits(client):
    assert refused(client, SESSIONS, limit="101") == {"parameter": "limit", "minimum": 1, "maximum": 100}
    assert refused(client, ADDRESSES, page="0") == {"parameter": "page", "minimum": 1, "maximum": PAGE_MAX}


@pytest.mark.parametrize("path", LISTS)
def test_r9_every_list_has_six_pagination_keys_and_an_empty_page_past_the_end(open_client, path):
    rows = {"sessions": [session("s1")], "addresses": [address(1)], "transactions": [transfer(1)]}
    data = open_client(**rows).get(path, params={"page": 3, "limit": 1}).json()["data"]
    assert data[path.rpartition("/")[2]] == []
    assert data["pagination"] == {
        "current_page": 3, "total_pages": 1, "total_items": 1, "items_per_page": 1, "has_next": False, "has_prev": True,
    }  # fmt: skip


def test_r10_a_start_after_the_end_is_refused(client):
    dates = {"start_date": "2026-01-31", "end_date": "2026-01-30"}
    exact = {"start_date": "2026-01-30T00:00:00.000001Z", "end_date": "2026-01-30T00:00:00Z"}
    for path in (SESSIONS, TRANSACTIONS):
        assert refused(client, path, **dates)["parameter"] == "start_date"
        assert refused(client, path, **exact)["parameter"] == "start_date"


@pytest.mark.parametrize(("least", "most"), [("2", "1"), ("10", "9"), ("0.00000002", "0.00000001")])
def test_r8_a_minimum_above_the_maximum_is_refused(client, least, most):
    assert refused(client, TRANSACTIONS, min_amount=least, max_amount=most) == {"parameter": "min_amount"}


def test_r12_details_of_an_amount_say_how_it_is_written(client):
    details = refused(client, TRANSACTIONS, min_amount="1E+5")
    assert details == {"parameter": "min_amount", "format": "at most 20 digits and 8 decimals"}


def test_a_parameter_given_twice_is_refused(client):
    assert refused(client, SESSIONS, status=["paid", "failed"])["parameter"] == "status"


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-30", "2026-01-30T18:00", "2026-01-30T18:00:00", "2026-01-30T18:00:00Z", "2026-01-30T18:00:00.5Z",
        "2026-01-30T18:00:00.123456+05:30", "2026-01-30T18:00:00-11:00", "2024-02-29", "0001-01-01", "9999-12-31",
    ],
)  # fmt: skip
def test_r10_iso_dates_are_accepted(client, text):
    for name in ("start_date", "end_date"):
        assert client.get(SESSIONS, params={name: text}).status_code == 200


def test_r9_leading_zeros_are_still_digits(client):
    answer = client.get(SESSIONS, params={"page": "0001", "limit": "0000000000000000000000100"})
    assert answer.json()["data"]["pagination"]["items_per_page"] == 100


def test_malformed_percent_codes_never_fail(client):
    for query in (
        "search=%ff%fe",
        "search=%00",
        "status=%",
        "page=%zz",
        "%ff=%ff",
        "search=%ED%A0%80",
        "=",
        "&&&",
        "a" * 5000,
    ):
        assert client.get(f"{SESSIONS}?{query}").status_code in (200, 400)
    for path in ("%ff", "%00", "%ED%A0%80", "%2e%2e%2f", "x" * 5000, "a%20b"):
        assert client.get(f"{SESSIONS}/{path}").status_code == 404


def test_a_network_added_in_the_settings_is_a_filter_after_the_known_ones(tmp_path):
    file = tmp_path / "paylake.toml"
    network = "chain_id = 8453\nfamily = 'evm'\nnative_coin = 'ETH'\nrequired_confirmations = 10\nfinality_depth = 20\n"
    file.write_text(f"[warehouse]\ndata_dir = '{tmp_path}'\n[networks.live.BASE]\n{network}")
    settings = load_settings(file, {})
    reader = marts_from(sessions=[session("s1", network="BASE"), session("s2")])
    with client_for(settings, reader, key=new_key(settings)) as client:
        found = client.get(SESSIONS, params={"network": "base"}).json()["data"]["sessions"]
        details = client.get(SESSIONS, params={"network": "x"}).json()["error"]["details"]
    assert details["allowed_values"] == [*NETWORKS, "BASE"]
    assert [item["session_id"] for item in found] == ["s1"]
