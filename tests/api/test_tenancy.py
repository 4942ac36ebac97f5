"""What belongs to another merchant or mode is as if it did not exist."""

import pytest

from tests.support.api import DASHBOARD, client_for, new_key
from tests.support.marts import (
    CREATED,
    DEPOSIT_SHOWN,
    TX_HASH,
    address,
    balance_of,
    credits_of_day,
    hot_wallet,
    marts_from,
    paid_session,
    session,
    timeline,
    transfer,
)
from warehouse.store.connection import open_store
from warehouse.store.credits import Credit, apply_credits

SAME_HEADERS = ("content-type", "content-length", "x-mode", "x-data-as-of", "cache-control")

_MOVED = {"first_transfer_at": transfer(1)["block_time"], "last_transfer_at": transfer(1)["block_time"]}
_SESSION_TIMES = {"first_session_at": CREATED, "last_session_at": CREATED}

FOREIGN = {"merchant": {"merchant_id": "mer_8"}, "mode": {"mode": "test"}}


def rows_of(**columns):
    return {
        "sessions": [paid_session("theirs", **columns)],
        "session_timeline": timeline("theirs", ("session_created", session("x")["created_at"], "Theirs"), **columns),
        "transactions": [transfer(1, session_id="theirs", **columns), transfer(2, type="sweep", **columns)],
        "addresses": [address(42, sweep_status="pending", final_balance=5, **columns)],
        "balances": [balance_of("BSC", "USDT", received_pending=5, **columns)],
        "daily_credits": [credits_of_day("2026-01-31", received_final=5, received_pending=5, **columns)],
    }


# What others have, and what nobody has.
NAMES = {
    "sessions": ("theirs", "nobody"),
    "addresses": ("42", "43"),
    "addresses by themselves": (DEPOSIT_SHOWN, "0x" + "77" * 20),
    "transactions": (TX_HASH, "0x" + "77" * 32),
}


@pytest.mark.parametrize("whose", FOREIGN)
@pytest.mark.parametrize("what", NAMES)
def test_r1_what_is_foreign_answers_the_same_bytes_as_what_is_unknown(open_client, whose, what):
    client = open_client(**rows_of(**FOREIGN[whose]))
    foreign, unknown = (client.get(f"{DASHBOARD}/{what.split()[0]}/{name}") for name in NAMES[what])
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    for name in SAME_HEADERS:
        assert foreign.headers[name] == unknown.headers[name]


@pytest.mark.parametrize("whose", FOREIGN)
@pytest.mark.parametrize(
    "path",
    [
        "sessions",
        "sessions?search=theirs",
        "addresses",
        "balance/crypto",
        "balance/networks",
        "transactions",
        "overview",
    ],
)
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


def test_details_of_what_others_have_too_show_only_the_owners_rows(settings):
    own = rows_of() | {"addresses": [address(42, session_ids=["theirs"], **_SESSION_TIMES, **_MOVED)]}
    both = {name: [*rows, *rows_of(merchant_id="mer_8")[name]] for name, rows in own.items()}
    with client_for(settings, marts_from(**both), key=new_key(settings)) as client:
        detail = client.get(f"{DASHBOARD}/addresses/{DEPOSIT_SHOWN}").json()["data"]
        transaction = client.get(f"{DASHBOARD}/transactions/{TX_HASH}").json()["data"]
    assert [len(detail[name]) for name in ("sessions", "blockchain_transactions", "sweep_history")] == [1, 2, 1]
    assert len(transaction["transfers"]) == 2


def test_a_hot_wallet_of_the_other_mode_is_not_shown(open_client):
    wallets = [hot_wallet("BSC", DEPOSIT_SHOWN.lower(), mode="test")]
    networks = open_client(addresses=[address(1)], hot_wallets=wallets).get(f"{DASHBOARD}/balance/networks")
    assert networks.json()["data"]["networks"][0]["hot_wallet"] is None
