"""Many transfers of awkward amounts, their raw rows written in bulk, and what the books must hold by Python's integers.

Belongs here: what happened, and the sums of it. Does not: reading the lake (exact_books.py), expectations.

Amounts are dust of one base unit, of 18 odd decimals and of 10^11 tokens; rates are odd, change, and reach one. Sums
are integers of 1e-18 tokens, fees of 1e-8.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from warehouse.contracts import tables
from warehouse.lake import Write

START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 60
BLOCKS = 20_000
BLOCK_SECONDS = DAYS * 86_400 // BLOCKS
FINALIZED_BLOCK = 19_000
PAYER, HOT_WALLET = "0x" + "51" * 20, "0x" + "70" * 20
ATTO = 10**18
# Network and currency of a merchant's two addresses, with contract and decimals of the preset.
PLACES = {
    ("BSC", "USDT"): ("0x55d398326f99059ff775485246999027b3197955", 18),
    ("ETH", "USDC"): ("0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", 6),
}
RATES = ("0.01", "0.01234567", "0.33333333", "0.99999999", "0.00000001", "0", "0.5", "1")
DEFAULT_RATE = "0.01"
# Every so manieth merchant is paid sums that no operational store holds.
WHALE_EVERY = 10

Book = tuple[str, str, str]


@dataclass
class Sums:
    """What the books must hold.

    Attributes:
        ledger: book → amount, fee, net, entries of what is final.
        days: book and day → final, its fees, pending, transfers.
        addresses: address id → received, swept, held, of it final.
    """

    ledger: dict[Book, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))
    days: dict[tuple[Book, date], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))
    addresses: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))


def fee_e8(atto: int, rate: str) -> int:
    """Amount times rate, half-up at 1e-8, at most the whole 1e-8 that came; in integers alone."""
    rate_e8 = int(Decimal(rate).scaleb(8))
    return min((2 * atto * rate_e8 + ATTO) // (2 * ATTO), atto // 10**10)


class ExactWorld:
    """Merchants, their addresses and rates, and transfers to and from them.

    Args:
        seed: of everything random.
        transfers: how many.
        merchants: how many.

    Attributes:
        sums: what the books must hold of all transfers made so far.
    """

    def __init__(self, seed: int, transfers: int, merchants: int) -> None:
        self._draw = random.Random(f"exact:{seed}")
        self.merchants = [f"mer_{number}" for number in range(merchants)]
        self.sums = Sums()
        self._rates = {merchant: self._rates_of() for merchant in self.merchants}
        self._logs: dict[str, list[Any]] = defaultdict(list)
        self._count = 0
        for _ in range(transfers):
            self._add()

    def address(self, merchant: str, network: str) -> tuple[int, str]:
        """Id and address of a merchant on a network."""
        number = 2 * self.merchants.index(merchant) + 1 + (network == "ETH")
        return number, f"0x{number:040x}"

    def write(self, write: Write) -> None:
        """Put events, heads and all transfers into raw."""
        events = self._events()
        write.append("raw.gateway_events", _frame("raw.gateway_events", events))
        heads = [self._head(network) for network, _ in PLACES]
        write.append("state.chain_heads", _frame("state.chain_heads", heads))
        self.write_transfers(write)

    def write_transfers(self, write: Write) -> None:
        """Put the transfers that are not there yet into raw."""
        columns = {"mode": ["live"] * len(self._logs["network"]), **self._logs}
        write.append("raw.evm_transfer_logs", _frame("raw.evm_transfer_logs", columns))
        self._logs = defaultdict(list)

    def pay(self, merchant: str, block: int, base_units: int) -> None:
        """One payment to a merchant on BSC."""
        self._record(merchant, ("BSC", "USDT"), block, base_units, is_sweep=False)

    def _rates_of(self) -> list[tuple[int, str]]:
        """Block from which on a rate holds; the first one holds before too."""
        count = self._draw.randint(0, 3)
        blocks = sorted(self._draw.sample(range(BLOCKS), count))
        return [(block, self._draw.choice(RATES)) for block in blocks]

    def _rate(self, merchant: str, block: int) -> str:
        rates = self._rates[merchant]
        if not rates:
            return DEFAULT_RATE
        return next((rate for start, rate in reversed(rates) if start <= block), rates[0][1])

    def _add(self) -> None:
        draw = self._draw
        number = draw.randrange(len(self.merchants))
        place = draw.choice(list(PLACES))
        _, decimals = PLACES[place]
        kind = draw.random()
        if kind < 0.3:
            base_units = draw.randint(1, 999)
        elif kind < 0.9 or number % WHALE_EVERY:
            base_units = draw.randint(1, 10 ** (decimals + 4))
        else:
            base_units = 10 ** (11 + decimals) + draw.randint(1, 10**decimals)
        block = draw.randrange(BLOCKS)
        self._record(self.merchants[number], place, block, base_units, is_sweep=draw.random() < 0.1)

    def _record(self, merchant: str, place: tuple[str, str], block: int, base_units: int, *, is_sweep: bool) -> None:
        network, _ = place
        token, decimals = PLACES[place]
        number, address = self.address(merchant, network)
        self._count += 1
        row = {
            "network": network, "block_number": block, "block_hash": block_hash(network, block),
            "block_time": time_of(block), "tx_hash": f"0x{self._count:064x}", "log_index": self._count,
            "token_address": token, "topic_count": 3, "from_address": address if is_sweep else PAYER,
            "to_address": HOT_WALLET if is_sweep else address, "amount_text": str(base_units),
            "amount_base_units": Decimal(base_units),
        }  # fmt: skip
        for name, value in row.items():
            self._logs[name].append(value)
        self._sum(merchant, place, number, block, base_units * 10 ** (18 - decimals), is_sweep=is_sweep)

    def _sum(
        self, merchant: str, place: tuple[str, str], address_id: int, block: int, atto: int, *, is_sweep: bool
    ) -> None:
        is_final = block <= FINALIZED_BLOCK
        signed = -atto if is_sweep else atto
        _add_to(
            self.sums.addresses[address_id], 0 if is_sweep else atto, atto if is_sweep else 0, signed, signed * is_final
        )
        if is_sweep:
            return
        book = (merchant, *place)
        fee = fee_e8(atto, self._rate(merchant, block))
        if is_final:
            _add_to(self.sums.ledger[book], atto, fee, atto - fee * 10**10, 1)
        day = time_of(block).date()
        _add_to(self.sums.days[book, day], atto * is_final, fee * is_final, atto * (not is_final), 1)

    def _events(self) -> list[dict[str, Any]]:
        events = []
        for network, _ in PLACES:
            data = {"network": network, "address": HOT_WALLET}
            events.append(_event(len(events), "hot_wallet.registered", START, None, f"{network}:wallet", data))
        for merchant in self.merchants:
            for network, currency in PLACES:
                number, address = self.address(merchant, network)
                data = {"address_id": number, "network": network, "currency": currency, "address": address}
                events.append(_event(len(events), "address.created", START, merchant, str(number), data))
            for block, rate in self._rates[merchant]:
                data = {"name": merchant, "email": "a@shop.example", "default_currency": "USDT", "status": "active"}
                data |= {"platform_fee_rate": rate, "withdrawal_fee_rate": "0.001"}
                events.append(_event(len(events), "merchant.updated", time_of(block), merchant, merchant, data))
        return events

    @staticmethod
    def _head(network: str) -> dict[str, Any]:
        window = [block_hash(network, number) for number in range(FINALIZED_BLOCK, BLOCKS)]
        return {
            "mode": "live", "network": network, "head_block": BLOCKS - 1, "head_hash": window[-1],
            "head_time": time_of(BLOCKS - 1), "finalized_block": FINALIZED_BLOCK, "window_hashes": window,
            "observed_at": time_of(BLOCKS),
        }  # fmt: skip


def block_hash(network: str, block: int) -> str:
    """The hash of a block."""
    return f"0x{block:060x}{'b5c0' if network == 'BSC' else 'e740'}"


def time_of(block: int) -> datetime:
    """The time of a block."""
    return START + timedelta(seconds=block * BLOCK_SECONDS)


def _add_to(sums: list[int], *amounts: int) -> None:
    for number, amount in enumerate(amounts):
        sums[number] += amount


def _event(
    number: int, kind: str, at: datetime, merchant: str | None, object_id: str, data: dict[str, Any]
) -> dict[str, Any]:
    envelope = {"event_id": f"evt_{number}", "type": kind, "occurred_at": at.isoformat(), "merchant_id": merchant}
    return {
        **envelope, "occurred_at": at, "mode": "live", "object_id": object_id, "address": data.get("address"),
        "metadata": None, "event": json.dumps(envelope | {"mode": "live", "data": data}), "content_sha256": "",
        "source": "test", "position": number + 1,
    }  # fmt: skip


def _frame(table: str, rows: list[dict[str, Any]] | dict[str, list[Any]]) -> pl.DataFrame:
    stamped = {"batch_id", "received_at"}
    return pl.DataFrame(rows, {name: c.dtype for name, c in tables()[table].columns.items() if name not in stamped})
