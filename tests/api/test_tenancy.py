"""What belongs to another merchant or mode is as if it did not exist."""

import json
import re
from collections import defaultdict

import pytest

from api.openapi import document_text
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
from warehouse.domain.addresses import shown_address
from warehouse.domain.networks import Family
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


TENANTS = [("mer_7", "live"), ("mer_8", "live"), ("mer_7", "test"), ("mer_8", "test")]
NOBODYS = len(TENANTS)

# Each route, and each query parameter, that takes the name of something: `{}` stands for the name.
DETAILS = {
    "/sessions/{session_id}": ("session_id",),
    "/addresses/{address_id}": ("address_id", "address", "address_shown"),
    "/transactions/{tx_hash}": ("tx_hash",),
    "/transactions/{tx_hash}?network=BSC": ("tx_hash",),
    "/sessions?search={}": ("session_id", "half_session_id", "reference", "email", "name", "address", "tx_hash"),
}
# What names nothing: rows of others must not change it.
LISTS = (
    "/sessions", "/sessions?search=theirs", "/addresses", "/balance/crypto", "/balance/networks", "/transactions",
    "/overview",
)  # fmt: skip


def names_of(number):
    """What one tenant's things are called."""
    session_id = f"{number}0000000-0000-4000-8000-000000000000"
    deposit = f"0x{number + 1:040x}"
    return {
        "session_id": session_id,
        "half_session_id": session_id[:9],
        "reference": f"ORDER-{number}-",
        "email": f"payer{number}@example.com",
        "name": f"Payer {number} ",
        "address_id": 40 + number,
        "address": deposit,
        "address_shown": shown_address(Family.EVM, deposit),
        "tx_hash": f"0x{number + 1:064x}",
    }


def four_tenants():
    """One session, address and transfer each of two merchants in two modes."""
    rows = defaultdict(list)
    for number, (merchant_id, mode) in enumerate(TENANTS):
        names, whose = names_of(number), {"merchant_id": merchant_id, "mode": mode}
        held = {"deposit_address": names["address"], "tx_hash": names["tx_hash"]}
        customer = {"reference": names["reference"], "customer_email": names["email"], "customer_name": names["name"]}
        listed = {"tx_hashes": [names["tx_hash"]], "deposit_address_id": names["address_id"]}
        rows["sessions"].append(paid_session(names["session_id"], **held, **customer, **listed, **whose))
        moved = {"session_id": names["session_id"], "reference": names["reference"], "to_address": names["address"]}
        rows["transactions"].append(transfer(number, **held, **moved, **whose))
        named = {"address": names["address"], "session_ids": [names["session_id"]]}
        rows["addresses"].append(address(names["address_id"], **named, **_MOVED, **whose))
    return rows


def test_every_route_of_the_document_is_in_the_matrix():
    paths = {path.removeprefix(DASHBOARD) for path in json.loads(document_text())["paths"] if path.startswith("/api")}
    assert {path.split("?")[0] for path in (*DETAILS, *LISTS)} == paths


@pytest.mark.parametrize("asking", range(len(TENANTS)), ids=lambda number: "-".join(TENANTS[number]))
def test_r1_what_is_foreign_answers_the_same_bytes_as_what_is_unknown(settings, asking):
    merchant_id, mode = TENANTS[asking]
    with client_for(settings, marts_from(**four_tenants()), key=new_key(settings, merchant_id, mode)) as client:
        for path, kind in ((path, kind) for path, kinds in DETAILS.items() for kind in kinds):
            route = re.sub(r"\{\w*\}", "{}", path)
            answers = [client.get(DASHBOARD + route.format(names_of(number)[kind])) for number in range(NOBODYS + 1)]
            seen = [(got.status_code, got.content, [got.headers[name] for name in SAME_HEADERS]) for got in answers]
            assert seen[asking][0] == 200, (path, kind)
            assert seen[NOBODYS][0] == (200 if "search" in path else 404)
            for number in range(len(TENANTS)):
                assert (seen[number] == seen[NOBODYS]) is (number != asking), (path, kind, number)


@pytest.mark.parametrize("whose", FOREIGN)
@pytest.mark.parametrize("path", LISTS)
def test_rows_of_others_change_no_byte_of_a_list_or_a_sum(open_client, settings, whose, path):
    with open_store(settings) as store:
        apply_credits(
            store, [Credit("mer_8", "live", "BSC", "USDT", 1, 5, 1), Credit("mer_7", "test", "BSC", "USDT", 1, 5, 1)]
        )
    alone = open_client().get(f"{DASHBOARD}{path}")
    among_others = open_client(**rows_of(**FOREIGN[whose])).get(f"{DASHBOARD}{path}")
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
