"""A published snapshot made of given rows, for tests of what reads the marts.

Belongs here: the stand-in for `warehouse.serving` and builders of rows with every column. Does not belong here: what
is expected of them. The tables come from the contracts, so a column that is renamed there fails here.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.support.given_snapshot import NOW, GivenReader, GivenSnapshot, Row

__all__ = ["NOW", "GivenReader", "GivenSnapshot", "Row"]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
CREATED = datetime(2026, 1, 30, 18, 0, tzinfo=UTC)

# The first test vector of EIP-55.
DEPOSIT_SHOWN = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
DEPOSIT = DEPOSIT_SHOWN.lower()
PAYER = "0x" + "cd" * 20
TX_HASH = "0x" + "12" * 32
HEAD_BLOCK = 1_000_014


def marts_from(**rows: Iterable[Row]) -> GivenReader:
    """A reader over rows by table name, with heads of the usual networks and prices at par unless they are given."""
    rows.setdefault("prices", [price("USDT"), price("USDC")])
    heads = rows.pop("chain_heads", [head("BSC"), head("ETH"), head("TRX"), head("SOL"), head("BSC", mode="test")])
    return GivenReader(GivenSnapshot({**rows, "chain_heads": heads}))


def price(currency: str, price_usd: str = "1", *, source: str = "par", since: datetime = BEGINNING) -> Row:
    """A price, from a moment on."""
    return {
        "currency": currency,
        "priced_from": since,
        "priced_until": None,
        "price_usd": Decimal(price_usd),
        "price_source": source,
    }


def head(network: str, *, mode: str = "live", head_block: int = HEAD_BLOCK, required_confirmations: int = 15) -> Row:
    """The ingested head of a network."""
    return {
        "mode": mode,
        "network": network,
        "head_block": head_block,
        "head_time": NOW,
        "finalized_block": head_block - 5,
        "required_confirmations": required_confirmations,
    }


def session(session_id: str, **columns: Any) -> Row:
    """A pending session of merchant mer_7 without any money."""
    row: Row = {
        "mode": "live",
        "merchant_id": "mer_7",
        "session_id": session_id,
        "reference": f"ORDER-{session_id}",
        "amount": Decimal(100),
        "currency": "USDT",
        "network": "BSC",
        "decimals": 18,
        "status": "pending",
        "exception": None,
        "customer_email": "customer@example.com",
        "customer_name": "John Doe",
        "description": "Product purchase",
        "callback_url": "https://yoursite.com/payment/callback",
        "metadata": '{"order_id":"12345"}',
        "payment_url": f"https://pay.example/{session_id}",
        "deposit_address": None,
        "deposit_address_id": None,
        "tx_hash": None,
        "tx_block_number": None,
        "paid_amount": None,
        "paid_at": None,
        "platform_fees": None,
        "transfer_count": 0,
        "first_transfer_at": None,
        "last_transfer_at": None,
        "tx_hashes": [],
        "required_confirmations": 15,
        "created_at": CREATED,
        "updated_at": CREATED,
        "expires_at": CREATED + timedelta(minutes=15),
    }
    return {**row, **columns}


def paid_session(session_id: str, **columns: Any) -> Row:
    """A session of 100 USDT that one transfer paid in full, 15 blocks deep."""
    at = CREATED + timedelta(minutes=10, seconds=23)
    paid = {
        "status": "paid",
        "deposit_address": DEPOSIT,
        "deposit_address_id": 42,
        "tx_hash": TX_HASH,
        "tx_block_number": 1_000_000,
        "paid_amount": Decimal(100),
        "paid_at": at,
        "platform_fees": Decimal(1),
        "transfer_count": 1,
        "first_transfer_at": at,
        "last_transfer_at": at,
        "tx_hashes": [TX_HASH],
    }
    return session(session_id, **{**paid, **columns})


def timeline(session_id: str, *events: tuple[str, datetime, str], **columns: Any) -> list[Row]:
    """Timeline rows in the order given: (event, time, details)."""
    return [
        {
            "mode": "live",
            "merchant_id": "mer_7",
            "session_id": session_id,
            "session_created_at": CREATED,
            "event": event,
            "event_at": at,
            "event_rank": rank,
            "details": details,
            "sequence": rank + 1,
            **columns,
        }
        for rank, (event, at, details) in enumerate(events)
    ]


def transfer(transfer_id: int, **columns: Any) -> Row:
    """An incoming transfer of 100 USDT on BSC, not matched to a session."""
    amount = columns.get("amount", Decimal(100))
    row: Row = {
        "mode": "live",
        "merchant_id": "mer_7",
        "id": transfer_id,
        "type": "incoming",
        "tx_hash": TX_HASH,
        "log_index": 0,
        "network": "BSC",
        "currency": "USDT",
        "decimals": 18,
        "amount": amount,
        "amount_base_units": Decimal(int(amount * 10**18)),
        "from_address": PAYER,
        "to_address": DEPOSIT,
        "deposit_address": DEPOSIT,
        "block_number": 1_000_000,
        "block_hash": "0x" + "34" * 32,
        "block_time": CREATED + timedelta(minutes=10, seconds=23),
        "session_id": None,
        "reference": None,
        "platform_fee_rate": Decimal("0.01"),
        "platform_fee": Decimal(1),
        "is_final": True,
        **dict.fromkeys(("gas_used", "gas_price", "gas_fee", "confirmed_at")),
    }
    return {**row, **columns}


def address(address_id: int, **columns: Any) -> Row:
    """An active, unassigned address that never received anything."""
    row: Row = {
        "mode": "live",
        "merchant_id": "mer_7",
        "id": address_id,
        "address": DEPOSIT,
        "network": "BSC",
        "currency": "USDT",
        "is_active": True,
        "is_assigned": False,
        "assigned_session_id": None,
        "assigned_reference": None,
        "balance": Decimal(0),
        "total_received": Decimal(0),
        "total_swept": Decimal(0),
        "final_balance": Decimal(0),
        "sweep_status": None,
        "last_swept_at": None,
        "sweep_tx_hash": None,
        "times_reused": 0,
        "first_used_at": None,
        "last_used_at": None,
        "session_ids": [],
        "first_session_at": None,
        "last_session_at": None,
        "first_transfer_at": None,
        "last_transfer_at": None,
        "gas_funded_at": None,
        "gas_tx_hash": None,
        "gas_amount": None,
        "created_at": CREATED,
        "updated_at": CREATED,
    }
    return {**row, **columns}


def credits_of_day(day: str, **columns: Any) -> Row:
    """What came in on a day, in USDT on BSC."""
    row: Row = {
        "mode": "live",
        "merchant_id": "mer_7",
        "network": "BSC",
        "currency": "USDT",
        "day": datetime.fromisoformat(day).date(),
        "received_final": Decimal(0),
        "platform_fees_final": Decimal(0),
        "received_pending": Decimal(0),
        "transfer_count": 1,
    }
    return {**row, **columns}


def balance_of(network: str, currency: str, **columns: Any) -> Row:
    """A book in which nothing has come in."""
    row: Row = {
        "mode": "live",
        "merchant_id": "mer_7",
        "network": network,
        "currency": currency,
        "received_final": Decimal(0),
        "platform_fees_final": Decimal(0),
        "received_pending": Decimal(0),
    }
    return {**row, **columns}


def hot_wallet(network: str, address: str, *, mode: str = "live") -> Row:
    """The hot wallet of a network."""
    return {"mode": mode, "network": network, "address": address, "registered_at": CREATED}
