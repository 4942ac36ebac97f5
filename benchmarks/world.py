"""A deployment with many sessions, its raw rows written straight into the lake.

Belongs here: a plausible past of many merchants on three networks, by seed. Does not belong here: measuring
(`lake.py`), the rows themselves (`world_rows.py`).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from benchmarks import world_rows
from warehouse import migrate
from warehouse.contracts import tables
from warehouse.domain.networks import Mode
from warehouse.lake import Lake, Write
from warehouse.settings import Settings, load_settings

MERCHANTS = 200
# It has a tenth of all sessions; the others share the rest evenly.
BIG_MERCHANT = "mer_1"
USUAL_MERCHANT = "mer_2"
# As many as make five millions a year.
SESSION_SECONDS = 6.3
BLOCK_SECONDS = 12
CONFIRMATIONS = 15
NETWORKS = ("BSC", "ETH", "POL")
MODE: Mode = "live"
_STEP = timedelta(days=31)


def settings_of(folder: Path) -> Settings:
    """Settings of a deployment in the folder: three networks, which are never asked."""
    config = folder / "paylake.toml"
    networks = "".join(
        f'[networks.live.{network}]\nrpc_urls = ["http://127.0.0.1:1"]\nrequired_confirmations = {CONFIRMATIONS}\n'
        for network in NETWORKS
    )
    config.write_text(
        f"[warehouse]\ndata_dir = {json.dumps(str(folder / 'data'))}\n{networks}"
        "[api.rate_limits]\nstandard_per_minute = 1000000\n"
    )
    return load_settings(config, {})


class World:
    """So many sessions, evenly spread over the time before now, with two transfers each.

    Args:
        lake: where the rows go; its tables are made.
        settings: the deployment's.
        sessions: how many there are when everything is written.
        seed: the same arguments give the same rows, relative to `end`.
        session_seconds: between one session and the next.

    Attributes:
        start: when the first session was created.
        end: the present.
        written_until: rows before this moment are in the lake.
    """

    def __init__(
        self,
        lake: Lake,
        settings: Settings,
        sessions: int,
        *,
        seed: int = 1,
        session_seconds: float = SESSION_SECONDS,  # not money
    ) -> None:
        self._lake = lake
        self.end = datetime.now(UTC).replace(microsecond=0)
        self.start = self.end - timedelta(seconds=session_seconds * sessions)
        self.written_until = self.start
        migrate.prepare(lake, settings)
        plan = {"sessions": sessions, "seed": seed, "merchants": MERCHANTS, "start": self.start}
        plan |= {"pause_us": int(session_seconds * 1_000_000)}
        connection = lake.connection
        contracts = [
            {"network": token.network, "currency": token.currency, "token": token.address, "decimals": token.decimals}
            for network in NETWORKS
            for token in settings.tokens(MODE, network)
        ]
        connection.register("token_contracts", pl.DataFrame(contracts))
        connection.execute(world_rows.SESSIONS, plan)
        connection.execute(world_rows.TRANSFERS, {"seed": seed, "block_seconds": BLOCK_SECONDS})

    def write_until(self, moment: datetime) -> int:
        """Append what happened from where it stands up to this moment, a month a transaction; how many transfers."""
        transfers = 0
        while self.written_until < moment:
            high = min(self.written_until + _STEP, moment)
            transfers += self._lake.write_tx(lambda write, high=high: self._write(write, high))
            self.written_until = high
        return transfers

    def write_in(self, write: Write, moment: datetime) -> int:
        """The same within the caller's transaction."""
        transfers = self._write(write, moment)
        self.written_until = moment
        return transfers

    def move_head(self, write: Write, moment: datetime) -> None:
        """Let the heads of all chains be at this moment."""
        _write_heads(write, moment)

    def moment_before_last(self, transfers: int) -> datetime:
        """When there were so many transfers fewer than at the end."""
        row = self._lake.connection.execute(
            "SELECT block_time FROM world_transfers WHERE block_time < $end "
            "ORDER BY block_time DESC OFFSET $offset LIMIT 1",
            {"end": self.end, "offset": transfers},
        ).fetchone()
        assert row is not None, "the world is smaller than that"
        return row[0]

    def _write(self, write: Write, high: datetime) -> int:
        span = {"low": self.written_until, "high": high}
        stamps = {"batch_id": write.batch_id, "received_at": write.received_at}
        connection = write.connection
        if self.written_until == self.start:
            connection.execute(world_rows.HOT_WALLETS, {"start": self.start} | stamps)
        connection.execute(world_rows.EVENTS, span | stamps)
        connection.execute(world_rows.BLOCKS, span | stamps | {"seconds": BLOCK_SECONDS, "more": CONFIRMATIONS - 1})
        row = connection.execute(world_rows.LOGS, span | stamps).fetchone()
        _write_heads(write, high)
        return int(row[0]) if row else 0


def _write_heads(write: Write, moment: datetime) -> None:
    block = int(moment.timestamp()) // BLOCK_SECONDS
    rows = [
        {
            "mode": MODE,
            "network": network,
            "head_block": block,
            "head_hash": f"0x{block:064x}",
            "head_time": datetime.fromtimestamp(block * BLOCK_SECONDS, UTC),
            "finalized_block": block - 2 * CONFIRMATIONS,
            "observed_at": write.received_at,
            "window_hashes": [f"0x{block:064x}"],
        }
        for network in NETWORKS
    ]
    columns = tables()["state.chain_heads"].columns
    schema = {name: column.dtype for name, column in columns.items() if name != "batch_id"}
    write.replace("state.chain_heads", pl.DataFrame(rows, schema=schema))
