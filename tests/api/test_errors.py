"""The envelope and the headers of every answer."""

import logging
import re
from typing import cast

import pytest
from fastapi import FastAPI

from api.app import create_app
from tests.support.api import DASHBOARD, client_for, exact_json, new_key, settings_in
from tests.support.marts import DEPOSIT, TX_HASH, GivenReader, GivenSnapshot, marts_from, session
from warehouse.errors import SettingsError

SESSIONS = f"{DASHBOARD}/sessions"
EVERYWHERE = (
    "x-request-id", "x-mode", "x-data-as-of", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset",
)  # fmt: skip


class FailingSnapshot(GivenSnapshot):
    """Attached, but no statement works."""

    def rows(self, sql, parameters, /):  # noqa: ARG002
        raise RuntimeError("select secret from /var/lib/paylake failed")


class FailingReader(GivenReader):
    """Cannot even say what is published."""

    def snapshot(self):
        raise OSError("manifest is gone")


def test_r3_r4_headers_are_on_every_answer_of_every_status(settings):
    key = new_key(settings)
    failing = GivenReader(FailingSnapshot({"sessions": []}))
    with client_for(settings, failing, key=key) as client, client_for(settings, GivenReader(None)) as anonymous:
        answers = {
            "500": client.get(SESSIONS),
            "404": client.get("/nowhere"),
            "400": client.get(SESSIONS, params={"page": "x"}),
            "401": anonymous.get(SESSIONS),
            "200": anonymous.get("/health"),
            "503": anonymous.get("/ready"),
        }
    for status, answer in answers.items():
        assert answer.status_code == int(status)
        for name in EVERYWHERE:
            assert name in answer.headers, (status, name)
        assert re.fullmatch(r"req_[0-9a-f]{32}", answer.headers["x-request-id"])
        assert exact_json(answer)["success"] is (status == "200")
    assert len({answer.headers["x-request-id"] for answer in answers.values()}) == len(answers)


@pytest.mark.parametrize("reader", [GivenReader(FailingSnapshot({"sessions": []})), FailingReader(None)])
def test_r5_a_failure_inside_says_nothing_but_leaves_its_id_in_the_log(settings, caplog, reader):
    with caplog.at_level(logging.ERROR), client_for(settings, reader, key=new_key(settings)) as client:
        answer = client.get(SESSIONS)
    assert answer.status_code == 500
    assert answer.json() == {
        "success": False,
        "error": {"code": "SERVER_ERROR", "message": "Internal server error", "details": {}},
    }
    assert answer.headers["x-request-id"] in caplog.text


def test_broken_counters_are_a_500_with_all_headers(settings):
    with client_for(settings, marts_from(), key=new_key(settings)) as client:
        cast(FastAPI, client.app).state.deployment.rates.close()
        answer = client.get(SESSIONS)
    assert answer.status_code == 500
    assert set(EVERYWHERE) <= set(answer.headers)
    assert answer.headers["x-ratelimit-remaining"] == "0"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"])
def test_r5_a_wrong_method_is_404(open_client, method):
    answer = open_client().request(method, SESSIONS)
    assert answer.status_code == 404
    if method != "HEAD":
        assert answer.json()["error"] == {"code": "NOT_FOUND", "message": "Resource not found", "details": {}}


def test_r5_a_trailing_slash_is_an_unknown_route_and_no_redirect(open_client):
    assert open_client().get(f"{SESSIONS}/", follow_redirects=False).status_code == 404


def test_r3_data_as_of_is_utc_and_empty_before_the_first_publish(settings):
    key = new_key(settings)
    with client_for(settings, marts_from(), key=key) as client:
        assert client.get(SESSIONS).headers["x-data-as-of"] == "2026-01-31T17:30:00Z"
    with client_for(settings, GivenReader(None), key=key) as client:
        for path in ("sessions", "addresses", "balance/crypto", "balance/networks", "transactions", "overview"):
            answer = client.get(f"{DASHBOARD}/{path}")
            assert (answer.status_code, answer.headers["x-data-as-of"]) == (200, "")
        for path in ("sessions/s1", "addresses/1", f"addresses/{DEPOSIT}", f"transactions/{TX_HASH}"):
            assert client.get(f"{DASHBOARD}/{path}").status_code == 404


def test_before_the_first_publish_lists_are_empty_and_ready_is_503(settings):
    with client_for(settings, GivenReader(None), key=new_key(settings)) as client:
        sessions = client.get(SESSIONS).json()["data"]
        assert (sessions["sessions"], sessions["summary"]["total_sessions"]) == ([], 0)
        addresses = client.get(f"{DASHBOARD}/addresses").json()["data"]
        assert addresses["summary"]["total_balance_across_all"] == "0.00000000"
        transactions = client.get(f"{DASHBOARD}/transactions").json()["data"]
        assert (transactions["transactions"], transactions["summary"]["total_volume"]) == ([], "0.00000000")
        ready = client.get("/ready")
        assert (ready.status_code, ready.json()["error"]["details"]) == (503, {"reason": "not_published"})
        assert client.get("/health").json() == {"success": True, "data": {"status": "ok"}}


def test_answers_are_kept_by_no_cache(open_client):
    headers = open_client(sessions=[session("s1")]).get(SESSIONS).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


ORIGIN = "https://dashboard.example"


def test_r3_cors_is_off_unless_configured(open_client):
    assert "access-control-allow-origin" not in open_client().get(SESSIONS, headers={"Origin": ORIGIN}).headers


def test_r3_cors_exposes_the_headers_on_success_and_failure(tmp_path):
    settings = settings_in(tmp_path, API__CORS_ORIGINS=f'["{ORIGIN}"]')
    with client_for(settings, FailingReader(None), key=new_key(settings)) as client:
        failed = client.get(SESSIONS, headers={"Origin": ORIGIN})
        asked = {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "X-API-Key",
        }
        preflight = client.options(SESSIONS, headers=asked)
    assert failed.status_code == 500
    assert failed.headers["access-control-allow-origin"] == ORIGIN
    exposed = failed.headers["access-control-expose-headers"].lower()
    assert all(name in exposed for name in EVERYWHERE)
    assert preflight.status_code == 200
    assert "x-api-key" in preflight.headers["access-control-allow-headers"].lower()
    assert set(EVERYWHERE) <= set(preflight.headers)


@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [
        ("https://elsewhere.example", "GET", "X-API-Key"),
        (ORIGIN, "DELETE", "X-API-Key"),
        (ORIGIN, "GET", "X-Secret"),
    ],
)
def test_r5_a_refused_cors_preflight_is_a_400_in_the_envelope(tmp_path, origin, method, headers):
    settings = settings_in(tmp_path, API__CORS_ORIGINS=f'["{ORIGIN}"]')
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    with client_for(settings, marts_from()) as client:
        answer = client.options(SESSIONS, headers=asked)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.content))
    error = answer.json()["error"]
    assert answer.json() == {"success": False, "error": error}
    assert (error["code"], error["details"]) == ("INVALID_PARAMETER", {})
    assert "elsewhere" not in answer.text
    assert answer.headers.get("access-control-allow-origin") == (ORIGIN if origin == ORIGIN else None)
    assert "origin" in answer.headers["vary"].lower()
    assert set(EVERYWHERE) <= set(answer.headers)


def test_prices_over_http_are_refused_by_name_instead_of_shown_at_par(tmp_path):
    settings = settings_in(tmp_path, PRICES__SOURCE="http", PRICES__URL="http://127.0.0.1:1/")
    with pytest.raises(SettingsError, match=r"prices\.source"):
        create_app(settings, reader=marts_from())
