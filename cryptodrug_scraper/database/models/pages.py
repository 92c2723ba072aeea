"""What was captured: crawls, pages, and what pages pointed to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cryptodrug_scraper.database.models.base import (
    Base,
    Big,
    Counts,
    Key,
    Keys,
    Moment,
    Small,
    Texts,
)
from cryptodrug_scraper.records import KINDS


class CrawlRunRow(Base):
    """A crawl."""

    __tablename__ = "crawl_run"
    __table_args__ = ({"comment": "One crawl: who, when, with what, and how it ended."},)
    crawl_run_id: Mapped[Key]
    market: Mapped[str] = mapped_column(ForeignKey("market.market"))
    started_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    operator: Mapped[str | None] = mapped_column(comment="Who ran it.")
    program_version: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="As given; no credentials.")
    outcome: Mapped[str | None] = mapped_column(comment="How it ended; null while it runs.")
    counters: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="Namespaced counts.")
    invented: Mapped[bool] = mapped_column(comment="It crawled a simulator.")


class ArchiveRow(Base):
    """A root: a folder or a file in which pages lie."""

    __tablename__ = "archive"
    __table_args__ = (
        CheckConstraint("kind IN ('folder', 'file')", name="kind"),
        CheckConstraint("cardinality(paths) > 0", name="somewhere"),
        {"comment": "Where pages lie: a folder or an archive file, whose path can change."},
    )
    archive_id: Mapped[Key]
    kind: Mapped[str] = mapped_column(
        comment="folder (places in it are paths of files); or file (places are in it)."
    )
    paths: Mapped[Texts] = mapped_column(
        comment="Where it was read or stated to be, the latest first."
    )
    size: Mapped[int | None] = mapped_column(comment="Of a file, in bytes.")
    sha256: Mapped[bytes | None] = mapped_column(
        LargeBinary,
        index=True,
        comment="Of a file of up to 4 MiB; of a larger one, of its first and last 2 MiB and its "
        "size.",
    )


class PageRow(Base):
    """A capture."""

    __tablename__ = "page"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(k) for k in KINDS)})", name="kind"),
        CheckConstraint("outcome IN ('read', 'unknown', 'failed')", name="outcome"),
        CheckConstraint("captured_precision IN ('second', 'day')", name="captured_precision"),
        Index("ix_page_market_kind_observed_at", "market", "kind", "observed_at"),
        Index(
            "ix_page_rates",
            "market",
            "observed_at",
            postgresql_where=text("exchange_panel_id IS NOT NULL"),
        ),
        Index(
            "ix_page_crawl_run_id",
            "crawl_run_id",
            postgresql_where=text("crawl_run_id IS NOT NULL"),
        ),
        Index("ix_page_cut_off", "page_id", postgresql_where=text("cut_off")),
        Index("ix_page_invented", "page_id", postgresql_where=text("invented")),
        {"comment": "One capture: the same bytes, from one address, at one time."},
    )
    page_id: Mapped[Key]
    market: Mapped[str | None] = mapped_column(
        ForeignKey("market.market"), comment="Null if no market's marks were found."
    )
    kind: Mapped[str] = mapped_column(comment="What the page is; see RECORDS.")
    outcome: Mapped[str] = mapped_column(
        comment="read; unknown (not a kind that the parser knows); failed (the parser's defect)."
    )
    url: Mapped[str | None]
    captured_at: Mapped[Moment | None] = mapped_column(comment="As the archive says.")
    captured_precision: Mapped[str | None] = mapped_column(
        comment="second; or day: only the date is known, and captured_at is its midnight, UTC."
    )
    captured_from: Mapped[str | None] = mapped_column(
        comment="What told captured_at: warc; archive (another that states times: HAR, MHTML, a "
        "table, an HTTP cache); sidecar; page (a comment of the tool that saved it); path; or "
        "option."
    )
    page_time: Mapped[Moment | None] = mapped_column(comment="The market's own clock, if shown.")
    observed_at: Mapped[Moment | None] = mapped_column(
        comment="captured_at; page_time if that is unknown, or only its day and they agree.",
    )
    sha256: Mapped[bytes] = mapped_column(LargeBinary, index=True, comment="Of the bytes.")
    size: Mapped[int] = mapped_column(comment="In bytes.")
    status: Mapped[Small | None] = mapped_column(comment="HTTP status, if known.")
    archive_id: Mapped[Big] = mapped_column(
        ForeignKey("archive.archive_id"), comment="Where its bytes lie;"
    )
    place: Mapped[str] = mapped_column(
        comment="and where in there: path, !/member, #offset. View page_location has both."
    )
    parser_version: Mapped[str] = mapped_column(comment="Which parsers read it.")
    reviews_not_shown: Mapped[int | None] = mapped_column(
        comment="Reviews that the page admits to keeping back."
    )
    warnings: Mapped[Texts] = mapped_column(
        comment="Fields that the page states and the parser could not read."
    )
    exchange_panel_id: Mapped[Big | None] = mapped_column(
        ForeignKey("exchange_panel.exchange_panel_id")
    )
    crawl_run_id: Mapped[Big | None] = mapped_column(ForeignKey("crawl_run.crawl_run_id"))
    cut_off: Mapped[bool] = mapped_column(
        comment="The page ends early: what it does not state, the whole page may."
    )
    invented: Mapped[bool] = mapped_column(
        comment="Made by a simulator, a scenario or for a test: it says nothing of a market."
    )


class PagePlaceRow(Base):
    """A place of a page that lies in several."""

    __tablename__ = "page_place"
    __table_args__ = ({"comment": "All places of a page that lies in more than one."},)
    page_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("page.page_id", ondelete="CASCADE"), primary_key=True
    )
    archive_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("archive.archive_id"), primary_key=True
    )
    place: Mapped[str] = mapped_column(primary_key=True, comment="As in page.")


class PageLinkRow(Base):
    """What a page pointed to."""

    __tablename__ = "page_link"
    __table_args__ = (
        {"comment": "What a page pointed to, a row a kind; view page_link_each has a row a link."},
    )
    page_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("page.page_id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    link_ids: Mapped[Keys] = mapped_column(comment="Of table link, in page order.")


class PageCategoryRow(Base):
    """The category menu of a page."""

    __tablename__ = "page_category"
    __table_args__ = (
        CheckConstraint(
            "cardinality(category_ids) = cardinality(listing_counts)", name="same_length"
        ),
        {"comment": "A page's category menu; view category_count gives a row a category."},
    )
    page_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("page.page_id", ondelete="CASCADE"), primary_key=True
    )
    category_ids: Mapped[Keys] = mapped_column(comment="Of table category, in page order.")
    listing_counts: Mapped[Counts] = mapped_column(
        comment="Listings that the market says it has, null where it says nothing."
    )
