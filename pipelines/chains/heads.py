"""How far a chain is: its newest and its newest final block.

Belongs here: reading one head from one node. Does not belong here: which node (`rpc_pool.py`), confirmations of a
transfer (the SQL models count them from the head).
"""

from dataclasses import dataclass
from datetime import datetime

from pipelines.chains.decode import DishonestAnswer
from pipelines.chains.headers import BlockRef, Header, by_tag, decode, fetch
from pipelines.chains.rpc import RpcEndpoint
from warehouse.errors import ChainUnavailable
from warehouse.settings import NetworkSettings


@dataclass(frozen=True, slots=True)
class Head:
    """The newest and the newest final block of one node at one moment. Times are UTC."""

    number: int
    hash: str
    time: datetime
    finalized_number: int
    finalized_hash: str
    finalized_time: datetime

    @property
    def newest(self) -> BlockRef:
        """The newest block."""
        return BlockRef(self.number, self.hash)

    @property
    def final(self) -> BlockRef:
        """The newest final block."""
        return BlockRef(self.finalized_number, self.finalized_hash)


def read_head(endpoint: RpcEndpoint, settings: NetworkSettings) -> Head:
    """The head as one node tells it, final by its own tag or by depth, as the settings say.

    Raises:
        ChainUnavailable: the node knows no finalised block.
        DishonestAnswer: no headers, or a final block above the newest.
    """
    latest, final = (_by_depth if settings.finality == "depth" else _by_tag)(endpoint, settings)
    if final.number > latest.number:
        raise DishonestAnswer(
            f"{settings.network}: the node's final block is above its newest", network=settings.network
        )
    return Head(latest.number, latest.hash, latest.time, final.number, final.hash, final.time)


def _by_depth(endpoint: RpcEndpoint, settings: NetworkSettings) -> tuple[Header, Header]:
    """Final is what has `finality_depth` confirmations; the newest block has one."""
    latest = decode(endpoint.call(*by_tag("latest")), network=settings.network)
    return latest, fetch(endpoint, [max(0, latest.number - settings.finality_depth + 1)])[0]


def _by_tag(endpoint: RpcEndpoint, settings: NetworkSettings) -> tuple[Header, Header]:
    # One request: two could meet two nodes behind one address, or two moments.
    latest, final = endpoint.batch([by_tag("latest"), by_tag("finalized")], null=True)
    if bytes(final) == b"null":
        raise ChainUnavailable(
            f"{settings.network}: the node {endpoint.name} knows no finalised block",
            network=settings.network,
            hint=f'set finality = "depth" under networks.{settings.mode}.{settings.network}, or use another node',
        )
    return decode(latest, network=settings.network), decode(final, network=settings.network)
