"""What balances look like in answers.

Belongs here: documented objects. Does not belong here: sums and SQL.
"""

from typing import Annotated

from pydantic import Field

from api.answers import Schema
from api.money import Amount, Number
from api.presentation import Moment
from api.prices import USD_NOW, PriceSource


class NetworkAmount(Schema):
    """Spendable on one network."""

    network: str
    amount: Amount


class CurrencyBalance(Schema):
    """Spendable in one currency."""

    currency: str
    amount: Amount
    usd_value: Annotated[Number | None, Field(description=USD_NOW)]
    networks: Annotated[list[NetworkAmount], Field(description="Largest first; zeros included.")]


class AvailableBalance(Schema):
    """Final income minus platform fees and withdrawals that have not failed."""

    amount: Annotated[Amount, Field(description="USDT and USDC added at par.")]
    usd_value: Annotated[Number | None, Field(description=USD_NOW)]
    price_source: PriceSource
    breakdown: Annotated[list[CurrencyBalance], Field(description="Largest first.")]


class PendingBalance(Schema):
    """Received, not yet final."""

    amount: Amount
    usd_value: Annotated[Number | None, Field(description=USD_NOW)]
    price_source: PriceSource
    description: str


class Earnings(Schema):
    """Gross final income by block time; days, weeks (from Monday) and months in UTC."""

    all_time: Amount
    this_month: Amount
    this_week: Amount
    today: Amount


class Total(Schema):
    """A sum for ever and for this calendar month in UTC."""

    all_time: Amount
    this_month: Amount


class CryptoBalance(Schema):
    """The merchant's money at a glance."""

    available_balance: AvailableBalance
    pending_balance: PendingBalance
    total_earnings: Earnings
    total_withdrawn: Annotated[Total, Field(description="Completed withdrawals.")]
    platform_fees_paid: Total
    withdrawal_fees_paid: Annotated[Total, Field(description="Fees of completed withdrawals.")]
    last_updated: Annotated[Moment | None, Field(description="X-Data-As-Of; null before the first publish.")]


class NetworkCurrency(Schema):
    """One currency of one network."""

    currency: str
    balance: Annotated[Amount, Field(description="Available: what may be spent.")]
    addresses_count: int
    addresses_with_balance: Annotated[int, Field(description="At the ingested head.")]


class NetworkBalance(Schema):
    """What may be spent on one network, and its sweeps."""

    network: str
    total_balance: Annotated[Amount, Field(description="USDT and USDC added at par.")]
    currencies: Annotated[list[NetworkCurrency], Field(description="Largest first; zeros included.")]
    hot_wallet: Annotated[str | None, Field(description="The one registered last; null if none is.")]
    total_swept: Amount
    last_sweep: Moment | None


class NetworkBalances(Schema):
    """Every network where the merchant has an address or ever had a balance."""

    networks: Annotated[list[NetworkBalance], Field(description="Largest first; zeros included.")]
