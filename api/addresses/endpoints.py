"""Routes of deposit addresses.

Belongs here: parameters in, queries, answers out. Does not belong here: SQL and shapes.
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from api.addresses import queries
from api.addresses.schemas import AddressList, address_item, address_summary
from api.answers import Answer, answer
from api.auth import Reading
from api.deployment import Deployment, deployment_of
from api.pagination import LIMIT, PAGE, read_page
from api.parameters import CURRENCY, NETWORK, SORT_ORDER, Choice, Selection, YesOrNo, documented, query_of

router = APIRouter(prefix="/addresses", tags=["addresses"])

STATUS = Choice(
    "status",
    "active and inactive look at is_active, assigned and unassigned at is_assigned.",
    ("active", "assigned", "unassigned", "inactive"),
)
HAS_BALANCE = YesOrNo("has_balance", "true: only addresses with a balance above zero; false filters nothing.")
SWEEP_STATUS = Choice("sweep_status", "Only this sweep status.", ("pending", "swept", "failed"))
SORT_BY = Selection(
    "sort_by",
    "Sort field.",
    ("created_at", "updated_at", "balance", "total_received", "last_used_at", "id"),
    "created_at",
)

_PARAMETERS = (PAGE, LIMIT, NETWORK, CURRENCY, STATUS, HAS_BALANCE, SWEEP_STATUS, SORT_BY, SORT_ORDER)


@router.get("", response_model=Answer[AddressList], openapi_extra=documented(_PARAMETERS))
def list_addresses(
    request: Request, caller: Reading, deployment: Annotated[Deployment, Depends(deployment_of)]
) -> Response:
    """The merchant's deposit addresses with balances, sweeps and usage, a page at a time."""
    query = query_of(request)
    page = read_page(query)
    filters = {
        "network": NETWORK.read(query, deployment.network_names),
        "currency": CURRENCY.read(query),
        "status": STATUS.read(query),
        "has_balance": HAS_BALANCE.read(query) is True,
        "sweep_status": SWEEP_STATUS.read(query),
    }
    sorting = (SORT_BY.pick(query), SORT_ORDER.pick(query))
    figures = next(iter(caller.rows(queries.FIGURES, **filters)), None)
    rows = caller.rows(queries.LIST[sorting], limit=page.limit, offset=page.offset, **filters)
    view = deployment.chain_view(caller.key.mode)
    return answer(
        AddressList(
            addresses=[address_item(row, view) for row in rows],
            pagination=page.of(figures["total_items"] if figures else 0),
            summary=address_summary(figures),
        )
    )
