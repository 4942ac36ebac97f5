"""Probes: `/health` for "is it alive", `/ready` for "may it get traffic".

Belongs here: both routes. Does not belong here: metrics.
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from api.answers import Answer, answer
from api.deployment import Deployment, Exchange, deployment_of
from api.errors import NotReady, error_response
from api.health.networks import network_items
from api.health.schemas import Health, Readiness
from api.presentation import show_moment
from warehouse.store.network_states import find_states

router = APIRouter(tags=["health"])


@router.get("/health", response_model=Answer[Health])
def get_health() -> Response:
    """The process answers."""
    return answer(Health(status="ok"))


@router.get("/ready", response_model=Answer[Readiness])
def get_readiness(request: Request, deployment: Annotated[Deployment, Depends(deployment_of)]) -> Response:
    """Ready for traffic; 503 before the first publish. A network that is down degrades it: the rest is served."""
    snapshot = Exchange.of(request.scope).snapshot
    if snapshot is None:
        return error_response(NotReady())
    manifest = snapshot.manifest
    networks = network_items(deployment.settings, manifest.heads, find_states(deployment.store), deployment.clock())
    return answer(
        Readiness(
            status="ready" if all(network.state == "ok" for network in networks) else "degraded",
            snapshot_version=manifest.version,
            data_as_of={mode: show_moment(moment) for mode, moment in manifest.as_of.items()},
            networks=networks,
        )
    )
