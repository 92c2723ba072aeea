"""How crawls did: what was measured of each run, and what it was held against."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION
from sqlalchemy.orm import Mapped, mapped_column

from cryptodrug_scraper.database.models.base import Base, Keys, Moment, Small

_LEVEL = "level IN ('fine', 'look', 'broken')"


class RunHealthRow(Base):
    """The health of a crawl run."""

    __tablename__ = "run_health"
    __table_args__ = (
        CheckConstraint(_LEVEL, name="level"),
        {"comment": "The health of each crawl run that ended: the worst of its checks."},
    )
    crawl_run_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("crawl_run.crawl_run_id", ondelete="CASCADE"), primary_key=True
    )
    computed_at: Mapped[Moment]
    level: Mapped[str] = mapped_column(comment="fine, look or broken.")
    scope: Mapped[str] = mapped_column(
        comment="What the crawl was to capture; its past is that of runs of the same scope."
    )
    job: Mapped[str] = mapped_column(comment="Runs that went on with one another have one job.")
    complete: Mapped[bool] = mapped_column(comment="The job was finished by this run.")


class HealthCheckRow(Base):
    """A check of a run."""

    __tablename__ = "health_check"
    __table_args__ = (
        CheckConstraint(_LEVEL, name="level"),
        {"comment": "What was measured of a run, and what it was held against."},
    )
    crawl_run_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("run_health.crawl_run_id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True, comment="What is checked.")
    subject: Mapped[str] = mapped_column(
        primary_key=True, comment="Of what: a field, a kind of page, the mark of a mirror."
    )
    level: Mapped[str] = mapped_column(comment="fine, look or broken.")
    reason: Mapped[str] = mapped_column(comment="Why it has this level, in a word.")
    value: Mapped[float | None] = mapped_column(DOUBLE_PRECISION, comment="A share, or a number.")
    number: Mapped[float | None] = mapped_column(
        DOUBLE_PRECISION, comment="Independent observations that the value rests on, about."
    )
    usual: Mapped[float | None] = mapped_column(
        DOUBLE_PRECISION, comment="The median of the runs before."
    )
    low: Mapped[float | None] = mapped_column(
        DOUBLE_PRECISION, comment="Learned from them: below, it is unusual."
    )
    high: Mapped[float | None] = mapped_column(DOUBLE_PRECISION, comment="Above, likewise.")
    floor: Mapped[float | None] = mapped_column(DOUBLE_PRECISION, comment="Declared as the least.")
    runs: Mapped[Small] = mapped_column(comment="Runs before that it was compared with.")
    note: Mapped[str | None] = mapped_column(comment="Why it could not be computed.")
    page_ids: Mapped[Keys] = mapped_column(comment="Up to five pages to examine.")
