"""What a running API holds on to, and what it knows about the request at hand.

Belongs here: the handles that `create_app` opens, and the dependencies that hand them to endpoints. Does not belong
here: opening them (`app.py`) and filling in the request's part (`middleware.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.types import Scope

from api.clock import Clock
from api.presentation import ChainView
from api.prices import PRICES, Prices
from api.rate_limits import RateLimits, RateStatus
from warehouse.domain.networks import MODES, Mode, network_rank
from warehouse.manifest import Head
from warehouse.settings import Settings
from warehouse.store.api_keys import ApiKey
from warehouse.store.connection import Store

_EXCHANGE = "paylake.exchange"


class Manifest(Protocol):
    """What the API reads of a snapshot's manifest."""

    @property
    def as_of(self) -> Mapping[str, datetime]:
        """By mode, the moment up to which chain and gateway data is included."""

    @property
    def heads(self) -> Sequence[Head]:
        """How far each network has been read."""

    @property
    def version(self) -> int:
        """Grows with every publish."""


class Snapshot(Protocol):
    """One published state of the marts; it never changes."""

    @property
    def manifest(self) -> Manifest:
        """What this snapshot says of itself."""

    def rows(self, sql: str, parameters: Mapping[str, Any], /) -> Sequence[Mapping[str, Any]]:
        """Run one statement; safe from any thread."""


class Reader(Protocol):
    """Where snapshots come from: `warehouse.serving.Reader`, or given rows in tests."""

    def snapshot(self) -> Snapshot | None:
        """The newest snapshot, None before the first publish."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """The open handles of one API process."""

    settings: Settings
    store: Store
    reader: Reader
    rates: RateLimits
    clock: Clock

    @property
    def network_names(self) -> list[str]:
        """Every known network, in the order in which networks are shown."""
        return sorted({name for mode in MODES for name in self.settings.networks[mode]}, key=network_rank)

    def chain_view(self, mode: Mode) -> ChainView:
        """How addresses and hashes of a mode are shown."""
        return ChainView(self.settings.networks[mode])


@dataclass(slots=True)
class Exchange:
    """One request and its answer, as far as known by now."""

    request_id: str
    snapshot: Snapshot | None = None
    key: ApiKey | None = None
    rate: RateStatus | None = None

    @property
    def caller(self) -> "Caller | None":
        """Who asks; None without a key."""
        return Caller(self.key, self.snapshot) if self.key else None

    @classmethod
    def of(cls, scope: Scope) -> "Exchange":
        """The exchange of a request that passed the middleware."""
        return scope[_EXCHANGE]

    def attach(self, scope: Scope) -> None:
        """Make it available to everything further in."""
        scope[_EXCHANGE] = self


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and the data they may see. Every query of a merchant's rows binds `scope`.

    Attributes:
        snapshot: None before the first publish.
    """

    key: ApiKey
    snapshot: Snapshot | None

    @property
    def scope(self) -> dict[str, str]:
        """The tenant of every query: mode and merchant, from the key's row alone."""
        return {"mode": self.key.mode, "merchant_id": self.key.merchant_id}

    @property
    def data_as_of(self) -> datetime | None:
        """The moment up to which the snapshot's data goes, None before the first publish."""
        return self.snapshot.manifest.as_of.get(self.key.mode) if self.snapshot else None

    def rows(self, sql: str, **params: Any) -> Sequence[Mapping[str, Any]]:
        """Run one statement of a `queries.py` for this tenant; nothing before the first publish."""
        if self.snapshot is None:
            return []
        return self.snapshot.rows(sql, {name: _bindable(value) for name, value in {**params, **self.scope}.items()})

    @property
    def prices(self) -> Prices:
        """What tokens are worth; nothing has a price before the first publish."""
        if self.snapshot is None:
            return Prices([])
        if self.snapshot not in _PRICES:
            _PRICES[self.snapshot] = Prices(self.snapshot.rows(PRICES, {}))
        return _PRICES[self.snapshot]

    def shared_rows(self, sql: str) -> Sequence[Mapping[str, Any]]:
        """Run one statement over what belongs to no merchant, which binds the mode alone."""
        return self.snapshot.rows(sql, {"mode": self.key.mode}) if self.snapshot else []


# Of each snapshot in use, read once.
_PRICES: WeakKeyDictionary[Snapshot, Prices] = WeakKeyDictionary()


def _bindable(value: Any) -> Any:
    # DuckDB 1.5.5 takes Decimal("1E+5") for 1.00000: what it gets has no positive exponent.
    return Decimal(f"{value:f}") if isinstance(value, Decimal) else value


def deployment_of(request: Request) -> Deployment:
    """The process's handles, for an endpoint."""
    return request.app.state.deployment
