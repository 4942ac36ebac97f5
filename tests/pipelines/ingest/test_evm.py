"""Ingestion from a real node: holes are found and filled, whoever else works on the same network."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.chains.evm import EvmSource
from pipelines.chains.rpc_pool import RpcPool
from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import minting, transfer
from pipelines.gateway import inbox
from pipelines.gateway import store as feed_store
from pipelines.ingest import plan, reading
from pipelines.ingest.commit import PlanOutdated
from pipelines.ingest.evm import EvmIngest
from pipelines.refresh import Refresh
from tests.support.anvil_fixtures import BSC_GENESIS, BSC_USDC, BSC_USDT
from tests.support.deployment import Deployment
from tests.support.feed_server import FeedServer
from tests.support.node_oracle import all_transfers
from warehouse import migrate
from warehouse.errors import StorageError
from warehouse.lake import Lake
from warehouse.manifest import utc_now
from warehouse.settings import Settings

SENDER = "0x" + "51" * 20


def address(number: int) -> str:
    return f"0x{number:040x}"


def created(number: int, *, day: int = 0) -> dict[str, Any]:
    """address.created of address(number), `day` days after the chain began."""
    data = {"address_id": number, "network": "BSC", "currency": "USDT", "address": address(number)}
    at = (BSC_GENESIS + timedelta(days=day)).isoformat()
    return {
        "event_id": f"a{number}", "type": "address.created", "occurred_at": at, "merchant_id": "mer_1", "mode": "live",
        "data": data,
    }  # fmt: skip


def pay(node: Anvil, *receivers: int, token: str = BSC_USDT) -> None:
    """One block with one transfer to each."""
    node.send_and_mine([transfer(token, SENDER, address(number), 10**18) for number in receivers])


@pytest.fixture
def node(bsc_node: Anvil) -> Anvil:
    bsc_node.send_and_mine([minting(token, SENDER, 10**30) for token in (BSC_USDT, BSC_USDC)])
    return bsc_node


@contextmanager
def ingest_of(settings: Settings) -> Generator[EvmIngest]:
    """Ingestion of BSC, as one process has it."""
    network = next(network for network in settings.active_networks() if network.network == "BSC")
    tokens = settings.tokens("live", "BSC")
    with RpcPool.from_settings(network) as pool:
        yield EvmIngest(network, tokens, EvmSource(network, tokens, pool))


def stored(settings: Settings) -> list[tuple[int, str]]:
    """(block, receiver) of every stored log."""
    with Lake.open(settings.paths, read_only=True) as lake:
        rows = lake.rows("SELECT block_number, to_address FROM raw.evm_transfer_logs ORDER BY ALL")
    return [(row["block_number"], row["to_address"]) for row in rows]


def truth(node: Anvil, *numbers: int) -> list[tuple[int, str]]:
    """The same from the node's own logs."""
    wanted = {address(number) for number in numbers}
    tokens = {BSC_USDT, BSC_USDC}
    logs = [log for log in all_transfers(node.url) if log.token in tokens]
    return sorted((log.block, log.receiver) for log in logs if log.receiver in wanted)


def test_a_plan_made_before_another_process_committed_is_not_committed(node: Anvil, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "d", bsc_url=node.url, has_lake=True)
    deployment.drop("one.ndjson", [created(1)])
    deployment.sync()
    settings = deployment.settings
    pay(node, 1, 2)
    node.mine(blocks=4)
    with Lake.open(settings.paths) as lake, ingest_of(settings) as first, ingest_of(settings) as second:
        early = first.fetch(lake)  # knows nothing of address 2
        deployment.drop("two.ndjson", [created(2)])
        for batch in inbox.iter_inbox(deployment.inbox, lambda _: False, now=utc_now, families=settings.families):
            feed_store.append(lake, batch)
        late = second.fetch(lake)
        lake.write_tx(lambda write: second.commit(write, late))
        with pytest.raises(PlanOutdated):
            lake.write_tx(lambda write: first.commit(write, early))
    assert stored(settings) == truth(node, 1, 2)


def test_a_token_that_was_out_of_force_is_caught_up(node: Anvil, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "d", bsc_url=node.url, has_lake=True)
    deployment.drop("one.ndjson", [created(1)])
    deployment.sync()
    network = deployment.settings.active_networks()[0]
    tokens = deployment.settings.tokens("live", "BSC")
    usdt_only = [token for token in tokens if token.currency == "USDT"]
    with Lake.open(deployment.settings.paths) as lake, RpcPool.from_settings(network) as pool:
        for in_force in (tokens, usdt_only, tokens):
            pay(node, 1, token=BSC_USDC)
            node.mine(blocks=4)
            ingest = EvmIngest(network, in_force, EvmSource(network, in_force, pool))
            fetched = ingest.fetch(lake)
            lake.write_tx(lambda write, ingest=ingest, fetched=fetched: ingest.commit(write, fetched))
    assert len(truth(node, 1)) == 3
    assert stored(deployment.settings) == truth(node, 1)


def test_a_backfill_cut_into_many_passes_leaves_no_hole(
    node: Anvil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS_PER_PASS", 3)
    monkeypatch.setattr(plan, "LINKED_BLOCKS", 0)
    deployment = Deployment(tmp_path / "d", bsc_url=node.url, has_lake=True)
    # Answers of few blocks, so that a pass is full within a range.
    few_blocks = "required_confirmations = 15\nmax_block_range = 1"
    deployment.config.write_text(deployment.config.read_text().replace("required_confirmations = 15", few_blocks))
    numbers = range(1, 9)
    for _ in range(3):
        pay(node, *numbers)
        node.mine(blocks=3)
    deployment.drop("one.ndjson", [created(1)])
    deployment.sync()
    # All others become known at once, with starts on different days: one hole each.
    for day in range(2, 9):
        node.mine(at=BSC_GENESIS + timedelta(days=day, hours=1))
        pay(node, *numbers)
    node.mine(blocks=4)
    synced = deployment.sync()[-1].manifest
    assert synced is not None
    heads = [synced.heads[0].head_block]
    deployment.drop("more.ndjson", [created(number, day=0 if number % 2 else number) for number in numbers[1:]])
    with Refresh.open(deployment.settings) as refresh:
        for _ in range(60):
            report = refresh.run_pass()
            assert report.manifest is not None
            heads.append(report.manifest.heads[0].head_block)
            if report.is_idle:
                break
    assert heads == sorted(heads), "the head went back"
    # An address counts from the day before it was first spoken of.
    starts = {address(n): BSC_GENESIS + timedelta(days=(0 if n % 2 or n == 1 else n) - 1) for n in numbers}
    times = {log.block: log.time for log in all_transfers(node.url)}
    assert stored(deployment.settings) == [
        (block, receiver) for block, receiver in truth(node, *numbers) if times[block] >= starts[receiver]
    ]


def test_processes_that_disagree_about_the_settings_do_not_undo_each_other(node: Anvil, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "d", bsc_url=node.url, has_lake=True)
    deployment.drop("one.ndjson", [created(1)])
    with Refresh.open(deployment.settings) as old:
        old.run_pass()
        deployment.config.write_text(deployment.config.read_text().replace("= 15", "= 3"))
        with Lake.open(deployment.settings.paths) as lake:
            migrate.prepare(lake, deployment.settings)
        pay(node, 1)
        node.mine(blocks=4)
        with pytest.raises(StorageError, match="other settings"):
            old.run_pass()
    deployment.sync()
    assert stored(deployment.settings) == truth(node, 1)


def test_one_transport_of_the_feed_goes_on_when_the_other_fails(node: Anvil, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "d", bsc_url=node.url, has_lake=True, feed_url="http://127.0.0.1:9")
    deployment.inbox.rmdir()
    with FeedServer([created(2)]) as server:
        deployment.config.write_text(deployment.config.read_text().replace("http://127.0.0.1:9", server.url))
        with Refresh.open(deployment.settings) as refresh:
            report = refresh.run_pass()
    assert report.events == 1
    assert [type(problem).__name__ for problem in report.problems] == ["FeedError"]


def test_a_network_without_tokens_reads_nothing_and_writes_no_second_time(node: Anvil, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "d", bsc_url=node.url, has_lake=True)
    deployment.drop("one.ndjson", [created(1)])
    deployment.sync()
    network = deployment.settings.active_networks()[0]
    with Lake.open(deployment.settings.paths) as lake, RpcPool.from_settings(network) as pool:
        ingest = EvmIngest(network, [], EvmSource(network, [], pool))
        assert not ingest.fetch(lake).is_news
