"""What may be spent, by currency and network.

Belongs here: grouping and order. Does not belong here: where the rows come from.
"""

from collections.abc import Iterable
from decimal import Decimal

from api.balance.schemas import CurrencyBalance, NetworkAmount
from api.money import amount_of_e8, in_usd, show_8
from warehouse.domain.networks import CURRENCIES, network_rank
from warehouse.store.credits import AvailableBalance

# (network, currency)
Pair = tuple[str, str]


def break_down(
    balances: Iterable[AvailableBalance], address_pairs: Iterable[Pair]
) -> tuple[Decimal, list[CurrencyBalance]]:
    """The total, and its parts for every pair with an address or a balance row.

    Parts are ordered by exact amount, largest first, then by the order of currencies and networks.
    """
    available_e8: dict[Pair, int] = dict.fromkeys(address_pairs, 0)
    available_e8.update({(row.network, row.currency): row.available_e8 for row in balances})
    networks: dict[str, dict[str, int]] = {}
    for (network, currency), units_e8 in available_e8.items():
        networks.setdefault(currency, {})[network] = units_e8
    ranked = sorted(networks, key=lambda currency: (-sum(networks[currency].values()), _currency_rank(currency)))
    total = amount_of_e8(sum(available_e8.values()))
    return total, [_currency_balance(currency, networks[currency]) for currency in ranked]


def _currency_balance(currency: str, available_e8: dict[str, int]) -> CurrencyBalance:
    total = amount_of_e8(sum(available_e8.values()))
    ranked = sorted(available_e8, key=lambda network: (-available_e8[network], network_rank(network)))
    return CurrencyBalance(
        currency=currency,
        amount=show_8(total),
        usd_value=in_usd(total),
        networks=[
            NetworkAmount(network=network, amount=show_8(amount_of_e8(available_e8[network]))) for network in ranked
        ],
    )


def _currency_rank(currency: str) -> tuple[int, str]:
    known = CURRENCIES.index(currency) if currency in CURRENCIES else len(CURRENCIES)
    return (known, currency)
