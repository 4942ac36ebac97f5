"""`/ready`: 200 while there is something to serve, and how each network is, without naming any host."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import client_for, settings_in
from tests.support.marts import HEAD_BLOCK, NOW, GivenReader, GivenSnapshot
from warehouse.manifest import Head
from warehouse.store.connection import open_store
from warehouse.store.network_states import NetworkCheck, record_checks

NODE = '["http://node.example/secret"]'
LIMIT = 120  # head_lag_limit_seconds of the presets


def head(network: str, age_seconds: float, mode: str = "live") -> Head:
    return Head(mode, network, HEAD_BLOCK, NOW - timedelta(seconds=age_seconds), HEAD_BLOCK - 5, 15)


def check(network: str, age_seconds: float = 1, code: str | None = None, mode: str = "live") -> NetworkCheck:
    sentence = f"{network}: the node http://node.example cannot be reached" if code else None
    return NetworkCheck(mode, network, NOW - timedelta(seconds=age_seconds), code, sentence)


@pytest.fixture
def ready(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """The data of /ready for these active networks, published heads and checks of sync."""

    def asked(active: str, heads: list[Head], checks: list[NetworkCheck]) -> dict[str, Any]:
        overrides = {f"NETWORKS__LIVE__{name}__RPC_URLS": NODE for name in active.split()}
        settings = settings_in(tmp_path, **overrides)
        with open_store(settings) as store:
            record_checks(store, checks)
        with client_for(settings, GivenReader(GivenSnapshot({}, heads=heads))) as client:
            answer = client.get("/ready")
        assert answer.status_code == 200
        assert "node.example" not in answer.text
        return answer.json()["data"]

    return asked


def states(data: dict[str, Any]) -> dict[str, str]:
    return {f"{item['mode']}/{item['network']}": item["state"] for item in data["networks"]}


def test_without_networks_it_is_ready_and_names_the_snapshot(ready):
    assert ready("", [], []) == {
        "status": "ready",
        "snapshot_version": 7,
        "data_as_of": {"live": "2026-01-31T17:30:00Z", "test": "2026-01-31T17:30:00Z"},
        "networks": [],
    }


def test_a_network_that_is_read_is_ok(ready):
    data = ready("BSC", [head("BSC", 12)], [check("BSC")])
    assert data["status"] == "ready"
    assert data["networks"] == [
        {
            "mode": "live",
            "network": "BSC",
            "state": "ok",
            "head_block": HEAD_BLOCK,
            "head_time": "2026-01-31T17:29:48Z",
            "lag_seconds": 12,
            "problem_code": None,
            "since": None,
        }
    ]


def test_a_network_that_is_down_degrades_by_code_and_time_and_the_others_stay_ok(ready):
    data = ready("ETH BSC", [head("BSC", 12), head("ETH", 9000)], [check("ETH", 30, "CHAIN_UNAVAILABLE"), check("BSC")])
    assert data["status"] == "degraded"
    assert states(data) == {"live/BSC": "ok", "live/ETH": "down"}
    eth = data["networks"][1]
    assert (eth["problem_code"], eth["since"], eth["lag_seconds"]) == (
        "CHAIN_UNAVAILABLE",
        "2026-01-31T17:29:30Z",
        9000,
    )


@pytest.mark.parametrize(("age_seconds", "state"), [(LIMIT, "ok"), (LIMIT + 1, "lagging"), (-5, "ok")])
def test_a_head_older_than_its_limit_lags(ready, age_seconds, state):
    assert states(ready("BSC", [head("BSC", age_seconds)], [check("BSC")])) == {"live/BSC": state}


@pytest.mark.parametrize("checks", [[], [check("BSC", LIMIT + 62)]], ids=["never", "long ago"])
def test_a_network_that_nobody_reads_lags_however_new_its_head(ready, checks):
    assert states(ready("BSC", [head("BSC", 0)], checks)) == {"live/BSC": "lagging"}


def test_an_active_network_without_a_head_waits_or_is_down(ready):
    data = ready("BSC ETH", [], [check("ETH", 1, "WRONG_CHAIN")])
    assert states(data) == {"live/BSC": "waiting", "live/ETH": "down"}
    assert (data["status"], data["networks"][0]["lag_seconds"]) == ("degraded", None)


def test_a_published_network_is_shown_though_this_process_knows_no_node_of_it(ready):
    data = ready("", [head("BSC", 1, "test"), head("GONE", 1)], [check("BSC", mode="test")])
    assert states(data) == {"test/BSC": "ok"}


def test_the_state_of_a_network_that_left_the_settings_counts_no_more(ready):
    assert ready("BSC", [head("BSC", 1)], [check("BSC"), check("ETH", 1, "WRONG_CHAIN")])["status"] == "ready"
