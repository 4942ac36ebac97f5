"""Keys: who gets in, with which headers, and what a key may do."""

import logging
from decimal import Decimal

import pytest

from tests.support.api import DASHBOARD, client_for, new_key
from tests.support.marts import GivenReader, marts_from, session
from warehouse.store.api_keys import list_keys, revoke_key
from warehouse.store.connection import open_store
from warehouse.store.merchants import Merchant, upsert_merchants

SESSIONS = f"{DASHBOARD}/sessions"

# (headers, status) with K the key, L another good key of the same merchant. Lists of pairs: a header may come twice.
HEADERS = [
    ([], 401),
    ([("X-API-Key", "K")], 200),
    ([("x-api-key", "K")], 200),
    ([("X-API-KEY", " K ")], 200),
    ([("Authorization", "Bearer K")], 200),
    ([("authorization", "bearer K")], 200),
    ([("Authorization", "BEARER K")], 200),
    ([("Authorization", "Bearer  K")], 200),
    ([("X-API-Key", "K"), ("Authorization", "Bearer K")], 200),
    ([("X-API-Key", "K"), ("X-API-Key", "K")], 200),
    ([("X-API-Key", ""), ("Authorization", "Bearer K")], 200),
    ([("X-API-Key", "K"), ("Authorization", "")], 200),
    ([("X-API-Key", "K"), ("Authorization", "Bearer L")], 401),
    ([("X-API-Key", "K"), ("X-API-Key", "L")], 401),
    ([("Authorization", "Bearer K"), ("Authorization", "Bearer L")], 401),
    ([("X-API-Key", "K"), ("Authorization", "Bearer nonsense")], 401),
    ([("X-API-Key", "nonsense"), ("Authorization", "Bearer K")], 401),
    ([("X-API-Key", "K"), ("Authorization", "Basic dXNlcjpwYXNz")], 401),
    ([("X-API-Key", "K"), ("Authorization", "Bearer")], 401),
    ([("X-API-Key", "")], 401),
    ([("X-API-Key", "   ")], 401),
    ([("Authorization", "")], 401),
    ([("Authorization", "Bearer")], 401),
    ([("Authorization", "Bearer ")], 401),
    ([("Authorization", "K")], 401),
    ([("Authorization", "Basic K")], 401),
    ([("Authorization", "BearerK")], 401),
    ([("Authorization", "Bearer K extra")], 401),
    ([("X-API-Key", "K, K")], 401),
    ([("X-API-Key", "live_sk_")], 401),
    ([("X-API-Key", "KK")], 401),
    ([("X-Api-Key-Id", "K")], 401),
    ([("Cookie", "X-API-Key=K")], 401),
    ([("X-API-Key", "k" * 9000)], 401),
]


@pytest.mark.parametrize(("headers", "status"), HEADERS)
def test_r1_header_combinations(settings, headers, status):
    texts = str.maketrans({"K": new_key(settings), "L": new_key(settings)})
    sent = [(name, value.translate(texts)) for name, value in headers]
    with client_for(settings, marts_from()) as client:
        answer = client.get(SESSIONS, headers=sent)
    assert answer.status_code == status
    if status == 401:
        assert answer.json() == {
            "success": False,
            "error": {"code": "UNAUTHORIZED", "message": "Invalid or missing API key", "details": {}},
        }
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_r1_a_key_in_the_address_counts_for_nothing(settings):
    with client_for(settings, marts_from()) as client:
        assert client.get(SESSIONS, params={"api_key": new_key(settings)}).status_code == 401


def test_r1_the_keys_row_decides_merchant_and_mode(settings):
    reader = marts_from(sessions=[session("live"), session("test", mode="test"), session("other", merchant_id="mer_8")])
    for mode in ("live", "test"):
        with client_for(settings, reader, key=new_key(settings, mode=mode)) as client:
            answer = client.get(SESSIONS)
        assert [item["session_id"] for item in answer.json()["data"]["sessions"]] == [mode]
        assert answer.headers["X-Mode"] == mode


def test_r1_without_a_key_every_route_is_401_and_with_one_an_unknown_route_is_404(settings):
    paths = ["/", "/nowhere", "/api/v1/dashboard", SESSIONS, f"{SESSIONS}/x", "/api/v2/dashboard/sessions"]
    with client_for(settings, marts_from()) as client:
        assert {client.get(path).status_code for path in paths} == {401}
    with client_for(settings, marts_from(), key=new_key(settings)) as client:
        assert client.get("/nowhere").status_code == 404


def test_r1_probes_and_documents_need_no_key(settings):
    with client_for(settings, marts_from()) as client:
        for path in ("/health", "/ready", "/docs", "/openapi.json"):
            assert client.get(path).status_code == 200


def test_r1_a_suspended_merchants_keys_get_403_everywhere(settings):
    suspended = Merchant("mer_7", "live", "suspended", Decimal("0.01"), Decimal("0.001"), "USDT")
    key, test_key = new_key(settings), new_key(settings, mode="test")
    with open_store(settings) as store:
        upsert_merchants(store, [suspended])
    with client_for(settings, marts_from(), key=key) as client:
        for path in (SESSIONS, f"{SESSIONS}/x", "/nowhere"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
        assert answer.headers["X-Mode"] == "live"
        assert client.get(SESSIONS, headers={"X-API-Key": test_key}).status_code == 200


def test_r2_a_missing_scope_is_403_and_names_it(settings):
    key = new_key(settings, scopes=["webhooks:write"])
    with client_for(settings, marts_from(), key=key) as client:
        answer = client.get(SESSIONS, params={"page": "x"})
    assert answer.status_code == 403
    assert answer.json()["error"]["details"] == {"required_scope": "read"}


def test_r2_a_revoked_key_is_401_at_once(settings):
    key = new_key(settings)
    with client_for(settings, marts_from(), key=key) as client:
        assert client.get(SESSIONS).status_code == 200
        with open_store(settings) as store:
            assert revoke_key(store, list_keys(store)[0].key_id)
        assert client.get(SESSIONS).status_code == 401


def test_r2_a_key_appears_in_no_file_and_no_log(settings, caplog):
    class Broken(GivenReader):
        def snapshot(self):
            raise RuntimeError("broken on purpose")

    key = new_key(settings)
    with caplog.at_level(logging.DEBUG), client_for(settings, Broken(None), key=key) as client:
        assert client.get(SESSIONS).status_code == 500
    assert "broken on purpose" in caplog.text
    secret = key.removeprefix("live_sk_")
    assert secret not in caplog.text
    for path in settings.paths.data_dir.iterdir():
        assert secret.encode() not in path.read_bytes()
