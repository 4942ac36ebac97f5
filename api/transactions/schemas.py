"""What the list of transactions looks like in answers.

Belongs here: documented objects and the rows they are made of. Does not belong here: SQL, and the item itself
(`api/transfers.py`).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from api.answers import Schema
from api.money import Amount, show_8
from api.pagination import Pagination
from api.transfers import Transfer


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
