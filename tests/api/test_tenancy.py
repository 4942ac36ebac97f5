"""What belongs to another merchant or mode is as if it did not exist."""

import pytest

from tests.support.api import DASHBOARD, client_for, new_key
from tests.support.marts import address, credits_of_day, marts_from, paid_session, session, timeline, transfer
from warehouse.store.connection import open_store
from warehouse.store.credits import Credit, apply_credits

SAME_HEADERS = ("content-type", "content-length", "x-mode", "x-data-as-of", "cache-control")

FOREIGN = {"merchant": {"merchant_id": "mer_8"}, "mode": {"mode": "test"}}


def rows_of(**columns):
    return {
        "sessions": [paid_session("theirs", **columns)],
        "session_timeline": timeline("theirs", ("session_created", session("x")["created_at"], "Theirs"), **columns),
        "transactions": [transfer(1, session_id="theirs", **columns)],
        "addresses": [address(42, **columns)],
        "daily_credits": [credits_of_day("2026-01-31", received_final=5, received_pending=5, **columns)],
    }


@pytest.mark.parametrize("whose", FOREIGN)
def test_r1_a_foreign_session_answers_the_same_bytes_as_an_unknown_one(open_client, whose):
    client = open_client(**rows_of(**FOREIGN[whose]))
    foreign, unknown = (client.get(f"{DASHBOARD}/sessions/{name}") for name in ("theirs", "nobody"))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    for name in SAME_HEADERS:
        assert foreign.headers[name] == unknown.headers[name]


@pytest.mark.parametrize("whose", FOREIGN)
@pytest.mark.parametrize("path", ["sessions", "sessions?search=theirs", "addresses", "balance/crypto", "transactions"])
def test_rows_of_others_change_no_byte_of_a_list_or_a_sum(open_client, settings, whose, path):
    with open_store(settings) as store:
        apply_credits(
            store, [Credit("mer_8", "live", "BSC", "USDT", 1, 5, 1), Credit("mer_7", "test", "BSC", "USDT", 1, 5, 1)]
        )
    alone = open_client().get(f"{DASHBOARD}/{path}")
    among_others = open_client(**rows_of(**FOREIGN[whose])).get(f"{DASHBOARD}/{path}")
    assert alone.status_code == 200
    assert alone.content == among_others.content


def test_a_session_of_the_same_id_shows_only_its_owners_timeline_and_transfers(settings):
    both = rows_of()
    for name, rows in rows_of(merchant_id="mer_8").items():
        both[name] = [*both[name], *rows]
    with client_for(settings, marts_from(**both), key=new_key(settings)) as client:
        data = client.get(f"{DASHBOARD}/sessions/theirs").json()["data"]
    assert (len(data["timeline"]), len(data["transfers"])) == (1, 1)
