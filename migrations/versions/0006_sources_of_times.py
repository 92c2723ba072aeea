"""What can tell when a page was captured: all that can is named beside the column.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BEFORE = "What told captured_at: warc, sidecar, path or option."
_AFTER = (
    "What told captured_at: warc; archive (another that states times: HAR, MHTML, a table, an"
    " HTTP cache); sidecar; page (a comment of the tool that saved it); path; or option."
)


def upgrade() -> None:
    """Say it."""
    op.alter_column("page", "captured_from", existing_type=sa.Text(), comment=_AFTER)


def downgrade() -> None:
    """Say what was said before."""
    op.alter_column("page", "captured_from", existing_type=sa.Text(), comment=_BEFORE)
