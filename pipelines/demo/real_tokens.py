"""The tokens of the live EVM networks as they really are, and a local node on which they stand.

Belongs here: what of a token is not in its preset; address and decimals are those of `warehouse/networks.toml`. Does
not belong here: the contracts that stand in for them (`evm_tokens.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import place_token
from warehouse.domain.addresses import canonical_address
from warehouse.domain.networks import Family
from warehouse.settings_networks import presets

EvmNetwork = Literal["BSC", "ETH", "POL"]


@dataclass(frozen=True, slots=True)
class RealToken:
    """A token contract, such as one of a live network.

    Attributes:
        address: canonical.
        decimals: of one token.
        name: as the contract says.
        symbol: as the contract says; not always the currency it is booked under.
        returns_bool: whether its functions say true or, against ERC-20, nothing.
    """

    address: str
    decimals: int
    name: str
    symbol: str
    returns_bool: bool = True


# Name, symbol and whether `transfer` returns a bool, of the tokens that the presets list.
_TRAITS: dict[EvmNetwork, dict[str, tuple[str, str, bool]]] = {
    "BSC": {"USDT": ("Tether USD", "USDT", True), "USDC": ("USD Coin", "USDC", True)},
    "ETH": {"USDT": ("Tether USD", "USDT", False), "USDC": ("USD Coin", "USDC", True)},
    "POL": {"USDT": ("USDT0", "USDT0", True), "USDC": ("USD Coin", "USDC", True)},
}
# Look-alikes that no preset lists: their transfers never count. USDC.e is bridged by Polygon, not issued by Circle.
_LOOK_ALIKES: dict[EvmNetwork, dict[str, RealToken]] = {
    "POL": {"USDC.e": RealToken("0x2791bca1f2de4661ed88a30c99a7a9449aa84174", 6, "USD Coin (PoS)", "USDC")},
}


def chain_id_of(network: EvmNetwork) -> int:
    """The chain id of a live network, as preset."""
    return presets()["live"][network]["chain_id"]


def real_tokens(network: EvmNetwork) -> dict[str, RealToken]:
    """A live network's tokens by the currency they are booked under."""
    listed = presets()["live"][network]["tokens"]
    return {
        currency: RealToken(
            canonical_address(Family.EVM, listed[currency]["address"]),
            listed[currency]["decimals"],
            name,
            symbol,
            returns_bool,
        )
        for currency, (name, symbol, returns_bool) in _TRAITS[network].items()
    }


def look_alikes(network: EvmNetwork) -> Mapping[str, RealToken]:
    """Real tokens of a live network that look like one of `real_tokens` and are none, by the name people use."""
    return _LOOK_ALIKES.get(network, {})


def place_tokens(node: Anvil, network: EvmNetwork) -> None:
    """Put the tokens of a live network and their look-alikes at their real addresses, with no supply.

    Mines a block for each and one more, from which on a reorganisation leaves them.
    """
    place_all(node, [*real_tokens(network).values(), *look_alikes(network).values()])


def place_all(node: Anvil, tokens: Iterable[RealToken]) -> None:
    """Put tokens at their addresses, with no supply. Mines blocks as `place_tokens` does."""
    for token in tokens:
        place_token(
            node,
            token.address,
            name=token.name,
            symbol=token.symbol,
            decimals=token.decimals,
            returns_bool=token.returns_bool,
        )
    node.mine()
