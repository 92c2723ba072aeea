"""When a market announced its end: vendors leave from that day on.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the next load of a market's pages fills it."""
    op.add_column(
        "market",
        sa.Column(
            "closing_announced_on",
            sa.Date(),
            nullable=True,
            comment="Day on which it announced its end; null if it did not.",
        ),
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("market", "closing_announced_on")
