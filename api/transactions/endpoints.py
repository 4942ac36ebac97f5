"""Routes of blockchain transactions.

Belongs here: parameters in, queries, answers out. Does not belong here: SQL and shapes.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from api.answers import Answer, answer
from api.auth import Reading
from api.canonical import hash_forms, networks_of
from api.deployment import Caller, Deployment, deployment_of
from api.errors import InvalidParameter, NotFound
from api.lookups import SESSION_CREATED_AT
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
from api.transactions.schemas import TransactionDetail, TransactionList, transaction_detail, transaction_summary
from api.transfers import transfer_item
from warehouse.domain.networks import network_rank

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
            transactions=[transfer_item(row, view, caller.prices) for row in rows],
            pagination=page.of(total_items),
            summary=transaction_summary(counts, {row["type"]: row["confirmed_amount"] for row in figures}),
        )
    )


@router.get("/{tx_hash}", response_model=Answer[TransactionDetail], openapi_extra=documented((NETWORK,)))
def get_transaction(
    tx_hash: str, request: Request, caller: Reading, deployment: Annotated[Deployment, Depends(deployment_of)]
) -> Response:
    """One transaction: the merchant's first transfer in it, its place on the chain, its session, all its transfers."""
    network = NETWORK.read(query_of(request), deployment.network_names)
    rows = _transfers_in(caller, tx_hash, network, deployment)
    if not rows:
        raise NotFound("Transaction")
    # Two chains may hold a transaction of one hash: it is the first network's.
    shown_on = min((row["network"] for row in rows), key=network_rank)
    transfers = [row for row in rows if row["network"] == shown_on]
    first = min(transfers, key=lambda row: (row["log_index"], row["id"]))
    session = _session_of(caller, first["session_id"]) if first["session_id"] else None
    return answer(transaction_detail(first, transfers, session, deployment.chain_view(caller.key.mode), caller.prices))


def _transfers_in(
    caller: Caller, text: str, network: str | None, deployment: Deployment
) -> Sequence[Mapping[str, Any]]:
    """The merchant's transfers in the transactions of this hash, newest first."""
    forms = hash_forms(text)
    if not forms:
        return []
    # Families that can read a text read the same into it.
    tx_hash = next(iter(forms.values()))
    networks = [name for name in networks_of(forms, deployment.settings.families) if network in (None, name)]
    return [
        transfer
        for times in caller.rows(queries.BLOCK_TIMES, tx_hash=tx_hash)
        for transfer in caller.rows(queries.TRANSFERS_IN, tx_hash=tx_hash, networks=networks, **times)
    ]


def _session_of(caller: Caller, session_id: str) -> Mapping[str, Any]:
    created_at = caller.rows(SESSION_CREATED_AT, session_id=session_id)[0]["created_at"]
    return caller.rows(queries.RELATED_SESSION, session_id=session_id, created_at=created_at)[0]


def _read_amounts(query: QueryParams) -> tuple[Decimal | None, Decimal | None]:
    """Both bounds of the amount.

    Raises:
        InvalidParameter: one is malformed, or the minimum is above the maximum.
    """
    least, most = MIN_AMOUNT.read(query), MAX_AMOUNT.read(query)
    if least is not None and most is not None and least > most:
        raise InvalidParameter("min_amount", "min_amount must not be above max_amount")
    return least, most
