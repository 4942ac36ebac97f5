"""The money a merchant may spend, handed over from the lake.

Belongs here: one row per (merchant, mode, network, currency) and its guarded change. Does not belong here: how a credit
comes about (the lake's ledger) and what is pending. Units are integers of 1e-8 tokens.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import sqlalchemy as sa

from warehouse.errors import MoneyOutOfRange
from warehouse.store.connection import Store, insert_into
from warehouse.store.schema import CREDITED_TOTAL_E8_MAX, balance_credits


@dataclass(frozen=True, slots=True)
class Credit:
    """The cumulative credit of one balance as a published snapshot knows it.

    Attributes:
        version: grows with every hand-over; an older one never replaces a newer one.
        credited_total_e8: floor of the exact cumulative (final received - platform fees), in units of 1e-8.
        finalized_block: the network's final block this total counts up to.
    """

    merchant_id: str
    mode: str
    network: str
    currency: str
    version: int
    credited_total_e8: int
    finalized_block: int


@dataclass(frozen=True, slots=True)
class AvailableBalance:
    """What may be spent on one network and currency, in units of 1e-8; `credited_e8` is its cumulative income."""

    network: str
    currency: str
    available_e8: int
    credited_e8: int


def apply_credits(store: Store, rows: Iterable[Credit], *, now: datetime | None = None) -> int:
    """Hand over cumulative credits: all of these rows, or none.

    Applying the same rows again, or older ones later, changes nothing.

    Returns:
        How many rows were new or newer.

    Raises:
        MoneyOutOfRange: a total is negative or beyond 9·10^10 tokens; names merchant, network and currency.
    """
    moment = now or datetime.now(UTC)
    applied = 0
    with store.begin() as connection:
        for credit in rows:
            _check_range(credit)
            values = {
                "version": credit.version,
                "credited_total_e8": credit.credited_total_e8,
                "finalized_block": credit.finalized_block,
                "updated_at": moment,
            }
            insert = insert_into(connection, balance_credits).values(
                merchant_id=credit.merchant_id,
                mode=credit.mode,
                network=credit.network,
                currency=credit.currency,
                **values,
            )
            statement = insert.on_conflict_do_update(
                index_elements=list(balance_credits.primary_key),
                set_=values,
                where=balance_credits.c.version < credit.version,
            )
            applied += connection.execute(statement).rowcount
    return applied


def credited_keys(store: Store) -> list[tuple[str, str, str, str]]:
    """(merchant, mode, network, currency) of every balance that holds a credit."""
    columns = (
        balance_credits.c.merchant_id,
        balance_credits.c.mode,
        balance_credits.c.network,
        balance_credits.c.currency,
    )
    statement = sa.select(*columns).where(balance_credits.c.credited_total_e8 != 0).order_by(*columns)
    with store.read() as connection:
        return [(row[0], row[1], row[2], row[3]) for row in connection.execute(statement)]


def all_credits(store: Store) -> list[Credit]:
    """Every credit that was ever handed over, at one moment."""
    columns = [balance_credits.c[field.name] for field in fields(Credit)]
    with store.read() as connection:
        return [Credit(**row._mapping) for row in connection.execute(sa.select(*columns))]


def available(store: Store, merchant_id: str, mode: str) -> list[AvailableBalance]:
    """The merchant's spendable balances at one moment; one row per network and currency that was ever credited."""
    statement = (
        sa.select(balance_credits.c.network, balance_credits.c.currency, balance_credits.c.credited_total_e8)
        .where(balance_credits.c.merchant_id == merchant_id, balance_credits.c.mode == mode)
        .order_by(balance_credits.c.network, balance_credits.c.currency)
    )
    with store.read() as connection:
        return [
            AvailableBalance(row.network, row.currency, row.credited_total_e8, row.credited_total_e8)
            for row in connection.execute(statement)
        ]


def _check_range(credit: Credit) -> None:
    if 0 <= credit.credited_total_e8 <= CREDITED_TOTAL_E8_MAX:
        return
    raise MoneyOutOfRange(
        f"The credit of merchant {credit.merchant_id} on {credit.network} {credit.currency} ({credit.mode}) is "
        f"{credit.credited_total_e8} units of 1e-8, outside 0 to {CREDITED_TOTAL_E8_MAX}.",
        hint="Look for a wrong token or decimals in the settings; nothing was handed over.",
        merchant_id=credit.merchant_id,
        network=credit.network,
        currency=credit.currency,
    )
