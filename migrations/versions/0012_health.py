"""The health of crawl runs is kept, and pages are looked up by the run that captured them.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_LEVEL = "level IN ('fine', 'look', 'broken')"
_IS_LEVEL = "fine, look or broken."


def upgrade() -> None:
    """Make the tables and the index."""
    op.create_table(
        "run_health",
        sa.Column("crawl_run_id", sa.BigInteger(), nullable=False),
        sa.Column("computed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("level", sa.Text(), nullable=False, comment=_IS_LEVEL),
        sa.Column(
            "scope",
            sa.Text(),
            nullable=False,
            comment="What the crawl was to capture; its past is that of runs of the same scope.",
        ),
        sa.Column(
            "job",
            sa.Text(),
            nullable=False,
            comment="Runs that went on with one another have one job.",
        ),
        sa.Column(
            "complete", sa.Boolean(), nullable=False, comment="The job was finished by this run."
        ),
        sa.CheckConstraint(_LEVEL, name=op.f("ck_run_health_level")),
        sa.ForeignKeyConstraint(
            ["crawl_run_id"],
            ["crawl_run.crawl_run_id"],
            name=op.f("fk_run_health_crawl_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("crawl_run_id", name=op.f("pk_run_health")),
        comment="The health of each crawl run that ended: the worst of its checks.",
    )
    op.create_table(
        "health_check",
        sa.Column("crawl_run_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="What is checked."),
        sa.Column(
            "subject",
            sa.Text(),
            nullable=False,
            comment="Of what: a field, a kind of page, the mark of a mirror.",
        ),
        sa.Column("level", sa.Text(), nullable=False, comment=_IS_LEVEL),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why it has this level, in a word."),
        _number("value", "A share, or a number."),
        _number("number", "Independent observations that the value rests on, about."),
        _number("usual", "The median of the runs before."),
        _number("low", "Learned from them: below, it is unusual."),
        _number("high", "Above, likewise."),
        _number("floor", "Declared as the least."),
        sa.Column(
            "runs",
            sa.SmallInteger(),
            nullable=False,
            comment="Runs before that it was compared with.",
        ),
        sa.Column("note", sa.Text(), nullable=True, comment="Why it could not be computed."),
        sa.Column(
            "page_ids",
            sa.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Up to five pages to examine.",
        ),
        sa.CheckConstraint(_LEVEL, name=op.f("ck_health_check_level")),
        sa.ForeignKeyConstraint(
            ["crawl_run_id"],
            ["run_health.crawl_run_id"],
            name=op.f("fk_health_check_crawl_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("crawl_run_id", "name", "subject", name=op.f("pk_health_check")),
        comment="What was measured of a run, and what it was held against.",
    )
    op.create_index(
        "ix_page_crawl_run_id",
        "page",
        ["crawl_run_id"],
        postgresql_where=sa.text("crawl_run_id IS NOT NULL"),
    )


def _number(name: str, comment: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=True, comment=comment)


def downgrade() -> None:
    """Forget the health of runs."""
    op.drop_index("ix_page_crawl_run_id", "page")
    op.drop_table("health_check")
    op.drop_table("run_health")
