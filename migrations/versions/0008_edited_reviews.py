"""A review whose words were changed is one, where rows name it; they are worked out anew.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_DUE = "INSERT INTO review_due {} ORDER BY 1, 2 ON CONFLICT DO NOTHING"


def upgrade() -> None:
    """Add the column, and put reviews that state minute, buyer, listing and price among the due."""
    op.add_column(
        "review",
        sa.Column(
            "earlier_content_ids",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            server_default="{}",
            comment="Ratings and words that the buyer changed, oldest first; empty: none were.",
        ),
    )
    op.create_index(
        "ix_review_edited",
        "review",
        ["vendor_id"],
        postgresql_where=sa.text("earlier_content_ids <> '{}'"),
    )
    op.execute(
        _DUE.format(
            "SELECT DISTINCT vendor_id, content_id FROM review_sighting"
            " WHERE posted_precision = 'minute' AND price_amount IS NOT NULL"
            " AND author IS NOT NULL AND listing_id IS NOT NULL"
        )
    )


def downgrade() -> None:
    """Drop the column; groups of edited reviews are due again, and worked out apart."""
    op.execute(
        _DUE.format(
            "SELECT DISTINCT vendor_id, words FROM review,"
            " unnest(content_id || earlier_content_ids) AS words"
            " WHERE earlier_content_ids <> '{}'"
        )
    )
    op.drop_index("ix_review_edited", "review")
    op.drop_column("review", "earlier_content_ids")
