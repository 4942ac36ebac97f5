"""Schemathesis against a running API: requests that its OpenAPI description allows, and those it does not.

Belongs here: running it, and what rulings want though a check dislikes it. Does not: the data behind the API.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytz
import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse

from api.local_time import TIMEZONE_FORMAT

schemathesis.openapi.format(TIMEZONE_FORMAT, st.sampled_from(sorted(pytz.all_timezones)))

PHASES = ("examples", "coverage", "fuzzing", "stateful")
# Parameters that name something; most of the time it exists.
NAMES = ("path.session_id", "path.address_id", "path.tx_hash")
# What lets rows through, most of the time: left to chance, nearly every page of a list is an empty one.
USUAL = {"query.page": [1], "query.limit": [100], "query.network": ["all"], "query.currency": ["all"]}
USUAL |= {"query.status": ["all"], "query.type": ["all"], "query.sweep_status": ["all"]}
USUAL |= {"query.min_amount": ["0"], "query.max_amount": ["1000"]}
USUAL |= {"query.start_date": ["2026-01-01"], "query.end_date": ["2026-12-31"]}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; `sent` is all that the request said, its codes undone."""

    method: str
    url: str
    api_key: str
    sent: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.url} → {self.status} {self.body[:300]!r}"


@dataclass
class Attack:
    """What came of it.

    Attributes:
        failures: what a check of Schemathesis found wrong, and errors of its own.
        exchanges: every request that was answered, those that a check made by itself among them.
    """

    failures: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def add(self, other: Attack) -> None:
        """What came of another one too."""
        self.failures += other.failures
        self.exchanges += other.exchanges


def attack(
    url: str,
    keys: Mapping[str, str],
    user: str,
    names: Collection[str],
    *,
    seed: int,
    examples: int,
    phases: Collection[str] = PHASES,
    paths: str = "",
    folder: Path,
) -> Attack:
    """Ask the API at `url` all kinds of things, as one of its users.

    Args:
        url: of the server.
        keys: user to API key; none of them may see what another has.
        user: who asks.
        names: of things that exist, whosever they are.
        seed: of everything random.
        examples: requests of the fuzzing phase for each operation.
        phases: some of PHASES.
        paths: a regular expression; only operations whose path it fits.
        folder: for the file of keys that Schemathesis wants.
    """
    file = folder / "keys.json"
    users = [{"name": name, "fixedHeaders": [{"name": "X-API-Key", "value": key}]} for name, key in keys.items()]
    file.write_text(json.dumps({"auth": users}))
    settings = {
        "seed": seed,
        "auth": {"wfc": {"path": str(file), "user": user, "peers": list(keys)}},
        # Without made-up keys: a request with one is refused before anything else of it is looked at.
        "generation": {"max-examples": examples, "database": "none", "with-security-parameters": False},
        "phases": {phase: {"enabled": phase in phases} for phase in PHASES},
        "checks": {"enabled": True},
        "continue-on-failure": True,
        "cache": {"enabled": False},
        "output": {"sanitization": {"enabled": False}, "truncation": {"enabled": False}},
    }
    config = SchemathesisConfig.from_dict(settings | _words(names))
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)
    schema.hook(filter_failure)
    if paths:
        schema = schema.include(path_regex=paths)
    return _follow(from_schema(schema).execute())


def _words(names: Collection[str]) -> dict[str, Any]:
    """What parameters are most of the time, as settings of Schemathesis."""
    # Half of what is searched for stands in every session, half in one at most.
    words = {name: sorted(names) for name in NAMES} | USUAL | {"query.search": ["order"] * len(names) + sorted(names)}
    return {
        "dictionaries": {name: {"values": values} for name, values in words.items()},
        "parameters": {name: {"dictionary": name, "probability": 0.7} for name in words},
    }


def filter_failure(_context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Whether a failure is one: not where a ruling asks for what a check dislikes."""
    body = response.content
    if isinstance(failure, UnsupportedMethodResponse):  # R5: a wrong method is 404, as an unknown route is
        return not (response.status_code == 404 and (b'"NOT_FOUND"' in body or case.method == "HEAD"))
    if isinstance(failure, RejectedPositiveData):  # R8, R10: 400 for bounds that cross, which a schema cannot say
        return not _has_crossed_bounds(case, body)
    return True


def _has_crossed_bounds(case: Case, body: bytes) -> bool:
    return any(
        {low, high} <= set(case.query) and f'"parameter":"{low}"'.encode() in body and b"must not be" in body
        for low, high in (("start_date", "end_date"), ("min_amount", "max_amount"))
    )


def _follow(stream: Iterator[events.EngineEvent]) -> Attack:
    result = Attack()
    for event in stream:
        if isinstance(event, events.NonFatalError):
            result.failures.append(f"error in {event.label}: {event.value!r}")
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.ScenarioFinished):
            result.failures += _failures(event.recorder)
            result.exchanges += _exchanges(event.recorder)
    return result


def _failures(recorder: ScenarioRecorder) -> Iterator[str]:
    for case_id, checks in recorder.checks.items():
        request = recorder.interactions[case_id].request
        for check in checks:
            if check.failure_info is not None:
                yield f"{check.name}: {request.method} {request.uri}: {check.failure_info.failure.message}"
    for interaction in recorder.interactions.values():
        if interaction.response is None:
            yield f"no answer: {interaction.request.method} {interaction.request.uri}"


def _exchanges(recorder: ScenarioRecorder) -> Iterator[Exchange]:
    for interaction in recorder.interactions.values():
        request, response = interaction.request, interaction.response
        if response is None:
            continue
        said = {name.lower(): ", ".join(values) for name, values in request.headers.items()}
        yield Exchange(
            method=request.method,
            url=request.uri,
            api_key=said.get("x-api-key", ""),
            sent=" ".join((unquote_plus(request.uri), *said.values())),
            status=response.status_code,
            headers={name: ", ".join(values) for name, values in response.headers.items()},
            body=response.content,
        )
