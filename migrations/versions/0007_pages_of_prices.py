"""Which page stated what a review says was paid: coins are valued by the rates that it shows.

Reviews that state a price are worked out anew, by the next load or study.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and put reviews with a price among those that are due."""
    op.add_column(
        "review",
        sa.Column(
            "price_page_id",
            sa.BigInteger(),
            nullable=True,
            comment="The page that states it so: coins are worth what this page's panel says.",
        ),
    )
    op.execute(
        "INSERT INTO review_due SELECT DISTINCT vendor_id, content_id FROM review"
        " WHERE price_amount IS NOT NULL ORDER BY 1, 2 ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("review", "price_page_id")
