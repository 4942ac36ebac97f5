"""The application: its routers, its middleware, what it opens and closes.

Belongs here: the table of contents of the API. Does not belong here: anything a request does.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.types import Lifespan

from api.addresses.endpoints import router as addresses
from api.balance.endpoints import router as balance
from api.clock import Clock, system_clock
from api.cors import Cors
from api.deployment import Deployment, Reader
from api.documentation import install_documentation
from api.errors import install_error_handlers
from api.health.endpoints import router as health
from api.middleware import EXPOSED_HEADERS, Admission, AnswerHeaders
from api.overview.endpoints import router as overview
from api.rate_limits import RateLimits
from api.sessions.endpoints import router as sessions
from api.transactions.endpoints import router as transactions
from warehouse import serving
from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.store.connection import open_store

PREFIX = "/api/v1/dashboard"

# One line for each resource under PREFIX.
RESOURCES: tuple[APIRouter, ...] = (
    sessions,  # checkout sessions: list, detail
    addresses,  # deposit addresses: list, detail
    balance,  # available and pending balance, earnings; balances by network
    transactions,  # blockchain transactions: list, detail
    overview,  # the dashboard at a glance
)

_PREFLIGHT_SECONDS = 600


def create_app(settings: Settings, *, reader: Reader | None = None, clock: Clock = system_clock) -> FastAPI:
    """The API of one deployment, ready to serve; it opens the operational store and the counters.

    Args:
        settings: of the deployment.
        reader: where published data comes from; the serving directory unless given.
        clock: the present moment.

    Raises:
        SettingsError, StorageError: the store cannot be opened.
    """
    if settings.prices.source != "par":
        raise SettingsError('prices.source = "http" is not read by this version', hint='set prices.source = "par"')
    deployment = Deployment(
        settings=settings,
        store=open_store(settings),
        reader=reader or serving.Reader(settings.paths.serving),
        rates=RateLimits.open(settings, clock),
        clock=clock,
    )
    app = bare_app(_closing(deployment))
    app.state.deployment = deployment
    # Added from the inside out: the last one sees a request first.
    app.add_middleware(Admission, deployment=deployment)
    if settings.api.cors_origins:
        app.add_middleware(
            Cors,
            allow_origins=[origin.rstrip("/") for origin in settings.api.cors_origins],
            allow_methods=["GET", "POST", "PUT"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key"],
            expose_headers=EXPOSED_HEADERS,
            max_age=_PREFLIGHT_SECONDS,
        )
    app.add_middleware(AnswerHeaders, deployment=deployment)
    return app


def bare_app(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """Routes and their documentation alone: enough for the OpenAPI document, opens nothing."""
    # A redirect for a trailing slash would be a status that the contract does not know.
    app = FastAPI(lifespan=lifespan, redirect_slashes=False, openapi_url=None, docs_url=None, redoc_url=None)
    dashboard = APIRouter(prefix=PREFIX)
    for resource in RESOURCES:
        dashboard.include_router(resource)
    app.include_router(dashboard)
    app.include_router(health)
    install_documentation(app)
    install_error_handlers(app)
    return app


def _closing(deployment: Deployment) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        yield
        deployment.rates.close()
        deployment.store.close()

    return lifespan
