"""The stand-in for `warehouse.serving`: a published snapshot made of given rows.

Belongs here: tables and views as a snapshot has them. The tables come from the contracts, so a column that is renamed
there fails here. Does not: the rows (marts.py).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from warehouse.contracts.marts import (
    addresses,
    balances,
    daily_credits,
    hot_wallets,
    prices,
    session_timeline,
    sessions,
    transactions,
)
from warehouse.contracts.table import Table
from warehouse.duck import connect
from warehouse.manifest import Head, Manifest

Row = dict[str, Any]

NOW = datetime(2026, 1, 31, 17, 30, tzinfo=UTC)  # a Saturday

TABLES: tuple[Table, ...] = tuple(
    module.TABLE
    for module in (sessions, session_timeline, transactions, addresses, daily_credits, balances, hot_wallets, prices)
)


class GivenSnapshot:
    """Rows behind the interface of a published snapshot."""

    def __init__(self, rows: Mapping[str, Iterable[Row]], *, as_of: datetime = NOW, heads: Iterable[Head] = ()) -> None:
        self.manifest = Manifest(
            version=7,
            snapshot=1,
            batch_id=1,
            code_fingerprint="given",
            published_at=NOW,
            as_of={"live": as_of, "test": as_of},
            heads=list(heads),
            segments=[],
            views={},
        )
        self._database = connect(threads=1)
        self._database.execute("create schema marts")
        self._database.execute("create schema lookups")
        for table in TABLES:
            self._database.execute(table.ddl())
        self._database.execute(
            "create table marts.chain_heads (mode varchar, network varchar, head_block bigint, "
            "head_time timestamptz, finalized_block bigint, required_confirmations bigint)"
        )
        self._database.execute(
            "create view lookups.sessions as select session_id, mode, merchant_id, created_at from marts.sessions"
        )
        self._database.execute(
            "create view lookups.transactions as select tx_hash, mode, merchant_id, block_time from marts.transactions"
        )
        for name, given in rows.items():
            for row in given:
                self._insert(f"marts.{name}", row)

    def _insert(self, table: str, row: Row) -> None:
        columns, holders = ", ".join(row), ", ".join(f"${name}" for name in row)
        self._database.execute(f"insert into {table} ({columns}) values ({holders})", row)

    def rows(self, sql: str, parameters: Mapping[str, Any], /) -> list[Row]:
        """Run one statement on a cursor of its own."""
        cursor = self._database.cursor()
        try:
            cursor.execute(sql, dict(parameters))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
        finally:
            cursor.close()


class GivenReader:
    """Always the same snapshot, or none."""

    def __init__(self, snapshot: GivenSnapshot | None) -> None:
        self._snapshot = snapshot

    def snapshot(self) -> GivenSnapshot | None:
        """What was given."""
        return self._snapshot
