"""What transactions look like in answers: the list, and one in full.

Belongs here: documented objects and the rows they are made of. Does not belong here: SQL, and the item itself
(`api/transfers.py`).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from api.answers import Schema
from api.money import Amount, Number, gas_fee_or_null, show_8
from api.pagination import Pagination
from api.presentation import ChainView, Moment, show_moment_or_null
from api.prices import USD_THEN, Prices
from api.transfers import GAS_FEE, Transfer, transfer_item


class TransactionSummary(Schema):
    """Figures under every filter but `type`."""

    total_transactions: int
    total_incoming: int
    total_outgoing: Annotated[int, Field(description="Everything that left, sweeps included.")]
    total_sweeps: int
    total_volume: Annotated[Amount, Field(description="Sum of confirmed incoming transfers, currencies at par.")]


class TransactionList(Schema):
    """One page of transactions."""

    transactions: list[Transfer]
    pagination: Pagination
    summary: TransactionSummary


class TransactionAddresses(Schema):
    """Between whom the tokens moved."""

    from_: Annotated[str | None, Field(serialization_alias="from")]
    to: str | None


class BlockchainInfo(Schema):
    """Where the transaction stands on its chain, and what it cost."""

    block_number: int
    block_hash: str | None
    confirmations: Annotated[int | None, Field(description="Head - block + 1, at the ingested head.")]
    gas_used: Annotated[str | None, Field(description="By the whole transaction; null until its receipt is read.")]
    gas_price: Annotated[str | None, Field(description="Wei for each.")]
    gas_fee: Annotated[Amount | None, Field(description=GAS_FEE)]
    gas_fee_currency: Annotated[str | None, Field(description="The native coin; null where gas_fee is.")]
    timestamp: Annotated[Moment, Field(description="The block's time.")]


class RelatedSession(Schema):
    """The session that the transfer belongs to."""

    session_id: str
    reference: str | None
    customer_email: str | None
    status: Literal["pending", "paid", "failed", "expired"]


class TransactionDetail(Schema):
    """A transaction in full: the merchant's first transfer in it, and all of them."""

    tx_hash: str
    type: Literal["incoming", "outgoing", "sweep"]
    network: str
    currency: str
    amount: Amount
    amount_usd: Annotated[Number | None, Field(description=USD_THEN)]
    addresses: TransactionAddresses
    blockchain_info: BlockchainInfo
    status: Literal["pending", "confirmed", "failed"]
    explorer_url: str | None
    related_session: RelatedSession | None
    transfers: Annotated[list[Transfer], Field(description="The merchant's transfers in it, newest first.")]
    created_at: Annotated[Moment, Field(description="The block's time.")]
    confirmed_at: Annotated[Moment | None, Field(description="Time of the block that confirmed it.")]


def transaction_summary(
    counts: Mapping[str, int], confirmed_amounts: Mapping[str, Decimal | None]
) -> TransactionSummary:
    """The summary of how many transactions there are of each type, and how much of each is confirmed."""
    sweeps = counts.get("sweep", 0)
    return TransactionSummary(
        total_transactions=sum(counts.values()),
        total_incoming=counts.get("incoming", 0),
        total_outgoing=counts.get("outgoing", 0) + sweeps,
        total_sweeps=sweeps,
        total_volume=show_8(confirmed_amounts.get("incoming") or Decimal(0)),
    )


def transaction_detail(
    first: Mapping[str, Any],
    transfers: Sequence[Mapping[str, Any]],
    session: Mapping[str, Any] | None,
    view: ChainView,
    prices: Prices,
) -> TransactionDetail:
    """A transaction of its first transfer, all its transfers in the order they are shown, and the first one's session.

    Args:
        first: the row that stands for the whole.
        transfers: every row, the first one among them.
        session: the row of the first one's session, None if there is none.
        view: how addresses and hashes are shown.
        prices: what tokens are worth.
    """
    shown = transfer_item(first, view, prices)
    gas_fee = gas_fee_or_null(first["gas_fee"])
    return TransactionDetail(
        tx_hash=shown.tx_hash,
        type=shown.type,
        network=shown.network,
        currency=shown.currency,
        amount=shown.amount,
        amount_usd=shown.amount_usd,
        addresses=TransactionAddresses(from_=shown.from_address, to=shown.to_address),
        blockchain_info=BlockchainInfo(
            block_number=first["block_number"],
            block_hash=view.hash(shown.network, first["block_hash"]),
            confirmations=shown.confirmations,
            gas_used=None if first["gas_used"] is None else str(first["gas_used"]),
            gas_price=None if first["gas_price"] is None else f"{first['gas_price']:f}",
            gas_fee=gas_fee,
            gas_fee_currency=None if gas_fee is None else view.native_coin(shown.network),
            timestamp=shown.timestamp,
        ),
        status=shown.status,
        explorer_url=shown.explorer_url,
        related_session=RelatedSession(**session) if session else None,
        transfers=[transfer_item(transfer, view, prices) for transfer in transfers],
        created_at=shown.timestamp,
        confirmed_at=show_moment_or_null(first["confirmed_at"]),
    )
