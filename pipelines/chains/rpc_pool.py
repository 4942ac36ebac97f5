"""The endpoints of one network as one: a piece of work is done by one of them, or by the next.

Belongs here: failing over. Does not belong here: asking one endpoint (`rpc.py`). Two endpoints are never mixed inside
one piece of work, because two nodes may see two chains.
"""

from collections.abc import Callable, Sequence
from typing import Self, TypeVar

from pipelines.chains.decode import DishonestAnswer
from pipelines.chains.rpc import RetryPolicy, RpcEndpoint
from warehouse.errors import CallReverted, ChainError, ChainUnavailable, FinalBlockChanged, WrongChain
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

    def prefer(self, endpoint: RpcEndpoint) -> None:
        """Ask this endpoint first from now on."""
        self._preferred = self.endpoints.index(endpoint)

    def run(self, work: Callable[[RpcEndpoint], T]) -> T:
        """The result of a linked piece of work, done from its start by one endpoint after another until one can.

        Raises:
            ChainError: none can: the error of all of them if they agree on its kind, or the alarm that a final block
                changed if one raises it, else ChainUnavailable. The message holds the reason of each.
            CallReverted: what the first says of a contract's answer.
        """
        reasons: list[ChainError] = []
        for _ in self.endpoints:
            try:
                return work(self.endpoints[self._preferred])
            except CallReverted:
                raise  # another endpoint would say the same
            except ChainError as error:
                # Whatever is wrong with it, the next piece of work begins with another.
                self._preferred = (self._preferred + 1) % len(self.endpoints)
                reasons.append(error)
        if len(reasons) == 1:
            raise reasons[0]
        said = "; ".join(dict.fromkeys(reason.message for reason in reasons))
        hint = next((reason.hint for reason in reasons if reason.hint), None)
        timed_out = any(reason.details.get("timed_out") for reason in reasons)
        raise _kind(reasons)(
            f"{self.network}: none of {len(reasons)} endpoints gives a usable answer. {said}",
            network=self.network,
            hint=hint,
            timed_out=timed_out,
        )


def _kind(reasons: Sequence[ChainError]) -> type[ChainError]:
    """What several failures are together."""
    kinds = {type(reason) for reason in reasons}
    alarm = next((kind for kind in kinds if issubclass(kind, FinalBlockChanged)), None)
    if alarm:
        return alarm
    only = kinds.pop()
    return only if not kinds and only in (WrongChain, DishonestAnswer) else ChainUnavailable
