"""Raw tables of one deployment in memory, with what the settings say.

Belongs here: how rows get into raw, together and in batches. Does not: facts with a meaning (models.py).
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.gateway.batches import events_frame
from pipelines.gateway.events import Event, parse_line
from tests.support.branches import minute
from warehouse import model_runs
from warehouse.contracts import SCHEMAS, tables
from warehouse.domain.networks import Family
from warehouse.duck import connect

FAMILIES = {"BSC": Family.EVM, "ETH": Family.EVM}
BLOCK_SECONDS = 60
REQUIRED_CONFIRMATIONS = 3
TOKENS = {("BSC", "USDT"): 18, ("BSC", "USDC"): 18, ("ETH", "USDT"): 6, ("ETH", "USDC"): 6}
# The minute at which events are received: later than any of them.
_NOW = 10**6


def token_address(network: str, currency: str) -> str:
    """A token's contract in this world."""
    return "0x" + hashlib.sha256(f"{network}{currency}".encode()).hexdigest()[:40]


class RawTables:
    """An in-memory DuckDB with the tables of every contract, and the models' views over them."""

    def __init__(self) -> None:
        self.connection = connect(threads=1)
        for schema in (*SCHEMAS, "staging"):
            self.connection.execute(f"CREATE SCHEMA {schema}")
        for table in tables().values():
            self.connection.execute(table.ddl())
        self._registry()
        model_runs.create_views(self.connection)
        self._batch = 0
        self._transformed = -1
        self._events = 0
        # Stored together: a statement a row would be most of a test's time.
        self._new_events: list[Event] = []
        self._new_rows: dict[str, list[dict[str, Any]]] = {}

    def _registry(self) -> None:
        for rank, network in enumerate(FAMILIES, start=1):
            self._insert(
                "registry.networks",
                mode="live", network=network, family="evm", network_rank=rank,
                required_confirmations=REQUIRED_CONFIRMATIONS,
            )  # fmt: skip
        for (network, currency), decimals in TOKENS.items():
            self._insert(
                "registry.tokens",
                mode="live", network=network, currency=currency, token_address=token_address(network, currency),
                decimals=decimals, limit_base_units=Decimal(10 ** (12 + decimals)),
                scale_to_18=Decimal(10 ** (18 - decimals)),
            )  # fmt: skip
        self._insert(
            "registry.merchant_defaults",
            platform_fee_rate=Decimal("0.01"), withdrawal_fee_rate=Decimal("0.001"), default_currency="USDT",
        )  # fmt: skip

    def _insert(self, table: str, **values: Any) -> None:
        marks = ", ".join(f"${name}" for name in values)
        self.connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", values)

    def new_batch(self) -> None:
        """What follows arrives later than what came before."""
        self.store()
        self._batch += 1

    def event(
        self,
        event_type: str,
        at: float,
        data: dict[str, Any],
        *,
        merchant: str | None = "mer_1",
        mode: str = "live",
        event_id: str = "",
    ) -> str:
        """Receive one gateway event that happened at minute `at`; it goes through the real parser.

        Returns:
            Its event id.
        """
        self._events += 1
        event_id = event_id or f"evt_{self._events:06d}"
        envelope = {
            "event_id": event_id,
            "type": event_type,
            "occurred_at": minute(at).isoformat(),
            "merchant_id": merchant,
        }
        line = json.dumps({**envelope, "mode": mode, "data": data}).encode()
        parsed = parse_line(line, now=minute(_NOW), families=FAMILIES, source="test", position=self._events)
        assert isinstance(parsed, Event), parsed
        self._new_events.append(parsed)
        return event_id

    def store(self) -> None:
        """Put what was received into raw; whatever reads or computes here does it first."""
        if self._new_events:
            self._append("raw.gateway_events", events_frame(self._new_events), at=_NOW)
        for table, rows in self._new_rows.items():
            self._append(table, rows)
        self._new_events, self._new_rows = [], {}

    def _append(self, table: str, rows: list[dict[str, Any]] | pl.DataFrame, at: float = 0) -> None:
        frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, schema=_schema(table))
        if "received_at" in tables()[table].columns:
            frame = frame.with_columns(pl.lit(minute(at), pl.Datetime("us", "UTC")).alias("received_at"))
        names = ", ".join(frame.columns)
        self.connection.register("given", frame)
        self.connection.execute(f"INSERT INTO {table} ({names}, batch_id) SELECT {names}, {self._batch} FROM given")
        self.connection.unregister("given")


def _schema(table: str) -> dict[str, pl.DataType]:
    skipped = {"batch_id", "received_at"}
    return {name: column.dtype for name, column in tables()[table].columns.items() if name not in skipped}
