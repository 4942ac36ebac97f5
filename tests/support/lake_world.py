"""A deployment whose lake holds the business of several merchants, published; no node and no feed behind it.

Belongs here: raw rows as ingest writes them, then a pass from there on. Does not: what happened (merchants.py).
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.gateway import store as feed_store
from pipelines.gateway.batches import FeedBatch, RefusedLine
from pipelines.gateway.events import Event, parse_line
from pipelines.hand_over import HandOver
from tests.support.branches import Branches, minute
from tests.support.deployment import Deployment
from tests.support.merchants import CHAINS, HEAD_BLOCK, Business, hot_wallet
from warehouse import migrate
from warehouse.contracts import tables
from warehouse.lake import Lake, Write
from warehouse.publish import publish
from warehouse.settings import Settings
from warehouse.store.connection import Store, open_store

FINALIZED_BLOCK = HEAD_BLOCK - 30
PLACES = [(mode, network) for mode, networks in CHAINS.items() for network in networks]
# The presets know no tokens of the test network.
_TEST_TOKENS = """
[networks.test.BSC.tokens.USDT]
address = "0x1111111111111111111111111111111111111111"
decimals = 18
[networks.test.BSC.tokens.USDC]
address = "0x2222222222222222222222222222222222222222"
decimals = 18
"""
_BLOCKS = Branches()


def deployment_of_chains(folder: Path) -> Deployment:
    """A deployment to which the chains of `PLACES` are known, though nobody answers for them."""
    deployment = Deployment(folder)
    lines = [f'[networks.{mode}.{network}]\nrpc_urls = ["http://127.0.0.1:1"]\n' for mode, network in PLACES]
    deployment.config.write_text(deployment.config.read_text() + "".join(lines) + _TEST_TOKENS)
    return deployment


class LakeWorld:
    """One deployment's lake and operational store, its chains at HEAD_BLOCK."""

    def __init__(self, settings: Settings, lake: Lake, store: Store) -> None:
        self.lake = lake
        self.store = store
        self._settings = settings
        self._hand_over = HandOver(lake, store)

    @classmethod
    @contextmanager
    def open(cls, settings: Settings) -> Generator[LakeWorld]:
        """The lake of this deployment; one that is new gets its chains and the gateway's wallets."""
        with Lake.open(settings.paths) as lake, open_store(settings) as store:
            world = cls(settings, lake, store)
            if migrate.prepare(lake, settings):
                world._begin()
            yield world

    def take_in(self, *businesses: Business, lines: Iterable[bytes] = ()) -> None:
        """What these merchants did, and further lines of the feed, as one pass of sync takes them in."""
        written = [json.dumps(event).encode() for business in businesses for event in business.events]
        self._receive([*written, *lines])

        def body(write: Write) -> None:
            logs = [self._log(business, row) for business in businesses for row in business.transfers]
            _append(write, "raw.evm_transfer_logs", logs)
            migrate.transform(write)

        self.lake.write_tx(body)
        assert publish(self.lake) is not None
        assert self._hand_over.run() == []

    def _begin(self) -> None:
        def body(write: Write) -> None:
            _append(write, "state.chain_heads", [_head(*place) for place in PLACES])
            _append(write, "raw.evm_blocks", [_header(*place, n) for place in PLACES for n in range(1, HEAD_BLOCK + 1)])

        self.lake.write_tx(body)
        self._receive([_wallet_line(*place) for place in PLACES])

    def _receive(self, lines: list[bytes]) -> None:
        """Lines of the feed into raw: events, or the quarantine."""
        batch = FeedBatch("test")
        for line in lines:
            parsed = parse_line(
                line, now=minute(10**6), families=self._settings.families, source="test", position=batch.received
            )
            if isinstance(parsed, Event):
                batch.events.append(parsed)
            else:
                refused = RefusedLine("test", line, batch.received, parsed.reason_code, parsed.reason)
                batch.refusals.append(refused)
        feed_store.append(self.lake, batch)

    def _log(self, business: Business, row: dict[str, Any]) -> dict[str, Any]:
        mode, network, block = business.tenant.mode, row["network"], row["block_number"]
        token = next(token for token in self._settings.tokens(mode, network) if token.currency == row["currency"])
        with localcontext(prec=60):
            units = int(row["amount"].scaleb(token.decimals))
        place = {name: row[name] for name in ("block_number", "tx_hash", "log_index", "from_address", "to_address")}
        return {
            "mode": mode, "network": network, "block_hash": _block_hash(mode, network, block),
            "block_time": minute(block), "token_address": token.address, "topic_count": 3,
            "amount_text": str(units), "amount_base_units": Decimal(units), **place,
        }  # fmt: skip


def _append(write: Write, table: str, rows: list[dict[str, Any]]) -> None:
    stamped = {"batch_id", "received_at"}
    schema = {name: column.dtype for name, column in tables()[table].columns.items() if name not in stamped}
    write.append(table, pl.DataFrame(rows, schema=schema))


def _block_hash(mode: str, network: str, block: int) -> str:
    return _BLOCKS.hash(mode + network, block, "")


def _head(mode: str, network: str) -> dict[str, Any]:
    block_hash = _block_hash(mode, network, HEAD_BLOCK)
    return {
        "mode": mode, "network": network, "head_block": HEAD_BLOCK, "head_hash": block_hash,
        "head_time": minute(HEAD_BLOCK), "finalized_block": FINALIZED_BLOCK, "window_hashes": [block_hash],
        "observed_at": minute(HEAD_BLOCK),
    }  # fmt: skip


def _header(mode: str, network: str, block: int) -> dict[str, Any]:
    return {
        "mode": mode, "network": network, "block_number": block, "block_hash": _block_hash(mode, network, block),
        "parent_hash": _block_hash(mode, network, block - 1), "block_time": minute(block),
    }  # fmt: skip


def _wallet_line(mode: str, network: str) -> bytes:
    data = {"network": network, "address": hot_wallet(mode, network)}
    envelope = {"event_id": f"evt_{mode}_{network}", "type": "hot_wallet.registered", "mode": mode}
    return json.dumps({**envelope, "occurred_at": minute(0).isoformat(), "merchant_id": None, "data": data}).encode()
