"""Who plays in the demo, and where: its chains with their tokens, its merchants, payers and spammers.

Belongs here: what stays the same in every tick. Does not belong here: what they do (`traffic.py`, `spam.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipelines.demo.real_tokens import EvmNetwork, RealToken, look_alikes, real_tokens
from warehouse.settings_networks import presets

Mode = Literal["live", "test"]

# Deeper than any reorganisation of the demo (REORG_DEPTH_MAX) and one block more, so that a final block is never taken
# back, not even by a node that comes back without its newest block. Even, as anvil wants it.
FINALITY_BLOCKS = 6
REORG_DEPTH_MAX = 3


@dataclass(frozen=True, slots=True)
class ChainCast:
    """One chain of the demo.

    Attributes:
        mode: of its network.
        network: its name in the settings.
        block_seconds: at least so much time lies between two blocks.
        confirmations: until a session is paid.
        tokens: those that count, by currency.
        others: real tokens that look like one of those and never count.
        weight: its share of the sessions.
    """

    mode: Mode
    network: EvmNetwork
    block_seconds: int
    confirmations: int
    tokens: Mapping[str, RealToken]
    others: Mapping[str, RealToken] = field(default_factory=dict)
    weight: int = 1

    @property
    def key(self) -> str:
        """Its name among the demo's chains."""
        return f"{self.mode}.{self.network}"

    @property
    def chain_id(self) -> int:
        """As preset."""
        return presets()[self.mode][self.network]["chain_id"]


def _live(network: EvmNetwork, block_seconds: int, confirmations: int, weight: int) -> ChainCast:
    tokens, others = real_tokens(network), look_alikes(network)
    return ChainCast("live", network, block_seconds, confirmations, tokens, others, weight)


# Test networks have no token presets: these stand on the demo's node and in its paylake.toml.
_TEST_TOKENS = {
    "USDT": RealToken("0x7e57" + "00" * 17 + "01", 18, "Test Tether", "USDT"),
    "USDC": RealToken("0x7e57" + "00" * 17 + "02", 18, "Test USD Coin", "USDC"),
}
# As slow as can be without being dull: anvil and its saving slow down with the length of a chain.
CHAINS = {
    chain.key: chain
    for chain in (
        _live("BSC", block_seconds=2, confirmations=3, weight=4),
        _live("ETH", block_seconds=8, confirmations=2, weight=2),
        _live("POL", block_seconds=4, confirmations=3, weight=3),
        ChainCast("test", "BSC", block_seconds=6, confirmations=2, tokens=_TEST_TOKENS, weight=2),
    )
}

# Names by merchant, and the modes in which each one trades, with its share of the sessions there.
MERCHANTS = {"mer_demo": "Demo Bookshop", "mer_other": "Another Shop"}
SHARES: dict[Mode, dict[str, int]] = {"live": {"mer_demo": 4, "mer_other": 1}, "test": {"mer_demo": 1}}
HOT_WALLET = "0x" + "70" * 20
GAS_STATION = "0x" + "6a" * 20
PAYERS = tuple(f"0x{number:040x}" for number in range(0xBEEF0000, 0xBEEF0008))
SPAMMER = "0x5ba3" + "00" * 17 + "01"
# Looks like the hot wallet in every wallet that shows the first and the last characters.
POISON = HOT_WALLET[:8] + "5b" * 14 + HOT_WALLET[-6:]
# On every chain: a token that calls itself USDT, and an ERC-721 token.
FORGED = RealToken("0xfa4e" + "00" * 17 + "01", 18, "Tether USD", "USDT")
NFT = "0x4f7a" + "00" * 17 + "01"
