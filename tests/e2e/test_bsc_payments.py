"""200 sessions paid on a real node in every way: the API's figures are those of the node's own logs.

The expectations are worked out here from the rulings over what the node says, with no code of the pipeline.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from typing import Any
from uuid import UUID

import httpx
import pytest

from pipelines.demo.anvil import Anvil
from tests.evidence import Evidence
from tests.support.anvil_fixtures import BSC_GENESIS, BSC_USDC, BSC_USDT
from tests.support.bsc_traffic import HOT_WALLET, Kind, Traffic, pay_sessions
from tests.support.deployment import Deployment, all_items
from tests.support.node_oracle import OracleTransfer, all_transfers, node_says
from warehouse.domain.addresses import shown_address
from warehouse.domain.networks import Family

SESSIONS = 200
MERCHANTS = ("mer_1", "mer_2", "mer_3")
CONFIRMATIONS = 15
TOKENS = {"USDT": BSC_USDT, "USDC": BSC_USDC}
START = BSC_GENESIS + timedelta(days=9)


def scripted_sessions(seed: int) -> list[dict[str, Any]]:
    """Sessions of three merchants, each with an address of its own, a few minutes apart."""
    draw = random.Random(seed)
    sessions = []
    for number in range(1, SESSIONS + 1):
        created_at = START + timedelta(minutes=7 * number, microseconds=draw.randrange(1_000_000))
        amount = Decimal(draw.randrange(1, 10**12)).scaleb(-draw.choice((0, 2, 6, 8))) % 100_000 + Decimal("0.01")
        session = {"session_id": str(UUID(int=draw.getrandbits(128), version=4)), "number": number}
        session |= {"merchant": draw.choice(MERCHANTS), "deposit_address": f"0x{draw.getrandbits(160):040x}"}
        session |= {"amount": f"{amount:f}", "currency": draw.choice(list(TOKENS))}
        sessions.append(session | {"created_at": created_at, "expires_at": created_at + timedelta(minutes=15)})
    return sessions


def gateway_events(sessions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the gateway reports of these sessions."""
    events = [_event("hot_wallet.registered", START, None, {"network": "BSC", "address": HOT_WALLET})]
    for session in sessions:
        number, created_at = session["number"], session["created_at"]
        place = {"network": "BSC", "currency": session["currency"]}
        created = {"address_id": number, "address": shown_address(Family.EVM, session["deposit_address"]), **place}
        events.append(_event("address.created", created_at, session["merchant"], created))
        described = {
            "session_id": session["session_id"], "reference": f"ORDER-{number}", "amount": session["amount"], **place,
            "customer": {"email": f"payer{number}@example.com", "name": None}, "description": None,
            "callback_url": None, "metadata": {"order": number}, "payment_url": None,
            "expires_at": session["expires_at"].isoformat(),
        }  # fmt: skip
        events.append(_event("session.created", created_at, session["merchant"], described))
        assigned = {"session_id": session["session_id"], "address_id": number}
        events.append(_event("session.address_assigned", created_at, session["merchant"], assigned))
    return events


def _event(kind: str, at: datetime, merchant: str | None, data: dict[str, Any]) -> dict[str, Any]:
    name = f"{kind}-{data.get('session_id', '')}-{data.get('address_id', '')}"
    return {
        "event_id": name,
        "type": kind,
        "occurred_at": at.isoformat(),
        "merchant_id": merchant,
        "mode": "live",
        "data": data,
    }


class Expected:
    """What the rulings make of the node's transfers."""

    def __init__(self, sessions: list[dict[str, Any]], transfers: list[OracleTransfer], final_block: int) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.credited: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        with localcontext(prec=60):
            for session in sessions:
                self._judge(session, transfers, final_block)

    def _judge(self, session: dict[str, Any], transfers: list[OracleTransfer], final_block: int) -> None:
        token = TOKENS[session["currency"]]
        to_it = [
            t for t in transfers if t.receiver == session["deposit_address"] and t.block <= final_block and t.amount
        ]
        matched = [t for t in to_it if t.token == token]
        asked = int(Decimal(session["amount"]).scaleb(18))
        on_time = [t for t in matched if t.time <= session["expires_at"]]
        assert all(final_block - t.block + 1 >= CONFIRMATIONS for t in matched)
        total, reaching = 0, None
        for transfer in on_time:
            total += transfer.amount
            reaching = reaching or (transfer if total >= asked else None)
        status = "paid" if total >= asked else "failed" if total else "expired"
        late = len(matched) > len(on_time)
        exception = "late" if late else "underpaid" if status == "failed" else "overpaid" if total > asked else None
        exception = exception or ("multiple" if len(matched) > 1 else None)
        paid = sum(t.amount for t in matched)
        self.sessions[session["session_id"]] = {
            "status": status,
            "exception": exception,
            "paid_amount": Decimal(paid).scaleb(-18) if matched else None,
            "paid_at": f"{reaching.time:%Y-%m-%dT%H:%M:%SZ}" if status == "paid" and reaching else None,
            "blockchain_tx_hash": (reaching or matched[-1]).tx_hash if matched else None,
        }
        for transfer in matched:
            amount = Decimal(transfer.amount).scaleb(-18)
            fee = (amount * Decimal("0.01")).quantize(Decimal("1e-8"), ROUND_HALF_UP)
            self.credited[session["merchant"], session["currency"]] += amount - fee


@pytest.fixture(scope="module")
def paid_world(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The scripted run, once: a node with its traffic, a deployment synced from it by the command."""
    from tests.support.anvil_fixtures import start_bsc

    node = start_bsc()
    sessions = scripted_sessions(seed=200)
    traffic = pay_sessions(node, sessions, seed=200)
    # Confirm the last payments, and let the head pass the last expiry.
    node.mine(at=sessions[-1]["expires_at"] + timedelta(hours=3), blocks=CONFIRMATIONS + 4)
    deployment = Deployment(tmp_path_factory.mktemp("paid"), bsc_url=node.url)
    events = gateway_events(sessions)
    deployment.drop("events.ndjson.zst", events[: len(events) // 2])
    deployment.drop("more.ndjson", events[len(events) // 2 :])
    synced = deployment.command("sync", "--until-idle")
    assert synced.returncode == 0, synced.stderr
    yield node, deployment, sessions, traffic
    node.stop()


def differences(node: Anvil, sessions: list[dict[str, Any]], shown: dict[str, dict[str, Any]]) -> list[str]:
    """Where the API's sessions differ from the node's own logs."""
    final = int(node_says(node.url, "eth_getBlockByNumber", "finalized", False)["number"], 16)
    expected = Expected(sessions, all_transfers(node.url), final)
    found = [f"{missing} is missing" for missing in expected.sessions.keys() - shown.keys()]
    for session_id, facts in expected.sessions.items():
        item = shown.get(session_id, {})
        for key, value in facts.items():
            actual = (
                Decimal(str(item.get(key))) if key == "paid_amount" and item.get(key) is not None else item.get(key)
            )
            wanted = value.quantize(Decimal("1e-8"), ROUND_FLOOR) if isinstance(value, Decimal) else value
            if actual != wanted:
                found.append(f"{session_id} {key}: shown {actual}, the node says {wanted}")
    return found


@contextmanager
def serving(deployment: Deployment) -> Generator[dict[str, httpx.Client]]:
    """Every merchant's client of one real server."""
    with deployment.serve() as url, ExitStack() as stack:
        keys = {merchant: {"X-API-Key": deployment.key(merchant)} for merchant in MERCHANTS}
        yield {name: stack.enter_context(httpx.Client(base_url=url, headers=key)) for name, key in keys.items()}


@pytest.fixture(scope="module")
def clients(paid_world: Any) -> Generator[dict[str, httpx.Client]]:
    """Of a server that shows what the scripted run left."""
    with serving(paid_world[1]) as clients:
        yield clients


@pytest.fixture(scope="module")
def shown(clients: dict[str, httpx.Client]) -> dict[str, dict[str, Any]]:
    """Every merchant's sessions, before anything else is done."""
    return sessions_of(clients)


def sessions_of(clients: dict[str, httpx.Client]) -> dict[str, dict[str, Any]]:
    lists = (all_items(client, "/sessions", "sessions") for client in clients.values())
    return {item["session_id"]: item for items in lists for item in items}


def sessions_now(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """The same from a server that starts now."""
    with serving(deployment) as clients:
        return sessions_of(clients)


def test_sessions_are_what_the_nodes_own_logs_say(
    paid_world: Any, shown: dict[str, dict[str, Any]], evidence: Evidence
) -> None:
    node, _, sessions, traffic = paid_world
    evidence.cases(test=SESSIONS, evidence=SESSIONS)
    kinds = {payment.kind for payment in traffic.payments.values()}
    assert kinds == set(Kind)
    assert differences(node, sessions, shown) == []
    with evidence.planted_fault("one session's status is flipped"):
        victim = next(item for item in shown.values() if item["status"] == "paid")
        assert differences(node, sessions, shown | {victim["session_id"]: victim | {"status": "expired"}}) == []
    with evidence.planted_fault("the smallest shown unit of one amount is lost"):
        victim = next(item for item in shown.values() if item["status"] == "paid")
        less = Decimal(str(victim["paid_amount"])) - Decimal("1e-8")
        assert differences(node, sessions, shown | {victim["session_id"]: victim | {"paid_amount": less}}) == []


def test_balances_are_the_floor_of_the_exact_sum_of_the_nodes_own_logs(
    paid_world: Any, clients: dict[str, httpx.Client]
) -> None:
    node, _, sessions, _ = paid_world
    final = int(node_says(node.url, "eth_getBlockByNumber", "finalized", False)["number"], 16)
    expected = Expected(sessions, all_transfers(node.url), final)
    for merchant, client in clients.items():
        balance = client.get("/balance/crypto").json()["data"]
        amounts = {row["currency"]: row["amount"] for row in balance["available_balance"]["breakdown"]}
        for currency in TOKENS:
            exact = expected.credited[merchant, currency]
            assert amounts[currency] == f"{exact.quantize(Decimal('1e-8'), ROUND_FLOOR):f}"
        assert balance["pending_balance"]["amount"] == "0.00000000"


def test_forged_tokens_and_zero_values_count_nowhere(paid_world: Any, shown: dict[str, dict[str, Any]]) -> None:
    _, _, _, traffic = paid_world
    for payment in traffic.payments.values():
        if payment.kind in (Kind.FAKE_TOKEN, Kind.ZERO_VALUE, Kind.NOTHING):
            assert shown[payment.session_id]["paid_amount"] is None
            assert shown[payment.session_id]["status"] == "expired"


def test_addresses_show_what_came_and_what_was_swept(paid_world: Any, clients: dict[str, httpx.Client]) -> None:
    _, _, sessions, traffic = paid_world
    merchant_of = {session["session_id"]: session["merchant"] for session in sessions}
    listed = {item["address"].lower(): item for item in all_items(clients["mer_1"], "/addresses", "addresses")}
    mine = [s for s in sessions if s["merchant"] == "mer_1"]
    assert len(listed) == len(mine)
    for session in mine:
        payment = traffic.payments[session["session_id"]]
        assert merchant_of[session["session_id"]] == "mer_1"
        swept = sum(sweep.amount for sweep in payment.sweeps)
        balance = listed[session["deposit_address"]]["balance"]
        assert balance["total_received"] == _shown(payment.paid)
        assert balance["total_swept"] == _shown(swept)
        assert balance["current"] == _shown(payment.paid - swept)


def test_details_agree_with_lists_and_with_what_was_sent(paid_world: Any, clients: dict[str, httpx.Client]) -> None:
    _, _, sessions, traffic = paid_world
    client = clients["mer_1"]
    listed = {item["address"].lower(): item for item in all_items(client, "/addresses", "addresses")}
    (bsc,) = client.get("/balance/networks").json()["data"]["networks"]
    crypto = client.get("/balance/crypto").json()["data"]
    overview = client.get("/overview").json()["data"]
    for session in [s for s in sessions if s["merchant"] == "mer_1"]:
        payment = traffic.payments[session["session_id"]]
        detail = client.get(f"/addresses/{session['deposit_address']}").json()["data"]
        assert detail["id"] == listed[session["deposit_address"]]["id"]
        assert [item["session_id"] for item in detail["sessions"]] == [session["session_id"]]
        assert [item["amount"] for item in detail["sweep_history"]] == [_shown(s.amount) for s in payment.sweeps][::-1]
        for item in detail["blockchain_transactions"]:
            found = client.get(f"/transactions/{item['tx_hash'].upper()}").json()["data"]
            assert (found["amount"], found["addresses"]["from"]) == (item["amount"], item["from"])
            related = {"incoming": session["session_id"], "sweep": None}[item["type"]]
            assert (found["related_session"] or {"session_id": None})["session_id"] == related
    assert bsc["hot_wallet"].lower() == HOT_WALLET
    assert bsc["total_balance"] == crypto["available_balance"]["amount"] == overview["balance"]["available"]
    assert sum(row["addresses_count"] for row in bsc["currencies"]) == len(listed)
    swept = (Decimal(item["balance"]["total_swept"]) for item in listed.values())
    assert abs(Decimal(bsc["total_swept"]) - sum(swept)) <= Decimal("1e-8") * len(listed)


def _shown(base_units: int) -> str:
    return f"{Decimal(base_units).scaleb(-18).quantize(Decimal('1e-8'), ROUND_FLOOR):f}"


def test_a_rebuild_gives_the_same_answers(paid_world: Any, shown: dict[str, dict[str, Any]]) -> None:
    _, deployment, _, _ = paid_world
    rebuilt = deployment.command("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert sessions_now(deployment) == shown


def test_a_second_sync_changes_nothing(paid_world: Any, shown: dict[str, dict[str, Any]]) -> None:
    _, deployment, _, traffic = paid_world
    assert isinstance(traffic, Traffic)
    events = deployment.inbox / "events.ndjson.zst"
    (deployment.inbox / "dropped-again.ndjson.zst").write_bytes(events.read_bytes())
    synced = deployment.command("sync", "--once")
    assert synced.returncode == 0, synced.stderr
    assert sessions_now(deployment) == shown
