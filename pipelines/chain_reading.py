"""Reading several networks at once: a thread for each, so that none waits for another's node.

Belongs here: when a network is asked, how long a pass waits for the answer, the pause after a failure. Does not:
what is read of a network (pipelines/ingest), committing it (pipelines/refresh.py).

A pass asks every network that is not still being read, waits a little for those it asked, and takes every answer that
is there, also to questions of earlier passes. So a node that hangs costs the others one short wait, not one a pass. A
late answer is as good as a quick one: a network never has two readings under way, so no pass of this process outdates
its plan, and that of another process is noticed by the commit (PlanOutdated).

A network that fails keeps its problem and is left alone for a pause that doubles up to half a minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Container, Generator, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from pipelines.ingest.commit import Fetched
from pipelines.ingest.evm import EvmIngest
from pipelines.ingest.reading import OnProgress
from warehouse.errors import PaylakeError
from warehouse.lake import Lake
from warehouse.store.network_states import NetworkCheck

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# How long an ending process waits for readings under way; one that hangs is left behind.
CLOSE_SECONDS = 2.0


class _Closing(Exception):
    """The process ends: a reading under way stops between two ranges."""


class ChainReading:
    """All networks of a process. Used by one thread; `open` makes it."""

    def __init__(self, networks: Sequence[_Network]) -> None:
        self._networks = networks

    @classmethod
    @contextmanager
    def open(cls, lake: Lake, ingests: Sequence[EvmIngest]) -> Generator[ChainReading]:
        """Prepare a connection to the lake for each network; end what is under way at the end."""
        with ExitStack() as stack:
            networks = [_Network(ingest, stack.enter_context(lake.beside())) for ingest in ingests]
            try:
                yield cls(networks)
            finally:
                _close(networks)

    def read(
        self,
        *,
        only: Container[str] | None = None,
        on_progress: OnProgress | None = None,
        every_head: bool = True,
        wait_seconds: float | None = None,
    ) -> list[tuple[EvmIngest, Fetched]]:
        """Ask the networks, and give the answers that are there.

        Args:
            only: mode/network of those to ask; None for all.
            on_progress: told network, blocks read and blocks to read, from any thread.
            every_head: as in `EvmIngest.fetch`.
            wait_seconds: for the networks asked now; None asks also those that failed just now, and waits for all.
        """
        is_patient = wait_seconds is None
        wanted = [network for network in self._networks if only is None or network.key in only]
        asked = [network for network in wanted if network.ask(on_progress, every_head, anyway=is_patient)]
        waited_for = self._networks if is_patient else asked
        wait([network.answer for network in waited_for if network.answer], timeout=wait_seconds)
        return [(network.ingest, fetched) for network in self._networks if (fetched := network.take()) is not None]

    @property
    def unfinished(self) -> frozenset[str]:
        """Networks that are still being read."""
        return frozenset(network.name for network in self._networks if network.answer)

    @property
    def problems(self) -> dict[str, PaylakeError]:
        """mode/network → why it was not read, for each network whose last reading failed."""
        return {network.key: network.problem for network in self._networks if network.problem}

    @property
    def checks(self) -> list[NetworkCheck]:
        """How the last finished reading of each network went."""
        return [
            NetworkCheck(
                mode=network.ingest.network.mode,
                network=network.name,
                checked_at=network.checked_at,
                problem_code=network.problem.code if network.problem else None,
                problem=str(network.problem) if network.problem else None,
            )
            for network in self._networks
            if network.checked_at
        ]


class _Network:
    """One network: the reading under way, and how the last one went.

    Attributes:
        key: mode/network.
        answer: of the reading under way; None when there is none.
        problem: why the last reading failed; None when it did not.
        checked_at: when the last reading was over; None before the first.
    """

    def __init__(self, ingest: EvmIngest, lake: Lake) -> None:
        self.ingest = ingest
        self.name = ingest.network.network
        self.key = f"{ingest.network.mode}/{self.name}"
        self.answer: Future[Fetched] | None = None
        self.problem: PaylakeError | None = None
        self.checked_at: datetime | None = None
        self._lake = lake
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._pause_seconds = 0.0
        self._not_before = 0.0

    def ask(self, on_progress: OnProgress | None, every_head: bool, *, anyway: bool) -> bool:
        """Start a reading, unless one is under way or the pause after a failure is not over.

        Returns:
            Whether it was started.
        """
        if self.answer or (time.monotonic() < self._not_before and not anyway):
            return False
        self.answer = answer = Future()
        # A daemon: a node that hangs must not keep an ending process alive.
        self._thread = threading.Thread(
            target=self._fetch, args=(answer, on_progress, every_head), name=f"reading {self.name}", daemon=True
        )
        self._thread.start()
        return True

    def _fetch(self, answer: Future[Fetched], on_progress: OnProgress | None, every_head: bool) -> None:
        def go_on(network: str, done_blocks: int, all_blocks: int) -> None:
            if self._is_closing:
                raise _Closing
            if on_progress:
                on_progress(network, done_blocks, all_blocks)

        try:
            answer.set_result(self.ingest.fetch(self._lake, on_progress=go_on, every_head=every_head))
        except BaseException as error:  # whatever it is, it is raised where the answer is taken
            answer.set_exception(error)

    def take(self) -> Fetched | None:
        """The answer, once; None if there is none, or if it was a problem, which is kept."""
        if not self.answer or not self.answer.done():
            return None
        answer, self.answer = self.answer, None
        self.checked_at = datetime.now(UTC)
        try:
            fetched = answer.result()
        except PaylakeError as problem:
            # Without its traceback, which would keep what was read so far.
            self.problem = problem.with_traceback(None)
            self._pause_seconds = min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, 2 * self._pause_seconds))
            self._not_before = time.monotonic() + self._pause_seconds
            return None
        self.problem, self._pause_seconds = None, 0.0
        return fetched

    def close(self, ends_at: float) -> None:
        """Wait for the reading under way until then."""
        if self._thread:
            self._thread.join(max(0.0, ends_at - time.monotonic()))

    def stop(self) -> None:
        """Let the reading under way end at its next range."""
        self._is_closing = True


def _close(networks: Sequence[_Network]) -> None:
    ends_at = time.monotonic() + CLOSE_SECONDS
    for network in networks:
        network.stop()
    for network in networks:
        network.close(ends_at)
