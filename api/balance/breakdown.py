"""What may be spent, by currency and network.

Belongs here: grouping and order. Does not belong here: where the rows come from.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from api.balance import schemas
from api.balance.schemas import CurrencyBalance, NetworkAmount, NetworkBalance, NetworkCurrency
from api.money import amount_of_e8, show_8
from api.presentation import ChainView, show_moment_or_null
from api.prices import Prices
from warehouse.domain.networks import CURRENCIES, network_rank
from warehouse.store.credits import AvailableBalance

# (network, currency)
Pair = tuple[str, str]


def break_down(
    balances: Iterable[AvailableBalance], address_pairs: Iterable[Pair], prices: Prices
) -> schemas.AvailableBalance:
    """The total, and its parts for every pair with an address or a balance row.

    Parts are ordered by exact amount, largest first, then by the order of currencies and networks.
    """
    available_e8 = _available_e8(balances, address_pairs)
    networks: dict[str, dict[str, int]] = {}
    for (network, currency), units_e8 in available_e8.items():
        networks.setdefault(currency, {})[network] = units_e8
    ranked = sorted(networks, key=lambda currency: (-sum(networks[currency].values()), _currency_rank(currency)))
    totals = {currency: amount_of_e8(sum(networks[currency].values())) for currency in ranked}
    worth = prices.worth(totals)
    return schemas.AvailableBalance(
        amount=show_8(amount_of_e8(sum(available_e8.values()))),
        usd_value=worth.usd,
        price_source=worth.source,
        breakdown=[_currency_balance(currency, networks[currency], prices) for currency in ranked],
    )


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """What is known of a merchant's networks besides money.

    Attributes:
        addresses: for each pair that has one, its row of counts.
        sweeps: for each network that has any, its row of sums.
        hot_wallets: canonical address by network.
    """

    addresses: Mapping[Pair, Mapping[str, Any]]
    sweeps: Mapping[str, Mapping[str, Any]]
    hot_wallets: Mapping[str, str]


def break_down_by_network(
    balances: Iterable[AvailableBalance], facts: NetworkFacts, view: ChainView
) -> list[NetworkBalance]:
    """Every network with an address or a balance row; ordered as in `break_down`."""
    currencies: dict[str, dict[str, int]] = {}
    for (network, currency), units_e8 in _available_e8(balances, facts.addresses).items():
        currencies.setdefault(network, {})[currency] = units_e8
    ranked = sorted(currencies, key=lambda network: (-sum(currencies[network].values()), network_rank(network)))
    return [_network_balance(network, currencies[network], facts, view) for network in ranked]


def _available_e8(balances: Iterable[AvailableBalance], address_pairs: Iterable[Pair]) -> dict[Pair, int]:
    available_e8: dict[Pair, int] = dict.fromkeys(address_pairs, 0)
    available_e8.update({(row.network, row.currency): row.available_e8 for row in balances})
    return available_e8


def _network_balance(
    network: str, available_e8: dict[str, int], facts: NetworkFacts, view: ChainView
) -> NetworkBalance:
    ranked = sorted(available_e8, key=lambda currency: (-available_e8[currency], _currency_rank(currency)))
    sweeps = facts.sweeps.get(network, {})
    return NetworkBalance(
        network=network,
        total_balance=show_8(amount_of_e8(sum(available_e8.values()))),
        currencies=[
            _network_currency(currency, available_e8[currency], facts.addresses.get((network, currency), {}))
            for currency in ranked
        ],
        hot_wallet=view.address(network, facts.hot_wallets.get(network)),
        total_swept=show_8(sweeps.get("total_swept") or Decimal(0)),
        last_sweep=show_moment_or_null(sweeps.get("last_sweep")),
    )


def _network_currency(currency: str, units_e8: int, addresses: Mapping[str, Any]) -> NetworkCurrency:
    return NetworkCurrency(
        currency=currency,
        balance=show_8(amount_of_e8(units_e8)),
        addresses_count=addresses.get("addresses_count", 0),
        addresses_with_balance=addresses.get("addresses_with_balance", 0),
    )


def _currency_balance(currency: str, available_e8: dict[str, int], prices: Prices) -> CurrencyBalance:
    total = amount_of_e8(sum(available_e8.values()))
    ranked = sorted(available_e8, key=lambda network: (-available_e8[network], network_rank(network)))
    return CurrencyBalance(
        currency=currency,
        amount=show_8(total),
        usd_value=prices.usd(total, currency),
        networks=[
            NetworkAmount(network=network, amount=show_8(amount_of_e8(available_e8[network]))) for network in ranked
        ],
    )


def _currency_rank(currency: str) -> tuple[int, str]:
    known = CURRENCIES.index(currency) if currency in CURRENCIES else len(CURRENCIES)
    return (known, currency)
