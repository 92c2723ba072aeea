"""When a market announced its end; what an age counts back from.

Vendors leave a market from the day of the announcement on. And a page is under way for some
seconds before it is captured, which comments of the times of reviews now say.

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

_EARLIEST = (
    (
        "review_sighting",
        "Posted no earlier than this.",
        "Posted no earlier, but for the seconds that the page was under way before its capture.",
    ),
    (
        "review",
        "Posted no earlier, by all sightings.",
        "Posted no earlier, by all sightings (but for the seconds that pages were under way).",
    ),
)


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
    for table, _, comment in _EARLIEST:
        _comment(table, comment)


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("market", "closing_announced_on")
    for table, before, _ in _EARLIEST:
        _comment(table, before)


def _comment(table: str, comment: str) -> None:
    moment = sa.DateTime(timezone=True)
    op.alter_column(table, "earliest", existing_type=moment, comment=comment)
