"""A lake with merchants in both modes, asked as each of them: nothing of one reaches another, whatever is asked."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.responses import Response

from api.answers import Schema, answer
from api.errors import InvalidParameter
from api.overview import endpoints as overview
from api.sessions import queries
from tests.evidence import Evidence
from tests.support.api import DASHBOARD, client_for, new_key, served_here
from tests.support.attack import PHASES, Attack, Exchange, attack
from tests.support.branches import minute
from tests.support.deployment import Deployment
from tests.support.lake_world import LakeWorld, deployment_of_chains
from tests.support.merchants import HEAD_BLOCK, Business, Tenant, random_business
from tests.support.trespass import trespass
from warehouse.serving import Reader

pytestmark = pytest.mark.process

FIRST = (Tenant("mer_a", "live", 1), Tenant("mer_b", "live", 2), Tenant("mer_a", "test", 3), Tenant("mer_b", "test", 4))
NOW = minute(HEAD_BLOCK)
COMPARED = ("content-type", "x-mode", "x-data-as-of")
WORD = re.compile(r"[0-9A-Za-z]+")
Answers = dict[str, tuple[int, list[str], bytes]]


@dataclass
class Town:
    """Merchants of one deployment, each with its key and what it did."""

    deployment: Deployment
    world: LakeWorld
    businesses: dict[Tenant, Business] = field(default_factory=dict)
    keys: dict[Tenant, str] = field(default_factory=dict)

    def settle(self, *businesses: Business, lines: list[bytes] | None = None) -> None:
        """These merchants did business, as a pass takes it in."""
        self.world.take_in(*businesses, lines=lines or [])
        for business in businesses:
            tenant = business.tenant
            self.businesses[tenant] = business
            self.keys[tenant] = new_key(self.deployment.settings, tenant.merchant, tenant.mode)

    def answers(self, tenant: Tenant, paths: list[str] | None = None) -> Answers:
        """What this merchant is answered, on every route or these, by path."""
        settings = self.deployment.settings
        with client_for(settings, Reader(settings.paths.serving), key=self.keys[tenant], now=NOW) as client:
            chosen = paths or paths_of(self.businesses[tenant])
            asked = [(path, client.get(f"{DASHBOARD}/{path}")) for path in chosen]
        return {path: (got.status_code, [got.headers[name] for name in COMPARED], got.content) for path, got in asked}

    def words_by_key(self) -> dict[str, set[str]]:
        """What only the holder of a key may read, the ids that the lake gave to transactions among it."""
        words: dict[tuple[str, str], set[str]] = defaultdict(set)
        for tenant, business in self.businesses.items():
            words[tenant.merchant, tenant.mode] |= business.own_words
        for row in self.world.lake.rows("SELECT merchant_id, mode, id FROM marts.transactions"):
            words[row["merchant_id"], row["mode"]].add(str(row["id"]))
        return {key: words[tenant.merchant, tenant.mode] for tenant, key in self.keys.items()}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Generator[Town]:
    """Two merchants, each in both modes."""
    deployment = deployment_of_chains(tmp_path_factory.mktemp("town") / "deployment")
    with LakeWorld.open(deployment.settings) as world:
        town = Town(deployment, world)
        town.settle(*(random_business(random.Random(tenant.number), tenant) for tenant in FIRST))
        yield town


def paths_of(business: Business) -> list[str]:
    """Every route that reads, lists also with filters, details of some of what the merchant has."""
    word = business.sessions[0]["reference"]
    lists = ["sessions", "addresses", "transactions", "sessions?sort_by=amount&sort_order=asc", "sessions?status=paid"]
    lists += [f"sessions?search={word}", "sessions?network=BSC&limit=3", "addresses?sort_by=balance&status=active"]
    lists += ["addresses?has_balance=true", "transactions?type=sweep", "transactions?min_amount=1&currency=USDT"]
    figures = ["balance/crypto", "balance/networks", "overview", "overview?timezone=Asia/Kolkata"]
    details = [f"sessions/{session['session_id']}" for session in business.sessions[:4]]
    details += [f"addresses/{address['address_id']}" for address in business.addresses[:2]]
    details += [f"addresses/{address['address']}" for address in business.addresses[2:4]]
    details += [f"transactions/{transfer['tx_hash']}" for transfer in business.transfers[:4]]
    return lists + figures + details


def strangers(rng: random.Random, number: int) -> list[Business]:
    """A new merchant in each mode, and one that is known: its business grows."""
    tenants = (Tenant(f"mer_{number}", "live", number), Tenant(f"mer_{number + 1}", "test", number + 1))
    tenants += (Tenant("mer_b", "live", number + 2),)
    return [
        random_business(rng, tenant, addresses=rng.randint(2, 6), sessions=rng.randint(1, 12)) for tenant in tenants
    ]


def assert_same(before: Answers, after: Answers, case: str) -> None:
    assert before.keys() == after.keys()
    for path, given in before.items():
        assert after[path] == given, f"{case}: {path}"


def without_the_merchant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the list of sessions forget whose they are."""
    everybodys = {
        sorting: sql.replace("s.merchant_id = $merchant_id", "$merchant_id is not null")
        for sorting, sql in queries.LIST.items()
    }
    monkeypatch.setattr(queries, "LIST", everybodys)


@pytest.mark.timeout(3600)
def test_r1_what_others_do_and_say_changes_no_byte_of_any_answer(
    town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(f"strangers {evidence.seed}")
    with monkeypatch.context() as patch:
        without_the_merchant(patch)
        blind = town.answers(FIRST[0], ["sessions"])
    for case in range(0, evidence.cases(test=3, evidence=102), 3):
        newcomers = strangers(rng, 100 + case)
        settled = [tenant for tenant in town.businesses if (tenant.merchant, tenant.mode) != ("mer_b", "live")]
        victim = rng.choice(settled)
        before = town.answers(victim)
        assert {status for status, _, _ in before.values()} == {200}
        said = [trespass(rng, newcomer, town.businesses[victim], rng.randint(5, 20)) for newcomer in newcomers]
        town.settle(*newcomers, lines=[line for lines in said for line in lines])
        assert_same(before, town.answers(victim), f"case {case}, {victim}")
    (refused,) = town.world.lake.rows("SELECT count(*) AS events FROM intermediate.refused_events")
    assert refused["events"] > case
    with monkeypatch.context() as patch, evidence.planted_fault("a list without its merchant"):
        without_the_merchant(patch)
        assert_same(blind, town.answers(FIRST[0], ["sessions"]), "all cases")


def without_a_key(data: Schema) -> Response:
    body = bytes(answer(data).body)
    return Response(body.replace(b'"pending_withdrawals":', b'"withdrawals":'), media_type="application/json")


FAULTS = {
    "an answer without a documented key": "response_schema_conformance: GET",
    "a status that is not documented": "status_code_conformance: GET",
}
STATUSES = {200, 400, 401, 403, 404, 429, 500}


def misbehaviour(told: Attack) -> list[str]:
    """What Schemathesis found, and answers that are not in the envelope of R5."""
    odd = [
        str(exchange)
        for exchange in told.exchanges
        if exchange.status not in STATUSES or (exchange.method != "HEAD" and not is_in_the_envelope(exchange))
    ]
    return told.failures + odd


def is_in_the_envelope(exchange: Exchange) -> bool:
    flag = b"true" if exchange.status == 200 else b"false"
    return exchange.body.startswith(b'{"success":' + flag) and exchange.headers["content-type"] == "application/json"


def leaks(town: Town, told: Attack) -> list[str]:
    """Answers with a word of a merchant other than the asking one, unless the request itself said it."""
    words = town.words_by_key()
    foreign = {key: set().union(*words.values()) - own for key, own in words.items()}
    found = []
    for exchange in told.exchanges:
        said = WORD.findall(exchange.body.decode() + " ".join(exchange.headers.values()))
        among = foreign.get(exchange.api_key, set().union(*words.values()))
        found += [f"{word}: {exchange}" for word in among.intersection(said) if word not in exchange.sent]
    return found


def attacked(town: Town, url: str, user: Tenant, **options: Any) -> Attack:
    """The attack on the town's API by one of its first merchants."""
    keys = {f"{tenant.merchant} {tenant.mode}": town.keys[tenant] for tenant in FIRST}
    things = {name for tenant in FIRST for name in named_things(town.businesses[tenant])}
    folder = town.deployment.folder
    return attack(url.removesuffix(DASHBOARD), keys, f"{user.merchant} {user.mode}", things, folder=folder, **options)


def named_things(business: Business) -> list[str]:
    """What stands in a path, or is searched for."""
    names = [session[name] for session in business.sessions for name in ("session_id", "reference")]
    names += [str(address[name]) for address in business.addresses for name in ("address_id", "address")]
    return names + [transfer["tx_hash"] for transfer in business.transfers]


@pytest.mark.timeout(3600)
def test_no_request_gets_an_undocumented_answer_or_a_word_of_another_merchant(town: Town, evidence: Evidence) -> None:
    wanted = evidence.cases(test=150, evidence=8000)
    # Most operations have parameters to fuzz; the coverage phase adds some hundred cases whatever is asked for.
    rounds, phases, operations = (2, ("fuzzing",), 6) if wanted < 1000 else (4, PHASES, 17)
    told = Attack()
    asked: Counter[Tenant] = Counter()
    with town.deployment.serve() as url:
        for number in range(rounds):
            tenant, examples = FIRST[number % 2], wanted // rounds // operations
            answered = attacked(town, url, tenant, seed=evidence.seed + number, examples=examples, phases=phases)
            asked[tenant] += sum(exchange.api_key == town.keys[tenant] for exchange in answered.exchanges)
            told.add(answered)
    print(dict(asked), Counter(exchange.status for exchange in told.exchanges))
    assert misbehaviour(told) == []
    assert leaks(town, told) == []
    assert asked.total() >= wanted
    assert min(asked.values()) > wanted / 3


def test_an_answer_that_is_not_documented_or_says_too_much_is_noticed(
    town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "answer", without_a_key)
    monkeypatch.setattr(InvalidParameter, "status", 422)
    everybodys = overview.queries.RECENT_SESSIONS.replace("s.merchant_id = $merchant_id", "$merchant_id is not null")
    monkeypatch.setattr(overview.queries, "RECENT_SESSIONS", everybodys)
    paths = "/(overview|sessions)$"
    with served_here(town.deployment.settings) as url:
        told = attacked(town, url, FIRST[0], seed=evidence.seed, examples=8, phases=("fuzzing",), paths=paths)
    for name, sign in FAULTS.items():
        with evidence.planted_fault(name):
            assert not any(sign in failure for failure in misbehaviour(told))
    with evidence.planted_fault("a list without its merchant"):
        assert leaks(town, told) == []
