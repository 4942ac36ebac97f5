"""The tables of the operational store, as SQLAlchemy Core.

Belongs here: tables, column types and constraints of today. Does not belong here: how an older store becomes this one
(`migrations/`); a test holds the two equal.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

# The revision of migrations/versions that makes exactly these tables.
SCHEMA_REVISION = "0002"

# The largest total one row holds: 9·10^10 tokens in units of 1e-8, below the 64-bit limit (design.md, D5).
CREDITED_TOTAL_E8_MAX = 9 * 10**18

# Tables are STRICT on SQLite, which knows INTEGER only; PostgreSQL needs the 64-bit name.
BIG_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class UtcTime(TypeDecorator[datetime]):
    """A moment as text, `2026-01-30T18:00:00.000000Z`: sorts by time and reads the same in every database."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Write an aware moment in UTC.

        Raises:
            ValueError: the moment has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A stored moment needs a time zone.")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read it back as an aware moment in UTC."""
        return None if value is None else datetime.fromisoformat(value)


metadata = sa.MetaData()

_MODE = "mode in ('live', 'test')"

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", BIG_INTEGER, primary_key=True, autoincrement=True),
    sa.Column("merchant_id", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("key_sha256", sa.LargeBinary, nullable=False),
    sa.Column("display_prefix", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("revoked_at", UtcTime),
    sa.UniqueConstraint("key_sha256", name="api_keys_key_sha256"),
    sa.CheckConstraint(_MODE, name="api_keys_mode"),
    sa.CheckConstraint("length(key_sha256) = 32", name="api_keys_digest_length"),
    sa.CheckConstraint("length(display_prefix) = 8", name="api_keys_prefix_length"),
    sqlite_strict=True,
)

merchants = sa.Table(
    "merchants",
    metadata,
    sa.Column("merchant_id", sa.Text, primary_key=True),
    sa.Column("mode", sa.Text, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("platform_fee_rate", sa.Text, nullable=False),
    sa.Column("withdrawal_fee_rate", sa.Text, nullable=False),
    sa.Column("default_currency", sa.Text, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.CheckConstraint(_MODE, name="merchants_mode"),
    sa.CheckConstraint("status in ('active', 'suspended')", name="merchants_status"),
    sqlite_strict=True,
)

balance_credits = sa.Table(
    "balance_credits",
    metadata,
    sa.Column("merchant_id", sa.Text, primary_key=True),
    sa.Column("mode", sa.Text, primary_key=True),
    sa.Column("network", sa.Text, primary_key=True),
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("version", BIG_INTEGER, nullable=False),
    sa.Column("credited_total_e8", BIG_INTEGER, nullable=False),
    sa.Column("finalized_block", BIG_INTEGER, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.CheckConstraint(_MODE, name="balance_credits_mode"),
    sa.CheckConstraint(
        f"credited_total_e8 between 0 and {CREDITED_TOTAL_E8_MAX}", name="balance_credits_total_in_range"
    ),
    sqlite_strict=True,
)

network_states = sa.Table(
    "network_states",
    metadata,
    sa.Column("mode", sa.Text, primary_key=True),
    sa.Column("network", sa.Text, primary_key=True),
    sa.Column("problem_code", sa.Text),
    sa.Column("problem", sa.Text),
    sa.Column("problem_since", UtcTime),
    sa.Column("checked_at", UtcTime, nullable=False),
    sa.CheckConstraint(_MODE, name="network_states_mode"),
    sa.CheckConstraint(
        "(problem_code is null) = (problem is null) and (problem_code is null) = (problem_since is null)",
        name="network_states_problem_whole",
    ),
    sqlite_strict=True,
)
