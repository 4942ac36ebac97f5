"""One pass: feed → chains → models → segments → operational store. `paylake sync` and the Dagster assets both run it.

Belongs here: the order of the steps and what happens when one network or the feed fails. Does not: any step's work.

Each step can be killed at any point: feed batches, then chains with models, are each one lake transaction; publishing
and the hand-over repeat what a dead process left undone.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipelines.chains.evm import EvmSource
from pipelines.chains.rpc_pool import RpcPool
from pipelines.gateway import http_feed, inbox
from pipelines.gateway import store as feed_store
from pipelines.gateway.batches import FeedBatch, joined
from pipelines.hand_over import HandOver
from pipelines.ingest.commit import Fetched, PlanOutdated
from pipelines.ingest.evm import EvmIngest, OnProgress
from warehouse import migrate
from warehouse.domain.networks import Family
from warehouse.errors import FeedError, PaylakeError
from warehouse.lake import Lake, Write
from warehouse.maintenance import maintain
from warehouse.manifest import Manifest
from warehouse.publish import publish
from warehouse.settings import NetworkSettings, Settings
from warehouse.store.connection import Store, open_store


@dataclass
class PassReport:
    """What one pass did.

    Attributes:
        events: new events stored.
        refused: lines put into quarantine.
        transfers: new transfer logs stored, by mode/network.
        rows_replaced: rows of derived tables that changed.
        manifest: what is published now.
        problems: what failed, while the rest went on.
        is_behind: some network has more than one pass could read.
    """

    events: int = 0
    refused: int = 0
    transfers: dict[str, int] = field(default_factory=dict)
    rows_replaced: int = 0
    manifest: Manifest | None = None
    problems: list[PaylakeError] = field(default_factory=list)
    is_behind: bool = False

    @property
    def is_idle(self) -> bool:
        """Nothing new came and nothing is left."""
        return not self.events and not self.refused and not any(self.transfers.values()) and not self.is_behind


class Refresh:
    """Everything a pass needs, opened once and kept between passes."""

    def __init__(self, settings: Settings, lake: Lake, store: Store, ingests: list[EvmIngest]) -> None:
        self._settings = settings
        self._lake = lake
        self._ingests = ingests
        self._hand_over = HandOver(lake, store)
        self._families = settings.families
        self._digests: inbox.DigestMemory = {}
        self._known_files: set[str] = set()

    @classmethod
    @contextmanager
    def open(
        cls,
        settings: Settings,
        *,
        networks: frozenset[str] = frozenset(),
        on_model: migrate.OnModel = lambda _name, _rows: None,
    ) -> Generator[Refresh]:
        """Open lake, operational store and nodes; bring the lake in step with code and settings.

        Args:
            settings: the deployment.
            networks: only these networks' chains; empty for all.
            on_model: told about each table if derived tables have to be rebuilt.
        """
        with ExitStack() as stack:
            lake = stack.enter_context(Lake.open(settings.paths))
            store = stack.enter_context(open_store(settings))
            migrate.prepare(lake, settings, on_model)
            ingests = [
                _ingest(settings, network, stack)
                for network in settings.active_networks()
                if network.family is Family.EVM and (not networks or network.network in networks)
            ]
            yield cls(settings, lake, store, ingests)

    def run_pass(self, *, on_progress: OnProgress | None = None, every_head: bool = True) -> PassReport:
        """Run one pass.

        Args:
            on_progress: told network, blocks read and blocks to read.
            every_head: commit also heads that only moved; a process that follows leaves them for now and then.

        Raises:
            PaylakeError: storage failed. A feed or a network that fails is a problem in the report instead.
        """
        report = PassReport()
        self._read_feed(report)
        fetched = self._fetch_chains(report, on_progress, every_head)
        self._commit(fetched, report)
        report.manifest = publish(self._lake)
        report.problems += self._hand_over.run()
        return report

    def maintain(self) -> None:
        """Compact the lake and copy its catalog."""
        maintain(self._lake, self._settings.paths)

    def _read_feed(self, report: PassReport) -> None:
        for batches in (self._inbox_batches, self._http_batches):
            try:
                for batch in batches():
                    self._store_batch(batch, report)
            except FeedError as error:  # one transport's trouble does not stop the other
                report.problems.append(error)

    def _inbox_batches(self) -> Iterator[FeedBatch]:
        if self._settings.gateway.inbox is None:
            return iter(())
        return inbox.iter_inbox(
            self._settings.gateway.inbox,
            self._is_known_file,
            now=_now,
            families=self._families,
            digests=self._digests,
        )

    def _http_batches(self) -> Iterator[FeedBatch]:
        gateway = self._settings.gateway
        cursor = feed_store.read_cursor(self._lake, http_feed.feed_source(gateway)) if gateway.base_url else None
        return joined(http_feed.iter_pages(gateway, cursor, now=_now, families=self._families))

    def _is_known_file(self, digest: str) -> bool:
        if digest not in self._known_files and feed_store.file_is_known(self._lake, digest):
            self._known_files.add(digest)
        return digest in self._known_files

    def _store_batch(self, batch: FeedBatch, report: PassReport) -> None:
        result = feed_store.append(self._lake, batch)
        report.events += result.accepted
        report.refused += result.refused + result.conflicts

    def _fetch_chains(
        self, report: PassReport, on_progress: OnProgress | None, every_head: bool
    ) -> list[tuple[EvmIngest, Fetched]]:
        fetched = []
        for ingest in self._ingests:
            try:
                fetched.append((ingest, ingest.fetch(self._lake, on_progress=on_progress, every_head=every_head)))
            except PaylakeError as error:  # one network's trouble does not stop the others
                report.problems.append(error)
        return fetched

    def _commit(self, fetched: list[tuple[EvmIngest, Fetched]], report: PassReport) -> None:
        """One lake transaction for all networks and the models; none at all when nothing is new."""
        report.is_behind = any(not answer.is_complete for _, answer in fetched)
        news = [(ingest, answer) for ingest, answer in fetched if answer.is_news]
        if not news and not migrate.has_untransformed(self._lake):
            return

        def body(write: Write) -> tuple[dict[str, int], int]:
            migrate.require_same(write, self._settings)
            added = {
                f"{ingest.network.mode}/{ingest.network.network}": ingest.commit(write, answer)
                for ingest, answer in news
            }
            return added, migrate.transform(write)

        try:
            report.transfers, report.rows_replaced = self._lake.write_tx(body)
            for ingest, _ in news:
                ingest.committed()
        except PlanOutdated as outdated:
            report.problems.append(outdated)
            report.is_behind = True


def _ingest(settings: Settings, network: NetworkSettings, stack: ExitStack) -> EvmIngest:
    tokens = settings.tokens(network.mode, network.network)
    pool = stack.enter_context(RpcPool.from_settings(network))
    return EvmIngest(network, tokens, EvmSource(network, tokens, pool))


def _now() -> datetime:
    return datetime.now(UTC)
