"""The endpoints of one network as one: a piece of work is done by one of them, or by the next.

Belongs here: failing over. Does not belong here: asking one endpoint (`rpc.py`). Two endpoints are never mixed inside
one piece of work, because two nodes may see two chains.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Self, TypeVar

from pipelines.chains.rpc import RetryPolicy, RpcEndpoint
from warehouse.errors import ChainUnavailable
from warehouse.settings import NetworkSettings

T = TypeVar("T")


class RpcPool:
    """The endpoints of one network, in the order of the settings. The one that answered last is asked first.

    Args:
        network: named in errors.
        endpoints: at least one.
    """

    def __init__(self, network: str, endpoints: Sequence[RpcEndpoint]) -> None:
        if not endpoints:
            raise ChainUnavailable(
                f"{network}: no rpc_urls are set", network=network, hint=f"set rpc_urls under networks.<mode>.{network}"
            )
        self.network = network
        self.endpoints = tuple(endpoints)
        self._preferred = 0

    @classmethod
    def from_settings(cls, network: NetworkSettings, policy: RetryPolicy | None = None) -> Self:
        """The pool of a network's `rpc_urls` and `headers`."""
        headers = {name: value.get_secret_value() for name, value in network.headers.items()}
        endpoints = [
            RpcEndpoint(url.get_secret_value(), network=network.network, headers=headers, policy=policy)
            for url in network.rpc_urls
        ]
        return cls(network.network, endpoints)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        for endpoint in self.endpoints:
            endpoint.close()

    @contextmanager
    def endpoint(self) -> Generator[RpcEndpoint]:
        """One endpoint for a linked piece of work; if it turns out unavailable, the next piece gets the next one."""
        at = self._preferred
        try:
            yield self.endpoints[at]
        except ChainUnavailable:
            self._preferred = (at + 1) % len(self.endpoints)
            raise

    def run(self, work: Callable[[RpcEndpoint], T]) -> T:
        """The result of a linked piece of work, done from its start by one endpoint after another until one can.

        Raises:
            ChainUnavailable: none can; the message holds the reason of each.
            ChainError: any other error of the work, at once: another endpoint would not help.
        """
        reasons: list[ChainUnavailable] = []
        for _ in self.endpoints:
            try:
                with self.endpoint() as endpoint:
                    return work(endpoint)
            except ChainUnavailable as unavailable:
                reasons.append(unavailable)
        if len(reasons) == 1:
            raise reasons[0]
        said = "; ".join(dict.fromkeys(reason.message for reason in reasons))
        hint = next((reason.hint for reason in reasons if reason.hint), None)
        timed_out = any(reason.details.get("timed_out") for reason in reasons)
        raise ChainUnavailable(
            f"{self.network}: none of {len(reasons)} endpoints gives a usable answer. {said}",
            network=self.network,
            hint=hint,
            timed_out=timed_out,
        )
