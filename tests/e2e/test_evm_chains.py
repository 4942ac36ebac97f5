"""Three chains in every trouble at once: payments, reorganisations, addresses told of late, kill -9 at any point.

In the end the lake holds what the nodes' own logs say, its tables are those of a rebuild, and those of a fresh data
directory that only ever saw the chains as they are now.
"""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import polars as pl
import pytest

from pipelines.demo.real_tokens import EvmNetwork
from tests.e2e.test_kill import derived, run_killed
from tests.evidence import Evidence
from tests.support.deployment import all_items
from tests.support.killed import POINTS
from tests.support.node_oracle import OracleTransfer, all_transfers
from tests.support.restless_chains import HOT_WALLET, MERCHANTS, RestlessChains, deployment_of, restless_chains
from warehouse import migrate
from warehouse.lake import Lake

ON_CHAIN = """
SELECT block_number, log_index, block_hash, tx_hash, token_address, from_address, to_address, amount_text
FROM raw.evm_transfer_logs
ANTI JOIN staging.orphaned_blocks USING (mode, network, block_hash)
WHERE network = $network
ORDER BY ALL
"""
LOSS = "DELETE FROM raw.evm_transfer_logs WHERE tx_hash = (SELECT max(tx_hash) FROM marts.transactions)"
# The points of a pass; those before it are the feed's, and have a test of their own.
KILLS = [point for point in POINTS if "hand-over" not in point]


def trouble(world: RestlessChains, rounds: int, kills: int) -> int:
    """Rounds of life, each followed by a pass, some of which die half-way; how many did."""
    deadly = set(world.draw.sample(range(1, rounds), kills))
    died = 0
    for number in range(rounds):
        world.live()
        if number in deadly:
            died += is_killed(world, world.draw.choice(KILLS))
        else:
            world.deployment.sync()
    world.tell(share=1.0)
    for node in world.nodes.values():
        node.mine()
    assert world.deployment.sync()[-1].problems == []
    return died


def is_killed(world: RestlessChains, point: str) -> bool:
    """Run a pass that dies at the point; one that has nothing to do there lives."""
    done = run_killed(world.deployment, point, "sync", "--once")
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def watched_by(world: RestlessChains, network: EvmNetwork) -> list[OracleTransfer]:
    """What the node says moved from or to the session's addresses and the hot wallet, in the tokens that count."""
    watched = {HOT_WALLET, *(address for at, _, address in world.places if at == network)}
    tokens = {token.address for token in world.tokens(network).values()}
    transfers = all_transfers(world.nodes[network].url)
    return [one for one in transfers if one.token in tokens and {one.sender, one.receiver} & watched]


def check_transfers(world: RestlessChains) -> None:
    """The lake's transfers are the nodes' own."""
    with Lake.open(world.deployment.settings.paths, read_only=True) as lake:
        for network in world.nodes:
            rows = [tuple(row.values()) for row in lake.rows(ON_CHAIN, {"network": network})]
            truth = [one.as_stored for one in watched_by(world, network)]
            missing, phantom = set(truth) - set(rows), set(rows) - set(truth)
            assert (len(missing), len(phantom), len(rows)) == (0, 0, len(truth)), network


def without_history(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables without what only a witness of the reorganisations can know."""
    timeline = tables["marts.session_timeline"].filter(pl.col("event") != "payment_orphaned").drop("sequence")
    told = tables | {
        "marts.session_timeline": timeline.sort(pl.all()),
        "marts.sessions": tables["marts.sessions"].drop("updated_at"),
    }
    # nor the batch that brought a row
    return {name: frame.drop("batch_id", strict=False).sort(pl.all()) for name, frame in told.items()}


def check_tables(world: RestlessChains, folder: Path) -> None:
    """Derived tables are those of a rebuild, and of a fresh start."""
    seen = derived(world.deployment)
    with Lake.open(world.deployment.settings.paths) as lake:
        migrate.rebuild(lake, world.deployment.settings)
    assert_equal(seen, derived(world.deployment), "a rebuild")
    fresh = deployment_of(folder, world.nodes)
    for file in world.deployment.inbox.iterdir():
        (fresh.inbox / file.name).write_bytes(file.read_bytes())
    assert fresh.sync()[-1].problems == []
    assert_equal(without_history(seen), without_history(derived(fresh)), "a fresh start")


def assert_equal(tables: dict[str, pl.DataFrame], others: dict[str, pl.DataFrame], what: str) -> None:
    for name, frame in tables.items():
        assert frame.equals(others[name]), f"{name} differs from {what}"


def check_answers(world: RestlessChains) -> None:
    """The API shows every transfer that moved money to or from an address, and no other."""
    shown: set[tuple[str, str]] = set()
    with world.deployment.serve() as url:
        for merchant in MERCHANTS:
            headers = {"X-API-Key": world.deployment.key(merchant)}
            with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
                items = all_items(client, "/transactions", "transactions")
            shown |= {(item["network"], item["tx_hash"]) for item in items}
    moved = {
        (network, one.tx_hash)
        for network in world.nodes
        for one in watched_by(world, network)
        if one.amount and one.sender != one.receiver
    }
    assert shown == moved


@pytest.mark.timeout(1800)
def test_the_books_are_the_chains_whatever_happens(tmp_path: Path, evidence: Evidence) -> None:
    with restless_chains(tmp_path / "d", evidence.seed) as world:
        rounds = evidence.cases(test=3, evidence=40)
        assert trouble(world, rounds, kills=rounds // 3)
        assert world.replaced_blocks
        check_transfers(world)
        check_tables(world, tmp_path / "fresh")
        check_answers(world)
        with evidence.planted_fault("a transfer that is lost"):
            with Lake.open(world.deployment.settings.paths) as lake:
                lake.write_tx(lambda write: write.connection.execute(LOSS))
            check_transfers(world)
