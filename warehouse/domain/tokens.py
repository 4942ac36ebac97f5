"""A token of one network.

Belongs here: what identifies a token. Does not belong here: which tokens there are (`warehouse/networks.toml`).
"""

from dataclasses import dataclass

from warehouse.domain.networks import Mode


@dataclass(frozen=True, slots=True)
class Token:
    """A token contract. Its key is (mode, network, address), never its symbol: symbols change and are forged.

    Attributes:
        mode: `live` or `test`.
        network: such as `BSC`.
        currency: the currency it is booked under, such as `USDT`.
        address: the canonical address of the contract or mint.
        decimals: digits after the point; one token is 10**decimals base units.
    """

    mode: Mode
    network: str
    currency: str
    address: str
    decimals: int
