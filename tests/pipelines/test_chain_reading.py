"""Several networks read at once: who is asked, who is waited for, what becomes of late answers and of failures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines import chain_reading
from pipelines.chain_reading import ChainReading
from tests.support.api import settings_in
from warehouse.errors import ChainUnavailable
from warehouse.lake import Lake


class GivenIngest:
    """A network whose readings end when and how the test says."""

    def __init__(self, name: str) -> None:
        self.network: Any = SimpleNamespace(mode="live", network=name)
        self.gate = threading.Event()
        self.gate.set()
        self.failure: Exception | None = None
        self.count = 0
        self.lakes: list[Lake] = []

    def fetch(self, lake: Lake, *, on_progress: Callable[[str, int, int], None], every_head: bool) -> Any:
        self.count += 1
        self.lakes.append(lake)
        while not self.gate.wait(0.02):
            on_progress(self.network.network, 1, 2)
        if self.failure:
            raise self.failure
        return (self.network.network, self.count, every_head)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake.open(settings_in(tmp_path / "data").paths) as opened:
        yield opened


@pytest.fixture
def networks() -> list[Any]:
    return [GivenIngest("BSC"), GivenIngest("ETH")]


@pytest.fixture
def chains(lake: Lake, networks: list[Any]) -> Iterator[ChainReading]:
    with ChainReading.open(lake, networks) as opened:
        yield opened


def taken(chains: ChainReading, wait_seconds: float | None) -> list[tuple[str, int]]:
    """Network and number of the reading, of every answer a pass takes."""
    return [answer[:2] for _, answer in chains.read(every_head=False, wait_seconds=wait_seconds)]  # ty: ignore[not-subscriptable]


def test_a_patient_pass_asks_all_and_waits_for_all(chains: ChainReading, networks: list[Any]) -> None:
    networks[1].gate.clear()
    threading.Timer(0.3, networks[1].gate.set).start()
    assert taken(chains, None) == [("BSC", 1), ("ETH", 1)]
    assert chains.unfinished == frozenset()


def test_a_slow_network_costs_the_others_one_wait_and_its_answer_is_a_later_passs(
    chains: ChainReading, networks: list[Any]
) -> None:
    networks[1].gate.clear()
    began = time.monotonic()
    assert taken(chains, 0.2) == [("BSC", 1)]
    assert chains.unfinished == {"ETH"}
    assert 0.2 <= time.monotonic() - began < 1
    began = time.monotonic()
    assert [taken(chains, 5) for _ in range(3)] == [[("BSC", 2)], [("BSC", 3)], [("BSC", 4)]]
    assert time.monotonic() - began < 2
    assert networks[1].count == 1
    networks[1].gate.set()
    time.sleep(0.2)
    assert taken(chains, 5) == [("BSC", 5), ("ETH", 1)]
    assert taken(chains, 5) == [("BSC", 6), ("ETH", 2)]


def test_a_failure_is_kept_and_the_network_left_alone_for_a_growing_pause(
    chains: ChainReading, networks: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(chain_reading, "time", SimpleNamespace(monotonic=lambda: now))
    networks[1].failure = ChainUnavailable("ETH: gone", network="ETH")
    pauses, last = [], now
    for _ in range(600):
        before = networks[1].count
        taken(chains, 5)
        assert list(chains.problems) == ["live/ETH"]
        if networks[1].count > before:
            pauses.append(now - last)
            last = now
        now += 0.5
    assert pauses[:8] == [0, 1, 2, 4, 8, 16, 30, 30]
    assert networks[0].count == 600
    networks[1].failure = None
    now += 30
    assert taken(chains, 5)[1][0] == "ETH"
    assert chains.problems == {}
    networks[1].failure = ChainUnavailable("ETH: gone again", network="ETH")
    taken(chains, 5)
    before = networks[1].count
    now += 1
    taken(chains, 5)
    assert networks[1].count == before + 1, "the pause begins anew"


def test_a_patient_pass_tries_also_what_failed_just_now(chains: ChainReading, networks: list[Any]) -> None:
    networks[1].failure = ChainUnavailable("ETH: gone", network="ETH")
    taken(chains, None)
    networks[1].failure = None
    assert taken(chains, None) == [("BSC", 2), ("ETH", 2)]


def test_the_checks_say_how_each_network_was_found(chains: ChainReading, networks: list[Any]) -> None:
    assert chains.checks == []
    networks[1].failure = ChainUnavailable("ETH: gone", network="ETH")
    taken(chains, None)
    found = {check.network: (check.problem_code, check.problem) for check in chains.checks}
    assert found == {"BSC": (None, None), "ETH": ("CHAIN_UNAVAILABLE", "ETH: gone")}


def test_a_defect_is_raised_not_taken_for_a_node_that_is_down(chains: ChainReading, networks: list[Any]) -> None:
    networks[1].failure = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        taken(chains, None)


def test_each_network_reads_the_lake_over_its_own_connection(
    chains: ChainReading, networks: list[Any], lake: Lake
) -> None:
    taken(chains, None)
    used = {id(given.connection) for network in networks for given in network.lakes}
    assert len(used | {id(lake.connection)}) == 3


def test_closing_stops_a_reading_at_its_next_range(lake: Lake, networks: list[Any]) -> None:
    networks[1].gate.clear()
    with ExitStack() as stack:
        chains = stack.enter_context(ChainReading.open(lake, networks))
        taken(chains, 0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("reading")] == []
