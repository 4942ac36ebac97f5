"""Following a real chain that changes its mind, through nodes that lag and refuse: no transfer missing, none too many.

Each round sends random transfers, replaces blocks, registers addresses late, and reads. What is in the lake and on the
chain is compared with the node's own logs whenever the head was reached.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.chains.evm import EvmSource
from pipelines.chains.rpc_pool import RpcPool
from pipelines.demo.anvil import Anvil, Transaction
from pipelines.demo.evm_tokens import minting, place_token, transfer
from pipelines.gateway import inbox
from pipelines.gateway import store as feed_store
from pipelines.ingest.evm import EvmIngest
from pipelines.ingest.window import read_window
from tests.evidence import Evidence
from tests.support.anvil_fixtures import BSC_GENESIS, BSC_USDC, BSC_USDT
from tests.support.deployment import Deployment
from tests.support.evm_truth import QUICK
from tests.support.hostile_node import HostileNode
from tests.support.lagging import Lagging
from tests.support.naive_source import NaiveSource
from tests.support.node_oracle import all_transfers, node_says
from warehouse import migrate
from warehouse.errors import ChainUnavailable
from warehouse.lake import Lake
from warehouse.manifest import utc_now

FINALITY = 8
ADDRESSES = [f"0x{0xAA0000 + number:040x}" for number in range(24)]
PAYERS = [f"0x{0xBB0000 + number:040x}" for number in range(4)]
ON_CHAIN = """
SELECT block_number, log_index, block_hash, tx_hash, token_address, from_address, to_address, amount_text
FROM raw.evm_transfer_logs
ANTI JOIN staging.orphaned_blocks USING (mode, network, block_hash)
ORDER BY ALL
"""
KEY = {"mode": "live", "network": "BSC"}


@dataclass
class Shop:
    """A chain, a provider in front of it, a lake behind it, and addresses that become known one by one."""

    node: Anvil
    provider: Lagging
    deployment: Deployment
    lake: Lake
    pool: RpcPool
    source: type[EvmSource]
    draw: random.Random
    registered: list[str] = field(default_factory=list)
    compared: int = 0
    orphaned: int = 0
    unavailable: int = 0

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """A fresh process: it remembers nothing."""
        settings = self.deployment.settings
        (network,) = settings.active_networks()
        tokens = settings.tokens("live", "BSC")
        self.ingest = EvmIngest(network, tokens, self.source(network, tokens, self.pool))

    def register(self) -> None:
        """One more address is told of, always as created when the chain began."""
        number = len(self.registered)
        if number == len(ADDRESSES):
            return
        data = {"address_id": number + 1, "network": "BSC", "currency": "USDT", "address": ADDRESSES[number]}
        event = {
            "event_id": f"a{number}", "type": "address.created", "occurred_at": BSC_GENESIS.isoformat(),
            "merchant_id": "mer_1", "mode": "live", "data": data,
        }  # fmt: skip
        self.deployment.drop(f"{number}.ndjson", [event])
        files = inbox.iter_inbox(
            self.deployment.inbox, lambda _: False, now=utc_now, families=self.deployment.settings.families
        )
        for batch in files:
            feed_store.append(self.lake, batch)
        for file in self.deployment.inbox.iterdir():
            file.unlink()
        self.registered.append(ADDRESSES[number])

    def transfers(self, most: int = 5) -> list[Transaction]:
        """Random transfers to, from and between addresses, known or not yet."""
        parties = [*ADDRESSES, *PAYERS]
        return [
            transfer(self.draw.choice((BSC_USDT, BSC_USDC)), sender, receiver, self.draw.choice((0, 1, 10**18)))
            for sender, receiver in (self.draw.sample(parties, 2) for _ in range(self.draw.randint(0, most)))
        ]

    def live(self) -> None:
        """Something happens on the chain."""
        luck = self.draw.random()
        if luck < 0.12:
            depth = self.draw.randint(1, FINALITY - 2)
            self.node.reorg(depth, [(sent, self.draw.randrange(depth)) for sent in self.transfers()])
        elif luck < 0.18:
            self.node.rollback(self.draw.randint(1, 4))
            self.node.send_and_mine(self.transfers())
        else:
            self.node.send_and_mine(self.transfers())
            self.node.mine(blocks=self.draw.randint(1, 2))

    def read(self, *, every_head: bool = False) -> None:
        """One pass; where the provider fails it is given up, as `paylake sync` would."""
        try:
            fetched = self.ingest.fetch(self.lake, every_head=every_head)
        except ChainUnavailable:
            self.unavailable += 1
            return
        if fetched.is_news:
            self.orphaned += len(fetched.left)
            self.lake.write_tx(lambda write: self.ingest.commit(write, fetched))
            self.ingest.committed()

    def read_to_the_head(self) -> None:
        """As many honest passes as it takes."""
        self.provider.is_honest = True
        self.node.mine()
        for _ in range(2):
            self.read(every_head=True)
        self.provider.is_honest = False

    def compare(self) -> None:
        """The lake's transfers and blocks are the node's."""
        tokens, known = {BSC_USDT, BSC_USDC}, set(self.registered)
        truth = [
            one.as_stored
            for one in all_transfers(self.node.url)
            if one.token in tokens and {one.sender, one.receiver} & known
        ]
        rows = [tuple(row.values()) for row in self.lake.rows(ON_CHAIN)]
        missing, phantom = set(truth) - set(rows), set(rows) - set(truth)
        assert (missing, phantom, len(rows)) == (set(), set(), len(truth)), f"{len(missing)} {len(phantom)}"
        window = read_window(self.lake, KEY)
        assert window is not None
        assert window.head.number == self.node.block_number()
        for ref in window.refs:
            assert node_says(self.node.url, "eth_getBlockByNumber", hex(ref.number), False)["hash"] == ref.hash
        self.compared += 1


@contextmanager
def shop(folder: Path, seed: int, source: type[EvmSource] = EvmSource) -> Generator[Shop]:
    draw = random.Random(seed)
    with (
        Anvil(56, genesis_time=BSC_GENESIS, finality_blocks=FINALITY) as node,
        HostileNode(node.url) as front,
    ):
        for token, symbol in ((BSC_USDT, "USDT"), (BSC_USDC, "USDC")):
            place_token(node, token, name=symbol, symbol=symbol, decimals=18)
            node.send_and_mine([minting(token, party, 10**30) for party in (*ADDRESSES, *PAYERS)])
        node.send_and_mine([Transaction(party, party) for party in (*ADDRESSES, *PAYERS)])
        node.mine(at=BSC_GENESIS + timedelta(hours=1), blocks=FINALITY)
        deployment = Deployment(folder, bsc_url=front.url, has_lake=True)
        (network,) = deployment.settings.active_networks()
        front.rule = provider = Lagging(front, draw)
        with Lake.open(deployment.settings.paths) as lake, RpcPool.from_settings(network, QUICK) as pool:
            migrate.prepare(lake, deployment.settings)
            yield Shop(node, provider, deployment, lake, pool, source, draw)


def trade(shop: Shop, rounds: int) -> None:
    """Rounds of life and reading, compared every tenth round."""
    for number in range(1, rounds + 1):
        if not shop.registered or shop.draw.random() < 0.08:
            shop.register()
        shop.live()
        if shop.draw.random() < 0.1:
            shop.start()
        shop.read(every_head=shop.draw.random() < 0.5)
        if number % 10 == 0:
            shop.read_to_the_head()
            shop.compare()


@pytest.mark.timeout(1800)
def test_what_was_followed_is_what_the_node_has(tmp_path: Path, evidence: Evidence) -> None:
    with shop(tmp_path / "d", evidence.seed) as here:
        trade(here, evidence.cases(test=30, evidence=400))
        assert here.compared
        assert here.orphaned, "no block was ever replaced"
        assert here.unavailable, "the provider never failed"


@pytest.mark.timeout(600)
def test_a_follower_by_numbers_is_caught(tmp_path: Path, evidence: Evidence) -> None:
    with shop(tmp_path / "d", evidence.seed, NaiveSource) as here, evidence.planted_fault("the head read by numbers"):
        trade(here, evidence.cases(test=50, evidence=50))
