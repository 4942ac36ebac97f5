"""How many requests a caller may make, and the three headers that say so.

Belongs here: buckets, who is counted together, `X-RateLimit-*`. Does not belong here: counting (`rate_storage.py`).
A caller with a key is counted by key, one without by client address.
"""

import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.types import Scope

from api.clock import Clock
from api.rate_storage import SqliteRateStorage
from warehouse.settings import Settings

# One household or server gets a whole /64 of IPv6: counting single addresses would limit nobody.
_IPV6_PREFIX_BITS = 64


@dataclass(frozen=True, slots=True)
class RateStatus:
    """A bucket after a request: what `X-RateLimit-*` say. `reset_at` is in epoch seconds."""

    limit: int
    remaining: int
    reset_at: int
    is_exceeded: bool
    retry_after_seconds: int

    def headers(self) -> list[tuple[str, str]]:
        """The three headers."""
        return [
            ("X-RateLimit-Limit", str(self.limit)),
            ("X-RateLimit-Remaining", str(self.remaining)),
            ("X-RateLimit-Reset", str(self.reset_at)),
        ]


class RateLimits:
    """The standard bucket of every caller: so many requests in any 60 seconds."""

    def __init__(self, path: Path, standard_per_minute: int, clock: Clock) -> None:
        self._clock = clock
        self._storage = SqliteRateStorage(path, clock)
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._standard = RateLimitItemPerMinute(standard_per_minute, namespace="standard")

    @classmethod
    def open(cls, settings: Settings, clock: Clock) -> "RateLimits":
        """The rate limits of a deployment."""
        return cls(settings.paths.rates, settings.api.rate_limits.standard_per_minute, clock)

    def spend(self, caller: str) -> RateStatus:
        """Count one request of this caller, unless the bucket is empty."""
        return self._status(caller, allowed=self._limiter.hit(self._standard, caller))

    def peek(self, caller: str) -> RateStatus:
        """The caller's bucket as it is, without counting."""
        return self._status(caller, allowed=True)

    def unknown(self) -> RateStatus:
        """What can be said while the counters cannot be read."""
        return RateStatus(self._standard.amount, 0, math.ceil(self._clock().timestamp()), False, 0)

    def close(self) -> None:
        """Close the counters' file."""
        self._storage.close()

    def _status(self, caller: str, *, allowed: bool) -> RateStatus:
        window = self._limiter.get_window_stats(self._standard, caller)
        wait_seconds = max(1, math.ceil(window.reset_time - self._clock().timestamp()))
        return RateStatus(
            limit=self._standard.amount,
            remaining=max(0, window.remaining),
            reset_at=math.ceil(window.reset_time),
            is_exceeded=not allowed,
            retry_after_seconds=wait_seconds,
        )


class ClientAddresses:
    """Finds out who is calling; forwarded headers count only when a configured proxy sent them."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted = [ipaddress.ip_network(text, strict=False) for text in trusted_proxies]

    def caller(self, scope: Scope) -> str:
        """The key under which a request without an API key is counted."""
        client = scope.get("client")
        address = _address(client[0]) if client else None
        if address is None:
            return "address:unknown"
        if self._is_trusted(address):
            address = self._forwarded_for(Headers(scope=scope)) or address
        if address.version == 6:
            return f"address:{ipaddress.ip_network((address, _IPV6_PREFIX_BITS), strict=False)}"
        return f"address:{address}"

    def _forwarded_for(self, headers: Headers) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The right-most address that is not a proxy of ours: everything left of it was written by the client."""
        hops = ",".join(headers.getlist("x-forwarded-for")).split(",")
        for hop in reversed(hops):
            address = _address(hop.strip())
            if address is None:
                return None
            if not self._is_trusted(address):
                return address
        return None

    def _is_trusted(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return any(address in network for network in self._trusted)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if address.version == 6 else None
    return mapped or address
