"""A deployment with many sessions, its raw rows written straight into the lake.

Belongs here: a plausible past of many merchants, by seed. Does not belong here: measuring (`lake.py`).
"""

from __future__ import annotations

import hashlib
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import polars as pl

from warehouse import migrate
from warehouse.contracts import tables
from warehouse.lake import Lake, Write
from warehouse.settings import Settings, load_settings

MERCHANTS = 50
# The merchant whose pages are asked for; it has about a tenth of all sessions.
BIG_MERCHANT = "mer_1"
DAYS = 90
SESSIONS_PER_ADDRESS = 5
BLOCK_SECONDS = 3
CONFIRMATIONS = 15
TOKEN = "0x55d398326f99059ff775485246999027b3197955"  # noqa: S105 - a contract
_ENCODER = msgspec.json.Encoder(order="sorted")


def settings_of(folder: Path) -> Settings:
    """Settings of a deployment in the folder: one network, which is never asked."""
    config = folder / "paylake.toml"
    config.write_text(
        f"[warehouse]\ndata_dir = {json.dumps(str(folder / 'data'))}\n"
        f'[networks.live.BSC]\nrpc_urls = ["http://127.0.0.1:1"]\nrequired_confirmations = {CONFIRMATIONS}\n'
        "[api.rate_limits]\nstandard_per_minute = 1000000\n"
    )
    return load_settings(config, {})


def write_world(lake: Lake, settings: Settings, sessions: int, *, seed: int = 1) -> None:
    """Make the lake's tables and write the raw rows of so many sessions of the last days."""
    migrate.prepare(lake, settings)
    history = History(seed, sessions)
    for number in range(sessions):
        history.add_session(number)
    lake.write_tx(history.write)


def frame_of(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a frame of the table's types, without what the writer stamps."""
    columns = tables()[table].columns
    schema = {name: column.dtype for name, column in columns.items() if name not in ("batch_id", "received_at")}
    return pl.DataFrame(rows, schema=schema)


class History:
    """The raw rows of a past, session by session.

    Args:
        seed: the same arguments give the same rows, relative to `end`.
        sessions: how many there will be, spread evenly over the days.
        days: how far the past reaches.

    Attributes:
        end: the present; the head of the chain.
    """

    def __init__(self, seed: int, sessions: int, *, days: int = DAYS) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - a benchmark's own rows
        self._name = f"{seed}_{sessions}"
        self.end = datetime.now(UTC).replace(microsecond=0)
        self._start = self.end - timedelta(days=days)
        self._pause = timedelta(days=days) / (sessions + 1)
        self._addresses: dict[str, tuple[int, str, int]] = {}
        self._next_address_id = seed * 10**7
        self.events: list[dict[str, Any]] = []
        self.logs: list[dict[str, Any]] = []
        self.blocks: dict[int, dict[str, Any]] = {}

    def add_session(self, number: int) -> None:
        """One session with its address and, mostly, its payment."""
        draw = self._draw
        at = self._start + self._pause * (number + 1)
        merchant = BIG_MERCHANT if draw.random() < 0.1 else f"mer_{draw.randint(2, MERCHANTS)}"
        address_id, address = self._address(merchant, at)
        session_id = str(UUID(int=draw.getrandbits(128), version=4))
        cents = draw.randrange(500, 500_000)
        described = {
            "session_id": session_id, "reference": f"ORDER-{number}", "amount": f"{cents // 100}.{cents % 100:02d}",
            "currency": "USDT", "network": "BSC", "customer": {"email": f"buyer{number}@example.com", "name": None},
            "description": "two books", "callback_url": None, "metadata": {"order": number},
            "payment_url": f"https://pay.example/{session_id}", "expires_at": (at + timedelta(minutes=15)).isoformat(),
        }  # fmt: skip
        self._event("session.created", at, merchant, session_id, described)
        assigned = {"session_id": session_id, "address_id": address_id}
        self._event("session.address_assigned", at, merchant, session_id, assigned)
        if draw.random() < 0.85:
            self._pay(number, address, at + timedelta(seconds=draw.randint(30, 800)), cents * 10**16)

    def write(self, write: Write) -> None:
        """Append all rows, and the head at the end of the history."""
        write.append("raw.gateway_events", frame_of("raw.gateway_events", self.events))
        write.append("raw.evm_transfer_logs", frame_of("raw.evm_transfer_logs", self.logs))
        known = {row[0] for row in write.connection.execute("SELECT block_number FROM raw.evm_blocks").fetchall()}
        blocks = [row for number, row in self.blocks.items() if number not in known]
        write.append("raw.evm_blocks", frame_of("raw.evm_blocks", blocks))
        move_head(write, self.end)

    def _address(self, merchant: str, at: datetime) -> tuple[int, str]:
        address_id, address, uses = self._addresses.get(merchant, (0, "", SESSIONS_PER_ADDRESS))
        if uses == SESSIONS_PER_ADDRESS:
            address_id, address, uses = self._next_address_id, f"0x{self._draw.getrandbits(160):040x}", 0
            self._next_address_id += 1
            created = {"address_id": address_id, "network": "BSC", "currency": "USDT", "address": address}
            self._event("address.created", at, merchant, str(address_id), created, address)
        self._addresses[merchant] = (address_id, address, uses + 1)
        return address_id, address

    def _event(
        self, kind: str, at: datetime, merchant: str, object_id: str, data: dict[str, Any], address: str | None = None
    ) -> None:
        number = len(self.events) + 1
        envelope = {"event_id": f"evt_{self._name}_{number}", "type": kind, "occurred_at": at.isoformat()}
        text = _ENCODER.encode(envelope | {"merchant_id": merchant, "mode": "live", "data": data})
        row = {"event_id": envelope["event_id"], "type": kind, "occurred_at": at, "merchant_id": merchant}
        row |= {"mode": "live", "object_id": object_id, "address": address, "event": text.decode()}
        row |= {"metadata": "{}" if kind == "session.created" else None}
        row |= {"content_sha256": hashlib.sha256(text).hexdigest(), "source": "benchmark", "position": number}
        self.events.append(row)

    def _pay(self, number: int, address: str, at: datetime, base_units: int) -> None:
        place = {"mode": "live", "network": "BSC"}
        block = block_at(at)
        # The confirming block's header gives the time of confirmation.
        for height in (block, block + CONFIRMATIONS - 1):
            if time_of(height) <= self.end:
                hashes = {"block_hash": f"0x{height:064x}", "parent_hash": f"0x{height - 1:064x}"}
                self.blocks[height] = {**place, "block_number": height, **hashes, "block_time": time_of(height)}
        if time_of(block) > self.end:
            return
        log = {**place, "block_number": block, "block_hash": f"0x{block:064x}", "block_time": time_of(block)}
        log |= {"tx_hash": f"0x{hashlib.sha256(address.encode() + str(number).encode()).hexdigest()}"}
        log |= {"log_index": number % 10_000, "token_address": TOKEN, "from_address": "0x" + "be" * 20}
        amounts = {"amount_text": str(base_units), "amount_base_units": base_units}
        self.logs.append(log | {"to_address": address, "topic_count": 3} | amounts)


def move_head(write: Write, at: datetime) -> None:
    """Let the chain's head be at this time, everything up to it final."""
    block = block_at(at)
    head = {"mode": "live", "network": "BSC", "head_block": block, "head_hash": f"0x{block:064x}"}
    head |= {"head_time": time_of(block), "finalized_block": block, "observed_at": write.received_at}
    head |= {"window_hashes": [head["head_hash"]]}
    write.replace("state.chain_heads", frame_of("state.chain_heads", [head]))


def block_at(moment: datetime) -> int:
    """The newest block at a moment."""
    return int(moment.timestamp()) // BLOCK_SECONDS


def time_of(block: int) -> datetime:
    """The time of a block."""
    return datetime.fromtimestamp(block * BLOCK_SECONDS, UTC)
