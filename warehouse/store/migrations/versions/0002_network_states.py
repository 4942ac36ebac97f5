"""The state of each network as sync last found it.

Belongs here: this one step. Does not belong here: tables of later versions.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "network_states",
        sa.Column("mode", sa.Text, primary_key=True),
        sa.Column("network", sa.Text, primary_key=True),
        sa.Column("problem_code", sa.Text),
        sa.Column("problem", sa.Text),
        sa.Column("problem_since", sa.Text),
        sa.Column("checked_at", sa.Text, nullable=False),
        sa.CheckConstraint("mode in ('live', 'test')", name="network_states_mode"),
        sa.CheckConstraint(
            "(problem_code is null) = (problem is null) and (problem_code is null) = (problem_since is null)",
            name="network_states_problem_whole",
        ),
        sqlite_strict=True,
    )
