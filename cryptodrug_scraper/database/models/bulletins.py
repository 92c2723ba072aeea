"""What was published: bulletins, as they were made."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cryptodrug_scraper.database.models.base import Base, Moment


class BulletinRow(Base):
    """A bulletin."""

    __tablename__ = "bulletin"
    __table_args__ = (
        CheckConstraint("period IN ('week', 'month')", name="period"),
        {"comment": "Bulletins as they were made: what later ones compare their numbers with."},
    )
    scope: Mapped[str] = mapped_column(
        primary_key=True, comment="Countries, markets, threshold and kind of pages, as JSON."
    )
    period: Mapped[str] = mapped_column(primary_key=True, comment="week or month.")
    starts_on: Mapped[date] = mapped_column(primary_key=True, comment="First day of the period.")
    state: Mapped[str] = mapped_column(
        primary_key=True, comment="Digest of what the database held."
    )
    as_of: Mapped[Moment] = mapped_column(comment="Last capture that it held.")
    data: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="As in its JSON file; what was hidden in it is not in it."
    )
    kept_at: Mapped[Moment] = mapped_column(server_default=text("now()"))
