"""Settings of the networks and their tokens, on top of the presets in `networks.toml`.

Belongs here: what a network can be set to, and what must agree between networks. Does not belong here: reading files
and the environment (`settings_sources.py`).
"""

import tomllib
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from warehouse.domain.addresses import canonical_address
from warehouse.domain.networks import CURRENCIES, MODES, Family, Mode, network_rank
from warehouse.domain.tokens import Token
from warehouse.settings_types import Count, PositiveCount, PositiveNumber, SecretHttpUrl, Section

# Filled in from the position of the table, so they cannot be set.
DERIVED_KEYS = frozenset({"mode", "network"})


class TokenSettings(Section):
    """A token contract of a network.

    Attributes:
        address: canonical address of the contract or mint (any accepted form may be written).
        decimals: at most 18, the scale of the books; `doctor` compares it with the contract.
    """

    address: str
    decimals: Annotated[int, Field(strict=True, ge=0, le=18)]


class NetworkSettings(Section):
    """One network in one mode; active when it has `rpc_urls`."""

    mode: Mode
    network: str
    family: Family
    chain_id: PositiveCount | None = None
    native_coin: str
    rpc_urls: list[SecretHttpUrl] = []
    api_url: SecretHttpUrl | None = None
    start_block: Count | Literal["auto"] = "auto"
    required_confirmations: PositiveCount
    finality: Literal["tag", "depth"] = "tag"
    finality_depth: PositiveCount
    max_block_range: PositiveCount = 2000
    poll_seconds: PositiveNumber = 1.0
    head_lag_limit_seconds: PositiveNumber = 120.0
    estimated_completion_minutes: PositiveCount = 30
    headers: dict[str, SecretStr] = {}
    explorer_tx: str = ""
    explorer_address: str = ""
    tokens: dict[str, TokenSettings] = {}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.chain_id is None and self.family is not Family.SOLANA:
            raise ValueError("needs chain_id")
        for template, placeholder in ((self.explorer_tx, "{hash}"), (self.explorer_address, "{address}")):
            if template and placeholder not in template:
                raise ValueError(f"an explorer address must contain {placeholder}")
        self._canonical_tokens()
        return self

    def _canonical_tokens(self) -> None:
        owner_of: dict[str, str] = {}
        for currency, token in self.tokens.items():
            if currency not in CURRENCIES:
                raise ValueError(f"tokens.{currency}: the currencies are {', '.join(CURRENCIES)}")
            try:
                address = canonical_address(self.family, token.address)
            except ValueError as error:
                raise ValueError(f"tokens.{currency}.address: {error}") from None
            if address in owner_of:
                raise ValueError(f"tokens.{currency} and tokens.{owner_of[address]} have the same address")
            owner_of[address] = currency
            self.tokens[currency] = token.model_copy(update={"address": address})

    def token_list(self) -> list[Token]:
        """The network's tokens, in the order of `CURRENCIES`."""
        return [
            Token(self.mode, self.network, currency, self.tokens[currency].address, self.tokens[currency].decimals)
            for currency in CURRENCIES
            if currency in self.tokens
        ]


Networks = dict[Mode, dict[str, NetworkSettings]]


def settable_keys(section: type[BaseModel]) -> list[str]:
    """The keys of a section that people can set."""
    return [name for name in section.model_fields if section is not NetworkSettings or name not in DERIVED_KEYS]


@cache
def _preset_text() -> str:
    return files("warehouse").joinpath("networks.toml").read_text(encoding="utf-8")


def presets() -> dict[str, dict[str, dict[str, Any]]]:
    """The presets as plain tables, mode → network → keys; a fresh copy at each call."""
    return tomllib.loads(_preset_text(), parse_float=Decimal)


def merged_network(preset: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The keys of one network: its own settings over its presets.

    A token with an address of its own takes nothing from the preset token: inherited decimals would be another
    contract's, and amounts wrong by orders of magnitude.
    """
    merged = {**preset, **own}
    own_tokens, preset_tokens = own.get("tokens", {}), preset.get("tokens", {})
    if isinstance(own_tokens, dict) and own_tokens:
        merged["tokens"] = {**preset_tokens}
        for currency, token in own_tokens.items():
            inherited = {} if not isinstance(token, dict) or "address" in token else preset_tokens.get(currency, {})
            merged["tokens"][currency] = {**inherited, **token} if isinstance(token, dict) else token
    return merged


def disagreement(networks: Networks) -> str | None:
    """What does not agree between networks: shared chain ids, or a name of two families. None if all is well."""
    by_chain_id: dict[int, str] = {}
    families: dict[str, Family] = {}
    for mode in MODES:
        for name, network in sorted(networks[mode].items(), key=lambda item: network_rank(item[0])):
            place = f"networks.{mode}.{name}"
            if network.chain_id is not None and network.chain_id in by_chain_id:
                return f"{place}.chain_id: {network.chain_id} is also the chain of {by_chain_id[network.chain_id]}"
            if network.chain_id is not None:
                by_chain_id[network.chain_id] = place
            if families.setdefault(name, network.family) is not network.family:
                return f"{place}.family: {name} is {families[name]} in the other mode"
    return None
