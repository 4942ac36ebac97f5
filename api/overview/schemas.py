"""What the overview looks like in answers.

Belongs here: documented objects and the rows they are made of. Does not belong here: SQL.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from api.answers import Schema
from api.money import Amount, Number, as_number, show_8
from api.presentation import Moment, show_moment


class OverviewBalance(Schema):
    """Money of all networks and currencies, added at par."""

    available: Annotated[Amount, Field(description="Final income minus platform fees and withdrawals.")]
    pending: Annotated[Amount, Field(description="Received, not yet final.")]


class WindowFigures(Schema):
    """Figures of one window."""

    sessions: Annotated[int, Field(description="Sessions created in it.")]
    successful: Annotated[int, Field(description="Paid sessions whose payment reached the amount in it.")]
    volume: Annotated[Amount, Field(description="What those sessions were paid, at par.")]
    revenue: Annotated[Amount, Field(description="Volume minus the platform fees of those payments.")]


class RecentSession(Schema):
    """One of the newest sessions."""

    session_id: str
    reference: str | None
    amount: Number
    status: Literal["pending", "paid", "failed", "expired"]
    created_at: Moment


class PendingActions(Schema):
    """What still has to happen."""

    pending_sessions: int
    addresses_needing_sweep: Annotated[
        int, Field(description="Sweep status pending or failed, and a final balance from the sweep threshold on.")
    ]
    pending_withdrawals: int


class Overview(Schema):
    """The dashboard at a glance; days, weeks (from Monday) and months in UTC or `timezone`."""

    balance: OverviewBalance
    today: WindowFigures
    this_week: WindowFigures
    this_month: WindowFigures
    recent_sessions: Annotated[list[RecentSession], Field(description="The five newest.")]
    pending_actions: PendingActions


def window_figures(row: Mapping[str, Any], window: str) -> WindowFigures:
    """The figures of one window of the one row of figures; all zero before the first publish."""
    return WindowFigures(
        sessions=row.get(f"{window}_sessions", 0),
        successful=row.get(f"{window}_successful", 0),
        volume=show_8(row.get(f"{window}_volume") or Decimal(0)),
        revenue=show_8(row.get(f"{window}_revenue") or Decimal(0)),
    )


def recent_session(row: Mapping[str, Any]) -> RecentSession:
    """The item of a row of `marts.sessions`."""
    return RecentSession(
        session_id=row["session_id"],
        reference=row["reference"],
        amount=as_number(row["amount"]),
        status=row["status"],
        created_at=show_moment(row["created_at"]),
    )
