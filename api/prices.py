"""What tokens are worth in US dollars.

Belongs here: finding the price in force and multiplying by it, once. Does not belong here: where prices come from
(`marts.prices`), what is valued.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from api.money import in_usd
from warehouse.domain.money import sum_exactly, times

PRICES = """
select p.currency, p.priced_from, p.price_usd, p.price_source
from marts.prices as p
order by p.currency, p.priced_from desc
"""

USD_NOW = "At the price in force; null where there is none."
USD_THEN = "At the price of the block's time; null where there was none."

PriceSource = Annotated[
    Literal["par", "market"] | None,
    Field(description="par: one token counts as one US dollar; market: some price was quoted; null as the value is."),
]


class Worth(NamedTuple):
    """A value in US dollars, or none.

    Attributes:
        usd: half-up to 2 decimals, from the exact value; None where a price is missing.
        source: of its prices; None where one is missing.
    """

    usd: Decimal | None
    source: Literal["par", "market"] | None


class Prices:
    """The prices of one snapshot.

    Args:
        rows: of `PRICES`.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._newest_first: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            self._newest_first.setdefault(row["currency"], []).append(row)

    def worth(self, amounts: Mapping[str, Decimal]) -> Worth:
        """What amounts by currency are worth together at the prices in force."""
        found = {currency: self._in_force(currency, None) for currency in amounts}
        prices = [price for price in found.values() if price is not None]
        if len(prices) < len(found):
            return Worth(None, None)
        products = (times(amounts[currency], price["price_usd"]) for currency, price in zip(found, prices, strict=True))
        is_quoted = any(price["price_source"] == "market" for price in prices)
        return Worth(in_usd(sum_exactly(products)), "market" if is_quoted else "par")

    def usd(self, amount: Decimal, currency: str, at: datetime | None = None) -> Decimal | None:
        """What an amount is worth at the price in force, now or at a moment; None without one."""
        price = self._in_force(currency, at)
        return None if price is None else in_usd(times(amount, price["price_usd"]))

    def _in_force(self, currency: str, at: datetime | None) -> Mapping[str, Any] | None:
        prices = self._newest_first.get(currency, ())
        return next((price for price in prices if at is None or price["priced_from"] <= at), None)
