"""A real chain of random transfers and what must be true of any backfill of it."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from pipelines.chains.decode import TRANSFER_LOG_SCHEMA
from pipelines.chains.evm import EvmSource, LogBatch
from pipelines.chains.rpc import RetryPolicy
from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import deploy_token, minting, transfer
from tests.support.anvil_fixtures import BSC_GENESIS, BSC_USDC, BSC_USDT
from tests.support.node_oracle import OracleTransfer, all_transfers
from warehouse.settings import NetworkSettings, load_settings

QUICK = RetryPolicy(attempts=2, wait_seconds=0.001, timeout_seconds=5)
WATCHED = [f"0x{0xD00000 + number:040x}" for number in range(40)]
OUTSIDERS = [f"0x{0xE00000 + number:040x}" for number in range(10)]
BLOCKS = 60


def send_random_transfers(node: Anvil) -> None:
    """Transfers to, from and between watched and other wallets, of zero, to oneself, of a forged token."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    forged = deploy_token(node, name="Tether USD", symbol="USDT", decimals=18)
    tokens = (BSC_USDT, BSC_USDC, forged)
    everyone = [*WATCHED, *OUTSIDERS]
    node.send_and_mine([minting(token, wallet, 10**30) for token in tokens for wallet in everyone])
    for block in range(BLOCKS):
        amounts = (0, 1, draw.getrandbits(60), draw.getrandbits(80))
        node.send_and_mine(
            [
                transfer(draw.choice(tokens), draw.choice(everyone), draw.choice(everyone), draw.choice(amounts))
                for _ in range(draw.randint(0, 12))
            ],
            at=BSC_GENESIS + timedelta(hours=1, seconds=block // 2),
        )
    node.send_and_mine([transfer(BSC_USDT, WATCHED[3], WATCHED[3], 7), minting(BSC_USDC, WATCHED[0], 2**200)])
    node.mine(blocks=5)


def watched_transfers(node: Anvil) -> list[OracleTransfer]:
    """What the node says was transferred from or to the watched wallets in the real tokens."""
    watched, tokens = set(WATCHED), {BSC_USDT, BSC_USDC}
    return [one for one in all_transfers(node.url) if one.token in tokens and {one.sender, one.receiver} & watched]


def bsc_settings(*urls: str, **changes: Any) -> NetworkSettings:
    settings = load_settings(environ={}).networks["live"]["BSC"]
    return NetworkSettings.model_validate({**settings.model_dump(), "rpc_urls": urls, **changes})


def as_truth(frame: pl.DataFrame) -> list[OracleTransfer]:
    return [
        OracleTransfer(
            row["block_number"],
            row["log_index"],
            row["block_hash"],
            row["block_time"],
            row["tx_hash"],
            row["token_address"],
            row["from_address"],
            row["to_address"],
            int(row["amount_text"]),
        )
        for row in frame.iter_rows(named=True)
    ]


def assert_covers(batches: Sequence[LogBatch], first: int, last: int) -> None:
    """The batches follow one another without gap and hold only rows of their own range."""
    at = first
    for batch in batches:
        assert batch.from_block == at
        assert batch.frame.schema == pl.Schema(TRANSFER_LOG_SCHEMA)
        assert batch.frame["block_number"].is_between(batch.from_block, batch.to_block).all()
        at = batch.to_block + 1
    assert at == last + 1


def assert_equals_truth(source: EvmSource, chain: Anvil, truth: list[OracleTransfer]) -> list[LogBatch]:
    last = chain.block_number()
    batches = list(source.backfill(WATCHED, 0, last))
    assert_covers(batches, 0, last)
    assert as_truth(pl.concat(batch.frame for batch in batches)) == truth
    return batches
