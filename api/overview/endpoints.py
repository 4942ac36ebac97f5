"""Route of the overview.

Belongs here: parameters in, queries, answer out. Does not belong here: SQL, shapes and calendars.
"""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from api.answers import Answer, answer
from api.auth import Reading
from api.deployment import Caller, Deployment, deployment_of
from api.local_time import TIMEZONE, this_month, this_week, today
from api.money import amount_of_e8, show_8
from api.overview import queries
from api.overview.schemas import Overview, OverviewBalance, PendingActions, recent_session, window_figures
from api.parameters import documented, query_of
from warehouse.store.credits import available

router = APIRouter(prefix="/overview", tags=["overview"])


@router.get("", response_model=Answer[Overview], openapi_extra=documented((TIMEZONE,)))
def get_overview(
    request: Request, caller: Reading, deployment: Annotated[Deployment, Depends(deployment_of)]
) -> Response:
    """Balance, today, this week, this month, the newest sessions, and what still has to happen."""
    zone, now = TIMEZONE.read(query_of(request)), deployment.clock()
    windows = {"today": today(now, zone), "this_week": this_week(now, zone), "this_month": this_month(now, zone)}
    bounds = {f"{name}_start": window.start for name, window in windows.items()}
    bounds |= {f"{name}_end": window.end for name, window in windows.items()}
    figures = _one(caller, queries.FIGURES, earliest=min(window.start for window in windows.values()), **bounds)
    balances = available(deployment.store, caller.key.merchant_id, caller.key.mode)
    pending = _one(caller, queries.PENDING_BALANCE).get("pending") or Decimal(0)
    sweepable = _one(caller, queries.ADDRESSES_NEEDING_SWEEP, threshold=deployment.settings.sweeps.threshold)
    return answer(
        Overview(
            balance=OverviewBalance(
                available=show_8(amount_of_e8(sum(row.available_e8 for row in balances))), pending=show_8(pending)
            ),
            **{name: window_figures(figures, name) for name in windows},
            recent_sessions=[recent_session(row) for row in caller.rows(queries.RECENT_SESSIONS)],
            pending_actions=PendingActions(
                pending_sessions=_one(caller, queries.PENDING_SESSIONS).get("pending_sessions", 0),
                addresses_needing_sweep=sweepable.get("addresses_needing_sweep", 0),
                pending_withdrawals=0,  # none can exist yet
            ),
        )
    )


def _one(caller: Caller, sql: str, **params: Any) -> dict[str, Any]:
    """The one row of figures; empty before the first publish."""
    return dict(next(iter(caller.rows(sql, **params)), {}))
