"""What deposit addresses look like in answers.

Belongs here: documented objects and the rows they are made of. Does not belong here: SQL.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from api.answers import Schema
from api.money import Amount, Number, as_number, show_8
from api.pagination import Pagination
from api.presentation import ChainView, Moment, show_moment, show_moment_or_null
from api.prices import Prices
from api.transfers import Transfer, transfer_item


class AddressBalance(Schema):
    """All canonical transfers up to the ingested head."""

    current: Annotated[Amount, Field(description="Received minus everything that left.")]
    total_received: Amount
    total_swept: Amount


class SweepInfo(Schema):
    """The latest sweep and what remains to be swept."""

    status: Annotated[Literal["pending", "swept", "failed"] | None, Field(description="Null if never funded.")]
    last_swept_at: Moment | None
    sweep_tx_hash: str | None
    sweep_explorer_url: str | None


class AddressUsage(Schema):
    """How often sessions used the address."""

    times_reused: Annotated[int, Field(description="Number of session assignments.")]
    last_used_at: Moment | None
    first_used_at: Moment | None


class GasFunding(Schema):
    """The latest funding with the native coin."""

    funded_at: Moment | None
    funding_tx_hash: str | None
    funding_amount: Amount | None


class AddressFacts(Schema):
    """What the list and the detail show alike."""

    id: int
    address: str
    network: str
    currency: str
    is_active: bool
    is_assigned: Annotated[bool, Field(description="A pending session holds it now.")]
    assigned_to_session_id: str | None
    assigned_to_reference: str | None
    sweep_info: SweepInfo
    usage: AddressUsage
    gas_funding: GasFunding
    last_checked_at: Annotated[Moment | None, Field(description="Latest real-time check; null if never.")]
    created_at: Moment
    updated_at: Moment


class Address(AddressFacts):
    """A deposit address of one network and currency."""

    balance: AddressBalance


class AddressSummary(Schema):
    """Figures under every filter but `status`."""

    total_addresses: int
    active_addresses: int
    assigned_addresses: int
    addresses_with_balance: int
    total_balance_across_all: Amount


class AddressList(Schema):
    """One page of addresses."""

    addresses: list[Address]
    pagination: Pagination
    summary: AddressSummary


class AddressBalanceInUsd(AddressBalance):
    """The same, also in US dollars at the price in force; null where there is none."""

    current_usd: Number | None
    total_received_usd: Number | None
    total_swept_usd: Number | None


class Sweep(Schema):
    """One transfer from the address to a hot wallet."""

    swept_at: Moment
    amount: Amount
    tx_hash: str
    explorer_url: str | None
    status: Literal["pending", "confirmed", "failed"]


class AddressSession(Schema):
    """A session that the address was given to."""

    session_id: str
    reference: str | None
    amount: Number
    status: Literal["pending", "paid", "failed", "expired"]
    paid_at: Moment | None
    created_at: Moment


class AddressTransaction(Schema):
    """A transfer into the address or out of it."""

    tx_hash: str
    type: Literal["incoming", "outgoing", "sweep"]
    amount: Amount
    from_: Annotated[str | None, Field(serialization_alias="from")]
    to: str | None
    timestamp: Moment
    confirmations: int | None
    explorer_url: str | None


class AddressDetail(AddressFacts):
    """A deposit address in full; nested lists are newest first."""

    balance: AddressBalanceInUsd
    sweep_history: list[Sweep]
    sessions: list[AddressSession]
    blockchain_transactions: list[AddressTransaction]


def address_item(row: Mapping[str, Any], view: ChainView) -> Address:
    """The list item of a row of `marts.addresses`."""
    network, sweep, gas = row["network"], row["sweep_tx_hash"], row["gas_tx_hash"]
    is_assigned = row["is_assigned"]
    return Address(
        id=row["id"],
        address=view.address(network, row["address"]) or "",
        network=network,
        currency=row["currency"],
        is_active=row["is_active"],
        is_assigned=is_assigned,
        assigned_to_session_id=row["assigned_session_id"] if is_assigned else None,
        assigned_to_reference=row["assigned_reference"] if is_assigned else None,
        balance=AddressBalance(
            current=show_8(row["balance"]),
            total_received=show_8(row["total_received"]),
            total_swept=show_8(row["total_swept"]),
        ),
        sweep_info=SweepInfo(
            status=row["sweep_status"],
            last_swept_at=show_moment_or_null(row["last_swept_at"]),
            sweep_tx_hash=view.hash(network, sweep),
            sweep_explorer_url=view.transaction_link(network, sweep),
        ),
        usage=AddressUsage(
            times_reused=row["times_reused"],
            last_used_at=show_moment_or_null(row["last_used_at"]),
            first_used_at=show_moment_or_null(row["first_used_at"]),
        ),
        gas_funding=GasFunding(
            funded_at=show_moment_or_null(row["gas_funded_at"]),
            funding_tx_hash=view.hash(network, gas),
            funding_amount=None if row["gas_amount"] is None else show_8(row["gas_amount"]),
        ),
        last_checked_at=None,
        created_at=show_moment(row["created_at"]),
        updated_at=show_moment(row["updated_at"]),
    )


def address_detail(
    row: Mapping[str, Any],
    sessions: Sequence[Mapping[str, Any]],
    transfers: Sequence[Mapping[str, Any]],
    view: ChainView,
    prices: Prices,
) -> AddressDetail:
    """An address with its sessions and its transfers, all rows in the order they are shown."""
    item: dict[str, Any] = dict(address_item(row, view))
    balance: AddressBalance = item.pop("balance")
    items = [transfer_item(transfer, view, prices) for transfer in transfers]
    return AddressDetail(
        **item,
        balance=AddressBalanceInUsd(
            current=balance.current,
            current_usd=prices.usd(row["balance"], row["currency"]),
            total_received=balance.total_received,
            total_received_usd=prices.usd(row["total_received"], row["currency"]),
            total_swept=balance.total_swept,
            total_swept_usd=prices.usd(row["total_swept"], row["currency"]),
        ),
        sweep_history=[_sweep(transfer) for transfer in items if transfer.type == "sweep"],
        sessions=[
            AddressSession(
                session_id=session["session_id"],
                reference=session["reference"],
                amount=as_number(session["amount"]),
                status=session["status"],
                paid_at=show_moment_or_null(session["paid_at"]),
                created_at=show_moment(session["created_at"]),
            )
            for session in sessions
        ],
        blockchain_transactions=[_transaction(transfer) for transfer in items],
    )


def _sweep(transfer: Transfer) -> Sweep:
    return Sweep(
        swept_at=transfer.timestamp,
        amount=transfer.amount,
        tx_hash=transfer.tx_hash,
        explorer_url=transfer.explorer_url,
        status=transfer.status,
    )


def _transaction(transfer: Transfer) -> AddressTransaction:
    return AddressTransaction(
        tx_hash=transfer.tx_hash,
        type=transfer.type,
        amount=transfer.amount,
        from_=transfer.from_address,
        to=transfer.to_address,
        timestamp=transfer.timestamp,
        confirmations=transfer.confirmations,
        explorer_url=transfer.explorer_url,
    )


def address_summary(row: Mapping[str, Any] | None) -> AddressSummary:
    """The summary of the one row of figures; all zero before the first publish."""
    figures = row or {}
    return AddressSummary(
        total_addresses=figures.get("total_addresses", 0),
        active_addresses=figures.get("active_addresses", 0),
        assigned_addresses=figures.get("assigned_addresses", 0),
        addresses_with_balance=figures.get("addresses_with_balance", 0),
        total_balance_across_all=show_8(figures.get("total_balance") or Decimal(0)),
    )
