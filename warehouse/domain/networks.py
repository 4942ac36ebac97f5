"""Names of networks, currencies, modes and chain families.

Belongs here: the names and their order. Does not belong here: what a network is set to (`warehouse/networks.toml`).
"""

from enum import StrEnum
from typing import Literal

Mode = Literal["live", "test"]

MODES: tuple[Mode, ...] = ("live", "test")

# The order in which networks are shown; a network added in the settings comes after these, by name.
NETWORK_ORDER = ("BSC", "ETH", "POL", "TRX", "SOL")

CURRENCIES = ("USDT", "USDC")


class Family(StrEnum):
    """Chains that share one way of reading them. Code exists per family, never per chain."""

    EVM = "evm"
    TRON = "tron"
    SOLANA = "solana"


def network_rank(network: str) -> tuple[int, str]:
    """Sort key: the known networks in `NETWORK_ORDER`, then any other by name."""
    known = NETWORK_ORDER.index(network) if network in NETWORK_ORDER else len(NETWORK_ORDER)
    return (known, network)
