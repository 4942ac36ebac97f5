"""The same events in any order, doubled, in any batches, by file and by a failing feed: the same bytes from the API."""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import minting, transfer
from pipelines.gateway import http_feed
from pipelines.refresh import Refresh
from tests.evidence import Evidence
from tests.support.anvil_fixtures import BSC_USDC, BSC_USDT
from tests.support.api import DASHBOARD
from tests.support.deployment import Deployment
from tests.support.events import FAMILIES, generate_events
from tests.support.feed_server import FAULTS, FeedServer
from warehouse import migrate, sql_models
from warehouse.domain.addresses import canonical_address
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.store.api_keys import create_key
from warehouse.store.connection import open_store

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
MERCHANTS = ("mer_1", "mer_2", "mer_3", "mer_4")
PAYER = "0x" + "51" * 20
# A feed that fails every other time must not be waited for as long as a real one.
QUICK = http_feed.Patience(attempts=12, wait_initial_seconds=0.01, wait_max_seconds=0.05, retry_after_cap_seconds=0.05)

Events = list[dict[str, Any]]


def pay_some(node: Anvil, events: Events, seed: int) -> None:
    """Send money to the live BSC addresses of the events, at times around their sessions'."""
    draw = random.Random(seed)
    created = [
        e for e in events if e["type"] == "address.created" and e["mode"] == "live" and e["data"]["network"] == "BSC"
    ]
    sessions = [e["data"] for e in events if e["type"] == "session.created" and e["mode"] == "live"]
    node.send_and_mine([minting(token, PAYER, 10**30) for token in (BSC_USDT, BSC_USDC)])
    times = sorted(
        draw.sample(sessions, min(60, len(sessions))), key=lambda data: datetime.fromisoformat(data["expires_at"])
    )
    at = datetime.min.replace(tzinfo=UTC)
    for data in times:
        at = max(datetime.fromisoformat(data["expires_at"]).astimezone(UTC).replace(microsecond=0), at)
        receivers = [canonical_address(FAMILIES["BSC"], draw.choice(created)["data"]["address"]) for _ in range(3)]
        sent = [transfer(draw.choice((BSC_USDT, BSC_USDC)), PAYER, to, draw.randrange(1, 10**21)) for to in receivers]
        at = datetime.fromtimestamp(at.timestamp() + 1, UTC)
        node.send_and_mine(sent, at=at)
    node.mine(blocks=20)


def answers(deployment: Deployment) -> dict[str, bytes]:
    """The bytes of every answer of every merchant in both modes, with the time up to which they hold."""
    settings = deployment.settings
    found: dict[str, bytes] = {}
    with open_store(settings) as store:
        keys = {(m, mode): create_key(store, m, mode)[0] for m in MERCHANTS for mode in ("live", "test")}
    with TestClient(create_app(settings, clock=lambda: NOW)) as client:
        for (merchant, mode), key in keys.items():
            for path in _paths(client, key):
                answer = client.get(f"{DASHBOARD}{path}", headers={"X-API-Key": key})
                assert answer.status_code in (200, 403), answer.text
                found[f"{merchant} {mode} {path}"] = answer.headers["X-Data-As-Of"].encode() + b"\n" + answer.content
    return found


def _paths(client: TestClient, key: str) -> Iterator[str]:
    yield from ("/balance/crypto", "/balance/networks", "/overview")
    for noun, key_of in (("sessions", "session_id"), ("addresses", "id")):
        page, has_next = 1, True
        while has_next:
            path = f"/{noun}?page={page}&limit=100"
            yield path
            data = client.get(f"{DASHBOARD}{path}", headers={"X-API-Key": key}).json().get("data")
            if data:
                yield from (f"/{noun}/{item[key_of]}" for item in data[noun][:20])
            has_next = bool(data) and data["pagination"]["has_next"]
            page += 1


@contextmanager
def refreshing(deployment: Deployment) -> Generator[Callable[[], None]]:
    """Passes over one deployment."""
    with Refresh.open(deployment.settings) as refresh:

        def run() -> None:
            report = refresh.run_pass()
            assert report.problems == [], report.problems

        yield run


def by_one_file(folder: Path, events: Events, node: Anvil, _draw: random.Random) -> Deployment:
    deployment = Deployment(folder, has_lake=True, bsc_url=node.url)
    deployment.drop("all.ndjson", events)
    with refreshing(deployment) as run:
        run()
    return deployment


def by_files(folder: Path, events: Events, node: Anvil, draw: random.Random) -> Deployment:
    """Shuffled and doubled, in files of every kind and any size, some of them together, passes in between."""
    deployment = Deployment(folder, has_lake=True, bsc_url=node.url)
    disordered = events + events
    draw.shuffle(disordered)
    with refreshing(deployment) as run:
        for number in range(10_000):
            size = draw.randint(1, max(2, len(events) // 3))
            part, disordered = disordered[:size], disordered[size:]
            deployment.drop(f"{number}{draw.choice(('.ndjson', '.ndjson.gz', '.ndjson.zst'))}", part)
            if not disordered or draw.random() < 0.5:
                run()
            if not disordered:
                break
    return deployment


def by_failing_feed(folder: Path, events: Events, node: Anvil, draw: random.Random) -> Deployment:
    """Shuffled and doubled, over HTTP with 429, 5xx, cut and malformed answers, half of them also as a file."""
    disordered = events + draw.sample(events, len(events) // 2)
    draw.shuffle(disordered)
    with FeedServer(disordered, faults_seed=draw.randrange(1 << 30), page_size=250) as server:
        deployment = Deployment(folder, has_lake=True, bsc_url=node.url, feed_url=server.url)
        deployment.drop("some.ndjson.gz", draw.sample(events, len(events) // 2))
        with refreshing(deployment) as run:
            run()
            run()
        assert server.counts.keys() & set(FAULTS), "the feed never failed, so nothing was shown"
    return deployment


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """The requests that two deployments answer differently."""
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


@pytest.mark.timeout(1800)
def test_any_order_any_batches_any_transport_give_the_same_bytes(
    bsc_node: Anvil, tmp_path: Path, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        http_feed.iter_pages, "__kwdefaults__", {**(http_feed.iter_pages.__kwdefaults__ or {}), "patience": QUICK}
    )
    events = generate_events(evidence.seed, evidence.cases(test=150, evidence=5_000))
    pay_some(bsc_node, events, evidence.seed)
    draw = random.Random(evidence.seed)
    expected = answers(by_one_file(tmp_path / "one", events, bsc_node, draw))
    received = set(re.findall(rb'"total_received":"([0-9.]+)"', b"".join(expected.values())))
    assert len(received - {b"0.00000000"}) >= 2, "hardly any address was paid, so little was shown"
    files = by_files(tmp_path / "files", events, bsc_node, draw)
    assert differing(expected, answers(files)) == []
    assert differing(expected, answers(by_failing_feed(tmp_path / "feed", events, bsc_node, draw))) == []
    with Lake.open(files.settings.paths) as lake:
        migrate.rebuild(lake, files.settings)
        publish(lake)
    assert differing(expected, answers(files)) == []
    with evidence.planted_fault("the last to arrive wins instead of the last to happen"):
        plant_arrival_order(monkeypatch)
        assert differing(expected, answers(by_files(tmp_path / "planted", events, bsc_node, draw))) == []


def plant_arrival_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the session's description the one that was received last."""
    right = "order by creations.occurred_at desc, creations.event_id desc"
    changed = tuple(
        dataclasses.replace(model, sql=model.sql.replace(right, "order by creations.batch_id desc, creations.event_id"))
        if model.name == "intermediate.session_terms"
        else model
        for model in sql_models.models()
    )
    assert changed != sql_models.models()
    monkeypatch.setattr(sql_models, "models", lambda: changed)
