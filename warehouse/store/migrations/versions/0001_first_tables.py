"""First tables: API keys, merchants, balance credits.

Belongs here: this one step. Does not belong here: tables of later versions. There is no way back: a backup is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_BIG_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MODE = "mode in ('live', 'test')"


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "api_keys",
        sa.Column("key_id", _BIG_INTEGER, primary_key=True, autoincrement=True),
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("key_sha256", sa.LargeBinary, nullable=False),
        sa.Column("display_prefix", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("revoked_at", sa.Text),
        sa.UniqueConstraint("key_sha256", name="api_keys_key_sha256"),
        sa.CheckConstraint(_MODE, name="api_keys_mode"),
        sa.CheckConstraint("length(key_sha256) = 32", name="api_keys_digest_length"),
        sa.CheckConstraint("length(display_prefix) = 8", name="api_keys_prefix_length"),
        sqlite_strict=True,
    )
    op.create_table(
        "merchants",
        sa.Column("merchant_id", sa.Text, primary_key=True),
        sa.Column("mode", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("platform_fee_rate", sa.Text, nullable=False),
        sa.Column("withdrawal_fee_rate", sa.Text, nullable=False),
        sa.Column("default_currency", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Text, nullable=False),
        sa.CheckConstraint(_MODE, name="merchants_mode"),
        sa.CheckConstraint("status in ('active', 'suspended')", name="merchants_status"),
        sqlite_strict=True,
    )
    op.create_table(
        "balance_credits",
        sa.Column("merchant_id", sa.Text, primary_key=True),
        sa.Column("mode", sa.Text, primary_key=True),
        sa.Column("network", sa.Text, primary_key=True),
        sa.Column("currency", sa.Text, primary_key=True),
        sa.Column("version", _BIG_INTEGER, nullable=False),
        sa.Column("credited_total_e8", _BIG_INTEGER, nullable=False),
        sa.Column("finalized_block", _BIG_INTEGER, nullable=False),
        sa.Column("updated_at", sa.Text, nullable=False),
        sa.CheckConstraint(_MODE, name="balance_credits_mode"),
        sa.CheckConstraint(
            "credited_total_e8 between 0 and 9000000000000000000", name="balance_credits_total_in_range"
        ),
        sqlite_strict=True,
    )
