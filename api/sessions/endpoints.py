"""Routes of payment sessions.

Belongs here: parameters in, queries, answers out. Does not belong here: SQL and shapes.
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from api.answers import Answer, answer
from api.auth import Reading
from api.deployment import Deployment, deployment_of
from api.errors import NotFound
from api.lookups import SESSION_CREATED_AT
from api.pagination import LIMIT, PAGE, read_page
from api.parameters import (
    CURRENCY,
    END_DATE,
    NETWORK,
    SORT_ORDER,
    START_DATE,
    Choice,
    Search,
    Selection,
    documented,
    query_of,
    read_period,
)
from api.sessions import queries
from api.sessions.schemas import SessionDetail, SessionList, session_detail, session_item, session_summary
from api.sessions.search import search_terms

router = APIRouter(prefix="/sessions", tags=["sessions"])

STATUS = Choice("status", "Only this status.", ("pending", "paid", "failed", "expired"))
SEARCH = Search(
    "search",
    "Part of the reference, the customer's email or name; the beginning of the session id; a deposit address or the "
    "hash of a transfer. Upper and lower case are the same.",
)
SORT_BY = Selection("sort_by", "Sort field.", ("created_at", "amount", "paid_at"), "created_at")

_PARAMETERS = (PAGE, LIMIT, STATUS, NETWORK, CURRENCY, START_DATE, END_DATE, SEARCH, SORT_BY, SORT_ORDER)


@router.get("", response_model=Answer[SessionList], openapi_extra=documented(_PARAMETERS))
def list_sessions(
    request: Request, caller: Reading, deployment: Annotated[Deployment, Depends(deployment_of)]
) -> Response:
    """The merchant's checkout sessions, a page at a time."""
    query = query_of(request)
    page = read_page(query)
    status = STATUS.read(query)
    network, currency = NETWORK.read(query, deployment.network_names), CURRENCY.read(query)
    start, end = read_period(query)
    text = SEARCH.read(query)
    sorting = (SORT_BY.pick(query), SORT_ORDER.pick(query))
    filters = {
        "network": network,
        "currency": currency,
        "start": start,
        "end": end,
        **search_terms(caller, text, deployment.settings.families),
    }
    counts = {row["status"]: row["sessions"] for row in caller.rows(queries.COUNT_BY_STATUS, **filters)}
    total_items = counts.get(status, 0) if status else sum(counts.values())
    rows = caller.rows(queries.LIST[sorting], status=status, limit=page.limit, offset=page.offset, **filters)
    view = deployment.chain_view(caller.key.mode)
    return answer(
        SessionList(
            sessions=[session_item(row, view) for row in rows],
            pagination=page.of(total_items),
            summary=session_summary(counts),
        )
    )


@router.get("/{session_id}", response_model=Answer[SessionDetail])
def get_session(
    session_id: str, caller: Reading, deployment: Annotated[Deployment, Depends(deployment_of)]
) -> Response:
    """One session with its customer, payment, timeline and transfers."""
    session_id = session_id.lower()  # as the feed's ids are kept
    found = caller.rows(SESSION_CREATED_AT, session_id=session_id)
    if not found:
        raise NotFound("Session")
    created_at = found[0]["created_at"]
    row = caller.rows(queries.SESSION, session_id=session_id, created_at=created_at)[0]
    timeline = caller.rows(queries.TIMELINE, session_id=session_id, session_created_at=created_at)
    bounds = {"first_transfer_at": row["first_transfer_at"], "last_transfer_at": row["last_transfer_at"]}
    transfers = caller.rows(queries.TRANSFERS, session_id=session_id, **bounds) if all(bounds.values()) else []
    return answer(session_detail(row, timeline, transfers, deployment.chain_view(caller.key.mode), caller.prices))
