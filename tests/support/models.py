"""The real SQL models over an in-memory DuckDB: given rows in, expected rows out.

Belongs here: short ways to state raw rows. Does not: any expectation. The lake around the models (transactions, locks,
snapshots) is tested apart; here only what the SQL says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Any

from tests.support.branches import START, Branches, minute
from tests.support.raw_tables import TOKENS, RawTables, token_address
from warehouse import model_runs, sql_models

PAYER = "0x" + "99" * 20
HOT_WALLET = "0x" + "ee" * 20


def deposit(number: int) -> str:
    """A deposit address, canonical."""
    return "0x" + f"{number:040x}"


def session(number: int) -> str:
    """A session id."""
    return f"00000000-0000-4000-8000-{number:012d}"


def transfer_hash(block_hash: str, log_index: int, to: str, sender: str, amount: str) -> str:
    """The transaction of a transfer: every transfer has its own."""
    return "0x" + hashlib.sha256(f"{block_hash}{log_index}{to}{sender}{amount}".encode()).hexdigest()


class ModelWorld(RawTables):
    """Raw tables of one deployment in memory, and the models over them.

    Args:
        branches: of its chains; it starts with the first one alone.
    """

    def __init__(self, branches: Branches | None = None) -> None:
        super().__init__()
        self.branches = branches or Branches()

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
        tx_hash = transfer_hash(block_hash, log_index, to, sender, amount)
        row = {
            "mode": "live", "network": network, "block_number": block, "block_hash": block_hash,
            "block_time": self.branches.time(block, branch), "tx_hash": tx_hash, "log_index": log_index,
            "token_address": token or token_address(network, currency), "from_address": sender, "to_address": to,
            "topic_count": topic_count, "amount_text": str(units), "amount_base_units": Decimal(units),
        }  # fmt: skip
        self._new_rows.setdefault("raw.evm_transfer_logs", []).append(row)
        return tx_hash

    def receipt(
        self, tx_hash: str, block: int, *, gas_used: int = 65_000, gas_price: int | None = 5 * 10**9,
        network: str = "BSC", branch: str = "",
    ) -> None:  # fmt: skip
        """The receipt of a transaction in the block at height `block` of a branch; the price in wei."""
        row = {
            "mode": "live", "network": network, "tx_hash": tx_hash,
            "block_hash": self.branches.hash(network, block, branch), "block_number": block,
            "block_time": self.branches.time(block, branch), "from_address": PAYER, "status": 1, "gas_used": gas_used,
            "effective_gas_price_wei": None if gas_price is None else Decimal(gas_price),
            "fee_wei": None if gas_price is None else Decimal(gas_used * gas_price),
        }  # fmt: skip
        self._new_rows.setdefault("raw.evm_receipts", []).append(row)

    def quote(self, at: float, price_usd: str, currency: str = "USDT") -> None:
        """A market's price from minute `at` on."""
        row = {"currency": currency, "quoted_at": minute(at), "price_usd": Decimal(price_usd)}
        self._new_rows.setdefault("raw.prices", []).append(row | {"price_source": "market"})

    def head(
        self, block: int, *, finalized: int | None = None, network: str = "BSC", branch: str = "",
        with_headers: bool = True,
    ) -> None:  # fmt: skip
        """The ingested head is now `block`; finalised up to it unless said, all headers up to it stored unless said."""
        self.connection.execute("DELETE FROM state.chain_heads WHERE network = $n", {"n": network})
        finalized = block if finalized is None else finalized
        window = [self.branches.hash(network, number, branch) for number in range(finalized, block + 1)]
        row = {
            "mode": "live", "network": network, "head_block": block, "head_hash": window[-1],
            "head_time": self.branches.time(block, branch), "window_hashes": window, "observed_at": START,
            "finalized_block": finalized,
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
