"""The real SQL models over an in-memory DuckDB: given rows in, expected rows out.

Belongs here: short ways to state raw rows. Does not: any expectation. The lake around the models (transactions, locks,
snapshots) is tested apart; here only what the SQL says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Any

import polars as pl

from pipelines.gateway.batches import events_frame
from pipelines.gateway.events import Event, parse_line
from tests.support.branches import START, Branches, minute
from warehouse import model_runs, sql_models
from warehouse.contracts import SCHEMAS, tables
from warehouse.domain.networks import Family
from warehouse.duck import connect

FAMILIES = {"BSC": Family.EVM, "ETH": Family.EVM}
BLOCK_SECONDS = 60
REQUIRED_CONFIRMATIONS = 3
TOKENS = {("BSC", "USDT"): 18, ("BSC", "USDC"): 18, ("ETH", "USDT"): 6, ("ETH", "USDC"): 6}
PAYER = "0x" + "99" * 20
HOT_WALLET = "0x" + "ee" * 20


def token_address(network: str, currency: str) -> str:
    """A token's contract in this world."""
    return "0x" + hashlib.sha256(f"{network}{currency}".encode()).hexdigest()[:40]


def deposit(number: int) -> str:
    """A deposit address, canonical."""
    return "0x" + f"{number:040x}"


def session(number: int) -> str:
    """A session id."""
    return f"00000000-0000-4000-8000-{number:012d}"


class ModelWorld:
    """Raw tables of one deployment in memory, and the models over them.

    Args:
        branches: of its chains; it starts with the first one alone.
    """

    def __init__(self, branches: Branches | None = None) -> None:
        self.branches = branches or Branches()
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
        self._new_transfers: list[dict[str, Any]] = []

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
        parsed = parse_line(line, now=minute(10**6), families=FAMILIES, source="test", position=self._events)
        assert isinstance(parsed, Event), parsed
        self._new_events.append(parsed)
        return event_id

    def merchant(self, at: float, merchant: str = "mer_1", **data: Any) -> None:
        """merchant.updated."""
        full = {"name": "Shop", "email": "a@shop.example", "default_currency": "USDT", "platform_fee_rate": "0.01"}
        full |= {"withdrawal_fee_rate": "0.001", "status": "active"} | data
        self.event("merchant.updated", at, full, merchant=merchant)

    def hot_wallet(self, at: float, address: str = HOT_WALLET, network: str = "BSC") -> None:
        """hot_wallet.registered."""
        self.event("hot_wallet.registered", at, {"network": network, "address": address}, merchant=None)

    def address(self, number: int, at: float, *, network: str = "BSC", currency: str = "USDT", **envelope: Any) -> None:
        """address.created: id `number` at deposit(number), or at `address` if given."""
        address = envelope.pop("address", deposit(number))
        data = {"address_id": number, "network": network, "currency": currency, "address": address}
        self.event("address.created", at, data, **envelope)

    def session(
        self, number: int, at: float, *, amount: str = "100", expires: float | None = None, **changes: Any
    ) -> None:
        """session.created: expires 15 minutes after `at` unless said."""
        envelope = {key: changes.pop(key) for key in ("merchant", "mode", "event_id") if key in changes}
        data = {
            "session_id": session(number), "reference": f"ORDER-{number}", "amount": amount, "currency": "USDT",
            "network": "BSC", "customer": {"email": "payer@example.com", "name": "Payer"}, "description": None,
            "callback_url": None, "metadata": {}, "payment_url": None,
            "expires_at": minute(at + 15 if expires is None else expires).isoformat(),
        }  # fmt: skip
        self.event("session.created", at, data | changes, **envelope)

    def assign(self, session_number: int, address_number: int, at: float, **envelope: Any) -> None:
        """session.address_assigned."""
        data = {"session_id": session(session_number), "address_id": address_number}
        self.event("session.address_assigned", at, data, **envelope)

    def transfer(
        self, block: int, amount: str, *, to: str, sender: str = PAYER, network: str = "BSC", currency: str = "USDT",
        log_index: int = 0, topic_count: int = 3, token: str | None = None, branch: str = "",
    ) -> str:  # fmt: skip
        """A Transfer log in the block at height `block` of a branch; amount in tokens.

        Returns:
            Its transaction hash.
        """
        with localcontext(prec=60):
            units = int(Decimal(amount).scaleb(TOKENS[network, currency]))
        block_hash = self.branches.hash(network, block, branch)
        tx_hash = "0x" + hashlib.sha256(f"{block_hash}{log_index}{to}{sender}{amount}".encode()).hexdigest()
        row = {
            "mode": "live", "network": network, "block_number": block, "block_hash": block_hash,
            "block_time": self.branches.time(block, branch), "tx_hash": tx_hash, "log_index": log_index,
            "token_address": token or token_address(network, currency), "from_address": sender, "to_address": to,
            "topic_count": topic_count, "amount_text": str(units), "amount_base_units": Decimal(units),
        }  # fmt: skip
        self._new_transfers.append(row)
        return tx_hash

    def head(
        self, block: int, *, finalized: int | None = None, network: str = "BSC", branch: str = "",
        with_headers: bool = True,
    ) -> None:  # fmt: skip
        """The ingested head is now `block`; finalised up to it unless said, all headers up to it stored unless said."""
        self.connection.execute("DELETE FROM state.chain_heads WHERE network = $n", {"n": network})
        block_hash = self.branches.hash(network, block, branch)
        row = {
            "mode": "live", "network": network, "head_block": block, "head_hash": block_hash,
            "head_time": self.branches.time(block, branch), "window_hashes": [block_hash], "observed_at": START,
            "finalized_block": block if finalized is None else finalized,
        }  # fmt: skip
        self._append("state.chain_heads", [row])
        if with_headers:
            self.headers(block, network=network, branch=branch)

    def headers(self, up_to: int, *, network: str = "BSC", branch: str = "") -> None:
        """Store the headers of a branch up to block `up_to` that are not stored yet."""
        stored = self.held_blocks(network)
        headers = [
            {
                "mode": "live", "network": network, "block_number": number,
                "block_hash": self.branches.hash(network, number, branch),
                "parent_hash": self.branches.hash(network, number - 1, branch) if number else "0x" + "00" * 32,
                "block_time": self.branches.time(number, branch),
            }
            for number in range(up_to + 1)
        ]  # fmt: skip
        self._append("raw.evm_blocks", [header for header in headers if header["block_hash"] not in stored])

    def held_blocks(self, network: str, table: str = "raw.evm_blocks") -> set[str]:
        """The hashes of a network's blocks of which a raw table has rows."""
        self.store()
        sql = f"SELECT DISTINCT block_hash FROM {table} WHERE network = $n"
        return {row[0] for row in self.connection.execute(sql, {"n": network}).fetchall()}

    def orphan(self, *blocks: int, network: str = "BSC", branch: str = "", at: float = 0) -> None:
        """These blocks have left the chain, as is noticed at minute `at`."""
        self._mark(blocks, network, branch, at, is_orphaned=True)

    def bring_back(self, *blocks: int, network: str = "BSC", branch: str = "", at: float = 0) -> None:
        """These blocks are on the chain again."""
        self._mark(blocks, network, branch, at, is_orphaned=False)

    def _mark(self, blocks: Iterable[int], network: str, branch: str, at: float, *, is_orphaned: bool) -> None:
        rows = [
            {
                "mode": "live", "network": network, "block_number": block,
                "block_hash": self.branches.hash(network, block, branch), "is_orphaned": is_orphaned,
            }
            for block in blocks
        ]  # fmt: skip
        self._append("raw.evm_block_marks", rows, at)

    def store(self) -> None:
        """Put what was received into raw; whatever reads or computes here does it first."""
        if self._new_events:
            self._append("raw.gateway_events", events_frame(self._new_events))
        if self._new_transfers:
            self._append("raw.evm_transfer_logs", self._new_transfers)
        self._new_events, self._new_transfers = [], []

    def _append(self, table: str, rows: list[dict[str, Any]] | pl.DataFrame, at: float = 0) -> None:
        frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, schema=_schema(table))
        if "received_at" in tables()[table].columns:
            frame = frame.with_columns(pl.lit(minute(at), pl.Datetime("us", "UTC")).alias("received_at"))
        names = ", ".join(frame.columns)
        self.connection.register("given", frame)
        self.connection.execute(f"INSERT INTO {table} ({names}, batch_id) SELECT {names}, {self._batch} FROM given")
        self.connection.unregister("given")

    def refresh(self) -> None:
        """Bring derived tables up to date with what arrived since the last refresh."""
        self.store()
        model_runs.run(self.connection, self._transformed)
        self._transformed = self._batch
        self._batch += 1
        self.connection.execute("DELETE FROM state.transformed_heads")
        self.connection.execute(
            "INSERT INTO state.transformed_heads "
            "SELECT mode, network, head_block, head_time, finalized_block, batch_id FROM state.chain_heads"
        )

    def rebuild(self) -> None:
        """Empty derived tables and compute them from raw."""
        for table in sql_models.derived_tables():
            self.connection.execute(f"DELETE FROM {table.name}")
        self.connection.execute("DELETE FROM state.transformed_heads")
        self._transformed = -1
        self.refresh()

    def rows(self, table: str, columns: str = "*", where: str = "true") -> list[dict[str, Any]]:
        """Rows of a table, in the order of its grain."""
        self.store()
        order = ", ".join(next(model.grain for model in sql_models.models() if model.name == table))
        cursor = self.connection.execute(f"SELECT {columns} FROM {table} WHERE {where} ORDER BY {order}")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, table: str, columns: str = "*", where: str = "true") -> dict[str, Any]:
        """The only row there is."""
        (row,) = self.rows(table, columns, where)
        return row

    def derived(self) -> dict[str, list[dict[str, Any]]]:
        """Every derived table, whole."""
        return {table.name: self.rows(table.name) for table in sql_models.derived_tables()}


def _schema(table: str) -> dict[str, pl.DataType]:
    skipped = {"batch_id", "received_at"}
    return {name: column.dtype for name, column in tables()[table].columns.items() if name not in skipped}
