"""Routes of deposit addresses.

Belongs here: parameters in, queries, answers out. Does not belong here: SQL and shapes.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from api.addresses import queries
from api.addresses.schemas import AddressDetail, AddressList, address_detail, address_item, address_summary
from api.answers import Answer, answer
from api.auth import Reading
from api.canonical import address_forms, networks_of
from api.deployment import Caller, Deployment, deployment_of
from api.errors import InvalidParameter, NotFound
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

# Enough for every id (they are below 2^53), and safely within 64 bits.
_ID_DIGITS_MAX = 18

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


@router.get("/{address_id}", response_model=Answer[AddressDetail])
def get_address(
    address_id: str, caller: Reading, deployment: Annotated[Deployment, Depends(deployment_of)]
) -> Response:
    """One address, by its id or by the address itself, with its sessions, transfers and sweeps."""
    found = _find(caller, address_id, deployment)
    if not found:
        raise NotFound("Address")
    if len(found) > 1:
        message = "The address stands for several networks or currencies: use an id"
        raise InvalidParameter("address_id", message, candidate_ids=[row["id"] for row in found])
    row = found[0]
    named = {name: row[name] for name in ("session_ids", "first_session_at", "last_session_at")}
    sessions = caller.rows(queries.SESSIONS, **named) if row["session_ids"] else []
    names = ("address", "network", "currency", "first_transfer_at", "last_transfer_at")
    transfers = caller.rows(queries.TRANSFERS, **{name: row[name] for name in names})
    return answer(address_detail(row, sessions, transfers, deployment.chain_view(caller.key.mode), caller.prices))


def _find(caller: Caller, text: str, deployment: Deployment) -> Sequence[Mapping[str, Any]]:
    """The merchant's address rows that a text names."""
    if text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS_MAX:
        return caller.rows(queries.BY_ID, id=int(text))
    forms = address_forms(text)
    if not forms:
        return []
    # Families that can read a text read the same into it.
    address = next(iter(forms.values()))
    networks = networks_of(forms, deployment.settings.families)
    return caller.rows(queries.BY_ADDRESS, address=address, networks=networks)
