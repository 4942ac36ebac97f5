"""The merchants' standing, copied from the lake on every pass.

Belongs here: status, rates and currency as the operational side needs them. Does not belong here: names, history.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import sqlalchemy as sa

from warehouse.store.connection import Store, insert_into
from warehouse.store.schema import merchants


@dataclass(frozen=True, slots=True)
class Merchant:
    """A merchant in one mode. The rates are shares, 0.01 for one percent; status is `active` or `suspended`."""

    merchant_id: str
    mode: str
    status: str
    platform_fee_rate: Decimal
    withdrawal_fee_rate: Decimal
    default_currency: str


def upsert_merchants(store: Store, rows: Iterable[Merchant], *, now: datetime | None = None) -> int:
    """Write the standing of these merchants, replacing what was there.

    Returns:
        How many rows were new or different.
    """
    moment = now or datetime.now(UTC)
    changed = 0
    with store.begin() as connection:
        for merchant in rows:
            values = {
                "status": merchant.status,
                "platform_fee_rate": f"{merchant.platform_fee_rate:f}",
                "withdrawal_fee_rate": f"{merchant.withdrawal_fee_rate:f}",
                "default_currency": merchant.default_currency,
            }
            insert = insert_into(connection, merchants).values(
                merchant_id=merchant.merchant_id, mode=merchant.mode, updated_at=moment, **values
            )
            statement = insert.on_conflict_do_update(
                index_elements=[merchants.c.merchant_id, merchants.c.mode],
                set_={**values, "updated_at": moment},
                where=sa.or_(*(merchants.c[name] != value for name, value in values.items())),
            )
            changed += connection.execute(statement).rowcount
    return changed


def merchant_status(store: Store, merchant_id: str, mode: str) -> str:
    """`active` or `suspended`; active for a merchant the feed has not named yet."""
    statement = sa.select(merchants.c.status).where(merchants.c.merchant_id == merchant_id, merchants.c.mode == mode)
    with store.read() as connection:
        return connection.execute(statement).scalar() or "active"
