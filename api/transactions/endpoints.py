"""Routes of blockchain transactions.

Belongs here: parameters in, queries, answers out. Does not belong here: SQL and shapes.
"""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from api.answers import Answer, answer
from api.auth import Reading
from api.deployment import Deployment, deployment_of
from api.errors import InvalidParameter
from api.pagination import LIMIT, PAGE, read_page
from api.parameters import (
    CURRENCY,
    END_DATE,
    NETWORK,
    START_DATE,
    AmountBound,
    Choice,
    documented,
    query_of,
    read_period,
)
from api.transactions import queries
from api.transactions.schemas import TransactionList, transaction_summary
from api.transfers import transfer_item

router = APIRouter(prefix="/transactions", tags=["transactions"])

TYPE = Choice("type", "Only this type.", ("incoming", "outgoing", "sweep"))
MIN_AMOUNT = AmountBound("min_amount", "From this amount on, inclusive; digits with at most 8 decimals.")
MAX_AMOUNT = AmountBound("max_amount", "Up to this amount, inclusive; digits with at most 8 decimals.")

_PARAMETERS = (PAGE, LIMIT, TYPE, NETWORK, CURRENCY, START_DATE, END_DATE, MIN_AMOUNT, MAX_AMOUNT)


@router.get("", response_model=Answer[TransactionList], openapi_extra=documented(_PARAMETERS))
def list_transactions(
    request: Request, caller: Reading, deployment: Annotated[Deployment, Depends(deployment_of)]
) -> Response:
    """The token transfers that touch the merchant's addresses, newest first, a page at a time."""
    query = query_of(request)
    page = read_page(query)
    transfer_type = TYPE.read(query)
    network, currency = NETWORK.read(query, deployment.network_names), CURRENCY.read(query)
    start, end = read_period(query)
    min_amount, max_amount = _read_amounts(query)
    filters = {
        "network": network,
        "currency": currency,
        "start": start,
        "end": end,
        "min_amount": min_amount,
        "max_amount": max_amount,
    }
    figures = caller.rows(queries.FIGURES_BY_TYPE, **filters)
    counts = {row["type"]: row["transactions"] for row in figures}
    total_items = counts.get(transfer_type, 0) if transfer_type else sum(counts.values())
    rows = caller.rows(queries.LIST, type=transfer_type, limit=page.limit, offset=page.offset, **filters)
    view = deployment.chain_view(caller.key.mode)
    return answer(
        TransactionList(
            transactions=[transfer_item(row, view) for row in rows],
            pagination=page.of(total_items),
            summary=transaction_summary(counts, {row["type"]: row["confirmed_amount"] for row in figures}),
        )
    )


def _read_amounts(query: QueryParams) -> tuple[Decimal | None, Decimal | None]:
    """Both bounds of the amount.

    Raises:
        InvalidParameter: one is malformed, or the minimum is above the maximum.
    """
    least, most = MIN_AMOUNT.read(query), MAX_AMOUNT.read(query)
    if least is not None and most is not None and least > most:
        raise InvalidParameter("min_amount", "min_amount must not be above max_amount")
    return least, most
