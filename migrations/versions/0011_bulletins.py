"""Bulletins are kept, so that the next one can say what has become of their numbers.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "bulletin",
        sa.Column(
            "scope",
            sa.Text(),
            nullable=False,
            comment="Countries, markets, threshold and kind of pages, as JSON.",
        ),
        sa.Column("period", sa.Text(), nullable=False, comment="week or month."),
        sa.Column("starts_on", sa.Date(), nullable=False, comment="First day of the period."),
        sa.Column("state", sa.Text(), nullable=False, comment="Digest of what the database held."),
        sa.Column(
            "as_of",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="Last capture that it held.",
        ),
        sa.Column(
            "data",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="As in its JSON file; what was hidden in it is not in it.",
        ),
        sa.Column(
            "kept_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
        ),
        sa.CheckConstraint("period IN ('week', 'month')", name=op.f("ck_bulletin_period")),
        sa.PrimaryKeyConstraint("scope", "period", "starts_on", "state", name=op.f("pk_bulletin")),
        comment="Bulletins as they were made: what later ones compare their numbers with.",
    )


def downgrade() -> None:
    """Drop it, with what was kept."""
    op.drop_table("bulletin")
