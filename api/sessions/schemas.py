"""What sessions look like in answers.

Belongs here: documented objects and the rows they are made of. Does not belong here: SQL.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field, WithJsonSchema

from api.answers import Schema
from api.money import Number, as_number, paid_number
from api.pagination import Pagination
from api.presentation import ChainView, Moment, show_moment, show_moment_or_null
from api.prices import Prices
from api.transfers import Transfer, confirmations_at, transfer_item

Status = Literal["pending", "paid", "failed", "expired"]
TxHash = Annotated[
    str | None, Field(description="The transfer that reached the amount, else the latest matched one; null if none.")
]
ExceptionKind = Annotated[
    Literal["late", "underpaid", "overpaid", "multiple"] | None, Field(description="What is unusual, null if nothing.")
]
# The object as the merchant sent it, number for number.
Metadata = Annotated[msgspec.Raw | None, WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "null"}]})]


class Session(Schema):
    """A session in a list."""

    session_id: str
    reference: str | None
    amount: Number
    currency: str
    network: str
    status: Status
    exception: ExceptionKind
    payment_method: Literal["crypto"]
    customer_email: str | None
    customer_name: str | None
    description: str | None
    deposit_address: str | None
    blockchain_tx_hash: TxHash
    paid_amount: Annotated[Number | None, Field(description="Sum of matched transfers, confirmed or not.")]
    paid_at: Moment | None
    created_at: Moment
    expires_at: Moment | None
    payment_url: str | None


class SessionSummary(Schema):
    """Counts under every filter but `status`."""

    total_sessions: int
    total_paid: int
    total_pending: int
    total_failed: int
    total_expired: int


class SessionList(Schema):
    """One page of sessions."""

    sessions: list[Session]
    pagination: Pagination
    summary: SessionSummary


class Customer(Schema):
    """Who pays."""

    email: str | None
    name: str | None


class PaymentDetails(Schema):
    """What was asked, what came, and how settled it is."""

    deposit_address: str | None
    deposit_address_id: int | None
    blockchain_tx_hash: TxHash
    blockchain_explorer_url: str | None
    paid_amount: Number | None
    expected_amount: Number
    confirmations: Annotated[int | None, Field(description="Of that transaction; null if there is none.")]
    required_confirmations: int | None
    paid_at: Moment | None


class TimelineEvent(Schema):
    """One thing that happened."""

    event: str
    timestamp: Moment
    details: str


class SessionDetail(Schema):
    """A session in full."""

    session_id: str
    reference: str | None
    amount: Number
    currency: str
    network: str
    status: Status
    exception: ExceptionKind
    payment_method: Literal["crypto"]
    customer: Customer
    description: str | None
    callback_url: str | None
    metadata: Metadata
    payment_details: PaymentDetails
    timeline: list[TimelineEvent]
    transfers: Annotated[list[Transfer], Field(description="Matched transfers, newest first.")]
    created_at: Moment
    updated_at: Moment
    expires_at: Moment | None
    payment_url: str | None


def session_item(row: Mapping[str, Any], view: ChainView) -> Session:
    """The list item of a row of `marts.sessions`."""
    network = row["network"]
    return Session(
        session_id=row["session_id"],
        reference=row["reference"],
        amount=as_number(row["amount"]),
        currency=row["currency"],
        network=network,
        status=row["status"],
        exception=row["exception"],
        payment_method="crypto",
        customer_email=row["customer_email"],
        customer_name=row["customer_name"],
        description=row["description"],
        deposit_address=view.address(network, row["deposit_address"]),
        blockchain_tx_hash=view.hash(network, row["tx_hash"]),
        paid_amount=paid_number(row["paid_amount"]),
        paid_at=show_moment_or_null(row["paid_at"]),
        created_at=show_moment(row["created_at"]),
        expires_at=show_moment_or_null(row["expires_at"]),
        payment_url=row["payment_url"],
    )


def session_summary(counts: Mapping[str, int]) -> SessionSummary:
    """The summary of how many sessions there are of each status."""
    return SessionSummary(
        total_sessions=sum(counts.values()),
        total_paid=counts.get("paid", 0),
        total_pending=counts.get("pending", 0),
        total_failed=counts.get("failed", 0),
        total_expired=counts.get("expired", 0),
    )


def session_detail(
    row: Mapping[str, Any],
    timeline: Sequence[Mapping[str, Any]],
    transfers: Sequence[Mapping[str, Any]],
    view: ChainView,
    prices: Prices,
) -> SessionDetail:
    """A session with its timeline and its transfers, all rows in the order they are shown."""
    return SessionDetail(
        session_id=row["session_id"],
        reference=row["reference"],
        amount=as_number(row["amount"]),
        currency=row["currency"],
        network=row["network"],
        status=row["status"],
        exception=row["exception"],
        payment_method="crypto",
        customer=Customer(email=row["customer_email"], name=row["customer_name"]),
        description=row["description"],
        callback_url=row["callback_url"],
        metadata=msgspec.Raw(row["metadata"].encode()) if row["metadata"] else None,
        payment_details=_payment_details(row, view),
        timeline=[
            TimelineEvent(event=line["event"], timestamp=show_moment(line["event_at"]), details=line["details"])
            for line in timeline
        ],
        transfers=[transfer_item(transfer, view, prices) for transfer in transfers],
        created_at=show_moment(row["created_at"]),
        updated_at=show_moment(row["updated_at"]),
        expires_at=show_moment_or_null(row["expires_at"]),
        payment_url=row["payment_url"],
    )


def _payment_details(row: Mapping[str, Any], view: ChainView) -> PaymentDetails:
    network, tx_hash = row["network"], row["tx_hash"]
    return PaymentDetails(
        deposit_address=view.address(network, row["deposit_address"]),
        deposit_address_id=row["deposit_address_id"],
        blockchain_tx_hash=view.hash(network, tx_hash),
        blockchain_explorer_url=view.transaction_link(network, tx_hash),
        paid_amount=paid_number(row["paid_amount"]),
        expected_amount=as_number(row["amount"]),
        confirmations=confirmations_at(row["head_block"], row["tx_block_number"]) if tx_hash else None,
        required_confirmations=row["required_confirmations"],
        paid_at=show_moment_or_null(row["paid_at"]),
    )
