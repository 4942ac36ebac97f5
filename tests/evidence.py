"""The `evidence` fixture and its table: cases a test ran, their seed, and whether its planted fault was caught.

Belongs here: counting and reporting. Does not: any test. `make test` runs the small counts, `make evidence` the large
ones, through the same tests.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

_KEY = "evidence"


class Evidence:
    """What one test says about itself.

    Attributes:
        seed: seed of everything random in the test; `--seed N` repeats a run, `--seed random` tries a new one.
    """

    def __init__(self, *, large: bool, seed: int) -> None:
        self._large = large
        self.seed = seed
        self.case_count = 1
        self.planted: list[str] = []

    def cases(self, *, test: int, evidence: int) -> int:
        """How many cases to run: `test` in `make test`, `evidence` in `make evidence`."""
        self.case_count = evidence if self._large else test
        return self.case_count

    @contextmanager
    def planted_fault(self, name: str) -> Generator[None]:
        """Run the test's own path with a fault planted in it: an assertion must fail inside.

        Raises:
            AssertionError: the fault went unnoticed, so the test proves nothing.
        """
        try:
            yield
        except AssertionError:
            self.planted.append(name)
            return
        pytest.fail(f"the planted fault went unnoticed: {name}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--evidence` and `--seed`."""
    parser.addoption("--evidence", action="store_true", help="run the counts that issues name, and print the table")
    parser.addoption("--seed", default="1", help="seed of random tests: a number, or `random`")


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> Iterator[Evidence]:
    """Case counts and seed of the running test."""
    chosen = request.config.getoption("--seed")
    seed = random.SystemRandom().randrange(1 << 31) if chosen == "random" else int(chosen)
    record = Evidence(large=request.config.getoption("--evidence"), seed=seed)
    print(f"seed {seed}")
    yield record
    request.node.user_properties.append((_KEY, (record.case_count, record.seed, record.planted)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table: test, cases, failures, seed, planted fault caught, share of the time."""
    if not config.getoption("--evidence"):
        return
    reports = [report for group in ("passed", "failed") for report in terminalreporter.stats.get(group, [])]
    durations: dict[str, float] = {}
    failures: dict[str, int] = {}
    records: dict[str, tuple[int, int, list[str]]] = {}
    everything = [
        report for group in terminalreporter.stats.values() for report in group if hasattr(report, "duration")
    ]
    for report in everything:
        durations[report.nodeid] = durations.get(report.nodeid, 0.0) + report.duration
        for key, value in report.user_properties:
            if key == _KEY:
                records[report.nodeid] = value
    for report in reports:
        failures[report.nodeid] = failures.get(report.nodeid, 0) + (report.outcome == "failed")
    total = sum(durations.values()) or 1.0
    terminalreporter.section("evidence")
    terminalreporter.write_line(f"{'cases':>8} {'failures':>8} {'seed':>10} {'time':>6}  planted fault caught | test")
    for node, (cases, seed, planted) in sorted(records.items()):
        caught = "; ".join(planted) or "-"
        share = durations.get(node, 0.0) / total
        terminalreporter.write_line(
            f"{cases:>8} {failures.get(node, 0):>8} {seed:>10} {share:>6.1%}  {caught} | {node}"
        )
    rest = [node for node in durations if node not in records]
    share = sum(durations[node] for node in rest) / total
    terminalreporter.write_line(
        f"{len(rest):>8} {sum(failures.get(n, 0) for n in rest):>8} {'-':>10} {share:>6.1%}  - | all other tests"
    )
