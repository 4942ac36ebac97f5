"""Probes: `/health` for "is it alive", `/ready` for "may it get traffic".

Belongs here: both routes. Does not belong here: metrics.
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from api.answers import Answer, answer
from api.deployment import Deployment, Exchange, deployment_of
from api.errors import NotReady, error_response
from api.health.schemas import Health, Readiness
from api.presentation import show_moment

router = APIRouter(tags=["health"])


@router.get("/health", response_model=Answer[Health])
def get_health() -> Response:
    """The process answers."""
    return answer(Health(status="ok"))


@router.get("/ready", response_model=Answer[Readiness])
def get_readiness(request: Request, deployment: Annotated[Deployment, Depends(deployment_of)]) -> Response:
    """Ready for traffic; 503 before the first publish."""
    snapshot = Exchange.of(request.scope).snapshot
    if snapshot is None:
        return error_response(NotReady())
    with deployment.store.read() as connection:
        connection.execute(text("select 1"))
    manifest = snapshot.manifest
    return answer(
        Readiness(
            status="ready",
            snapshot_version=manifest.version,
            data_as_of={mode: show_moment(moment) for mode, moment in manifest.as_of.items()},
        )
    )
