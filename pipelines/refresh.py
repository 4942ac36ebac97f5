"""One pass: feed → chains → models → segments → operational store. `paylake sync` and the Dagster assets both run it.

Belongs here: the order of the steps and what happens when one network or the feed fails. Does not: any step's work.

Networks are read at the same time, each at its own pace (chain_reading.py): one that is down or slow holds up no other.
Each step can be killed at any point: feed batches, then chains with models, are each one lake transaction; publishing
and the hand-over repeat what a dead process left undone.
"""

from __future__ import annotations

from collections.abc import Container, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipelines.chain_reading import ChainReading
from pipelines.chains.evm import EvmSource
from pipelines.chains.receipts import POLICY as RECEIPT_POLICY
from pipelines.chains.receipts import ReceiptSource
from pipelines.chains.rpc_pool import RpcPool
from pipelines.figures import LakeFigures, read_figures
from pipelines.gateway import http_feed, inbox
from pipelines.gateway import store as feed_store
from pipelines.gateway.batches import FeedBatch, joined
from pipelines.hand_over import HandOver
from pipelines.ingest.commit import Fetched, PlanOutdated
from pipelines.ingest.evm import EvmIngest
from pipelines.ingest.reading import OnProgress
from warehouse import migrate, model_runs, sql_models
from warehouse.domain.networks import Family
from warehouse.errors import FeedError, PaylakeError
from warehouse.lake import Lake, Write
from warehouse.maintenance import maintain
from warehouse.manifest import Manifest
from warehouse.publish import publish
from warehouse.settings import NetworkSettings, Settings
from warehouse.store.connection import Store, open_store
from warehouse.store.network_states import NetworkCheck, record_checks

# A network that stays as it was is written at most this often: a commit of the operational store is a sync of the disk.
CHECK_SECONDS = 15.0


@dataclass
class PassReport:
    """What one pass did.

    Attributes:
        events: new events stored.
        refused: lines put into quarantine.
        transfers: new transfer logs stored, by mode/network.
        rows_changed: derived table → how many of its rows changed, for each that was looked at.
        manifest: what is published now.
        refused_credits: balances that the operational store cannot hold.
        problems: what failed, while the rest went on; those of credits and networks among them.
        down: mode/network → its problem, for networks that were not read when last tried.
        unfinished: networks that are still being read; a later pass takes the answer.
        is_behind: some network has more than one pass could read.
    """

    events: int = 0
    refused: int = 0
    transfers: dict[str, int] = field(default_factory=dict)
    rows_changed: dict[str, int] = field(default_factory=dict)
    manifest: Manifest | None = None
    refused_credits: list[PaylakeError] = field(default_factory=list)
    problems: list[PaylakeError] = field(default_factory=list)
    down: dict[str, PaylakeError] = field(default_factory=dict)
    unfinished: frozenset[str] = frozenset()
    is_behind: bool = False

    @property
    def rows_replaced(self) -> int:
        """Rows of derived tables that changed."""
        return sum(self.rows_changed.values())

    @property
    def has_news(self) -> bool:
        """Something new came, or more is known to be there."""
        return bool(self.events or self.refused or any(self.transfers.values()) or self.is_behind)

    @property
    def is_idle(self) -> bool:
        """Nothing new came and nothing is left."""
        return not self.has_news and not self.unfinished


class Refresh:
    """Everything a pass needs, opened once and kept between passes."""

    def __init__(self, settings: Settings, lake: Lake, store: Store, chains: ChainReading) -> None:
        self._settings = settings
        self._lake = lake
        self._store = store
        self._chains = chains
        self._recorded: dict[tuple[str, str], NetworkCheck] = {}
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
                for network in ingested_networks(settings)
                if not networks or network.network in networks
            ]
            yield cls(settings, lake, store, stack.enter_context(ChainReading.open(lake, ingests)))

    def run_pass(
        self, *, on_progress: OnProgress | None = None, every_head: bool = True, wait_seconds: float | None = None
    ) -> PassReport:
        """Run one pass.

        Args:
            on_progress: told network, blocks read and blocks to read, from any thread.
            every_head: commit also heads that only moved; a process that follows leaves them for now and then.
            wait_seconds: for networks that are slow to answer, whose answer is then a later pass's; None waits for
                all, and tries also those that failed just now.

        Raises:
            PaylakeError: storage failed. A feed or a network that fails is a problem in the report instead.
        """
        report = PassReport()
        self.update_lake(report, on_progress=on_progress, every_head=every_head, wait_seconds=wait_seconds)
        report.manifest = self.publish()
        report.refused_credits = self.hand_over()
        report.problems += report.refused_credits
        return report

    def update_lake(
        self,
        report: PassReport,
        *,
        feed: bool = True,
        chains: Container[str] | None = None,
        on_progress: OnProgress | None = None,
        every_head: bool = True,
        wait_seconds: float | None = None,
    ) -> None:
        """The first step of a pass: feed and chains into raw, and the derived tables up to it.

        Args:
            report: what is done is added to it.
            feed: whether the feed is read.
            chains: mode/network of the chains that are read; None for all.
            on_progress: as in `run_pass`.
            every_head: as in `run_pass`.
            wait_seconds: as in `run_pass`.

        Raises:
            ModelError: a check does not hold; nothing but the feed's events was kept.
        """
        if feed:
            self._read_feed(report)
        fetched = self._chains.read(
            only=chains, on_progress=on_progress, every_head=every_head, wait_seconds=wait_seconds
        )
        report.down = self._chains.problems
        report.problems += report.down.values()
        report.unfinished = self._chains.unfinished
        self._record_checks()
        self._commit(fetched, report)

    def publish(self) -> Manifest | None:
        """The second step: segments of what the lake holds; None when it holds no tables."""
        return publish(self._lake)

    def hand_over(self) -> list[PaylakeError]:
        """The third step: credits to the operational store; those that it cannot hold."""
        return self._hand_over.run()

    def check_stored(self, model: sql_models.Model) -> None:
        """Check all stored rows of a table, not only those a pass computes.

        Raises:
            ModelError: a check does not hold.
        """
        with self._lake.pinned() as pinned:
            model_runs.check_rows(pinned.connection, model, model.name)

    def figures(self) -> LakeFigures:
        """How far the lake is."""
        return read_figures(self._lake)

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

    def _record_checks(self) -> None:
        """Tell the operational store how the networks are, when something changed or now and then."""
        checks = {(check.mode, check.network): check for check in self._chains.checks}
        if any(_is_worth_writing(check, self._recorded.get(key)) for key, check in checks.items()):
            record_checks(self._store, checks.values())
            self._recorded = checks

    def _commit(self, fetched: list[tuple[EvmIngest, Fetched]], report: PassReport) -> None:
        """One lake transaction for all networks and the models; none at all when nothing is new."""
        report.is_behind = any(not answer.is_complete for _, answer in fetched)
        news = [(ingest, answer) for ingest, answer in fetched if answer.is_news]
        if not news and not migrate.has_untransformed(self._lake):
            return

        def body(write: Write) -> tuple[dict[str, int], dict[str, int]]:
            migrate.require_same(write, self._settings)
            added = {
                f"{ingest.network.mode}/{ingest.network.network}": ingest.commit(write, answer)
                for ingest, answer in news
            }
            changed: dict[str, int] = {}
            migrate.transform(write, changed.__setitem__)
            return added, changed

        try:
            report.transfers, report.rows_changed = self._lake.write_tx(body)
            for ingest, _ in news:
                ingest.committed()
        except PlanOutdated as outdated:
            report.problems.append(outdated)
            report.is_behind = True


def ingested_networks(settings: Settings) -> list[NetworkSettings]:
    """Active networks of the families that can be read."""
    return [network for network in settings.active_networks() if network.family is Family.EVM]


def _ingest(settings: Settings, network: NetworkSettings, stack: ExitStack) -> EvmIngest:
    tokens = settings.tokens(network.mode, network.network)
    pool = stack.enter_context(RpcPool.from_settings(network))
    receipts = stack.enter_context(RpcPool.from_settings(network, RECEIPT_POLICY))
    return EvmIngest(network, tokens, EvmSource(network, tokens, pool), ReceiptSource(receipts))


def _is_worth_writing(check: NetworkCheck, recorded: NetworkCheck | None) -> bool:
    if recorded is None or (check.problem_code, check.problem) != (recorded.problem_code, recorded.problem):
        return True
    return (check.checked_at - recorded.checked_at).total_seconds() >= CHECK_SECONDS


def _now() -> datetime:
    return datetime.now(UTC)
