"""Reviews: the rows that pages show, and what they come to."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from cryptodrug_scraper.database.models.base import (
    Amount,
    Base,
    Big,
    Counts,
    Key,
    Keys,
    Moment,
    Position,
    money,
)

EARLIEST = "Posted no earlier, but for the seconds that the page was under way before its capture."
EARLIEST_OF_ALL = (
    "Posted no earlier, by all sightings (but for the seconds that pages were under way)."
)


class ReviewContentRow(Base):
    """What reviews that read alike have in common."""

    __tablename__ = "review_content"
    __table_args__ = ({"comment": "Rating and words of reviews that read alike, each once."},)
    content_id: Mapped[Key]
    rating: Mapped[Amount | None] = mapped_column(comment="Stars.")
    rating_max: Mapped[Amount | None]
    sentiment: Mapped[str | None] = mapped_column(comment="positive, neutral or negative.")
    text: Mapped[str | None] = mapped_column(comment="Null: the buyer wrote nothing.")


class ReviewSightingRow(Base):
    """A review's row on a page."""

    __tablename__ = "review_sighting"
    __table_args__ = (
        *money(),
        Index("ix_review_sighting_vendor_id_content_id", "vendor_id", "content_id"),
        {"comment": "A row of reviews as one page showed it; several may be of one review."},
    )
    page_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("page.page_id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[Position] = mapped_column(comment="Place on the page, from 0.")
    vendor_id: Mapped[Big] = mapped_column(ForeignKey("vendor.vendor_id"))
    content_id: Mapped[Big] = mapped_column(ForeignKey("review_content.content_id"))
    list_id: Mapped[Big | None] = mapped_column(
        comment="The paged list, in one state, that the page shows a part of."
    )
    edge: Mapped[str | None] = mapped_column(
        comment="first or last: the row stands at the top or bottom of its page."
    )
    observed_at: Mapped[Moment | None] = mapped_column(comment="As in page.")
    listing_id: Mapped[Big | None] = mapped_column(ForeignKey("listing.listing_id"))
    listing_title: Mapped[str | None]
    author: Mapped[str | None] = mapped_column(comment="Masked by the market.")
    response: Mapped[str | None]
    price_amount: Mapped[Amount | None]
    price_currency: Mapped[str | None]
    price_approximate: Mapped[bool | None]
    posted_on: Mapped[date | None]
    posted_precision: Mapped[str | None]
    posted_at: Mapped[Moment | None]
    earliest: Mapped[Moment | None] = mapped_column(comment=EARLIEST)
    latest: Mapped[Moment | None] = mapped_column(comment="Posted no later than this.")
    spelling_id: Mapped[Big] = mapped_column(comment="As in vendor_spelling.")


class ReviewDueRow(Base):
    """Reviews to be worked out again."""

    __tablename__ = "review_due"
    __table_args__ = (
        {"comment": "Groups whose sightings changed since their reviews were worked out."},
    )
    vendor_id: Mapped[Key]
    content_id: Mapped[Key]


class ReviewRow(Base):
    """A review."""

    __tablename__ = "review"
    __table_args__ = (
        *money(),
        CheckConstraint("sentiment IN ('positive', 'neutral', 'negative')", name="sentiment"),
        CheckConstraint("earliest <= latest", name="interval"),
        CheckConstraint(
            "sightings > 0 AND cardinality(page_ids) = sightings"
            " AND cardinality(ordinals) = sightings",
            name="sightings",
        ),
        Index("ix_review_vendor_id_posted_on", "vendor_id", "posted_on"),
        Index("ix_review_vendor_id_content_id", "vendor_id", "content_id"),
        Index(
            "ix_review_edited", "vendor_id", postgresql_where=text("earlier_content_ids <> '{}'")
        ),
        {
            "comment": "Each review once, worked out from review_sighting: the least number of "
            "reviews that explains all that the pages showed."
        },
    )
    review_id: Mapped[Key]
    vendor_id: Mapped[Big] = mapped_column(ForeignKey("vendor.vendor_id"))
    listing_id: Mapped[Big | None] = mapped_column(
        ForeignKey("listing.listing_id"),
        index=True,
        comment="Null if no page says which, or if several could be meant.",
    )
    listing_title: Mapped[str | None]
    content_id: Mapped[Big] = mapped_column(ForeignKey("review_content.content_id"))
    earlier_content_ids: Mapped[Keys] = mapped_column(
        server_default="{}",
        comment="Ratings and words that the buyer changed, oldest first; empty: none were.",
    )
    rating: Mapped[Amount | None] = mapped_column(comment="Stars.")
    rating_max: Mapped[Amount | None]
    sentiment: Mapped[str | None]
    text: Mapped[str | None] = mapped_column(comment="Null: the buyer wrote nothing.")
    response: Mapped[str | None] = mapped_column(comment="The vendor's answer, as last seen.")
    author: Mapped[str | None] = mapped_column(comment="Masked by the market.")
    posted_on: Mapped[date | None] = mapped_column(comment="By the most exact sighting.")
    posted_precision: Mapped[str | None] = mapped_column(comment="How exact posted_on is.")
    posted_at: Mapped[Moment | None] = mapped_column(comment="If a page gave a time of day.")
    earliest: Mapped[Moment | None] = mapped_column(comment=EARLIEST_OF_ALL)
    latest: Mapped[Moment | None] = mapped_column(comment="Posted no later, by all sightings.")
    price_amount: Mapped[Amount | None] = mapped_column(
        comment="Paid, as first shown; of twins, as on the page that shows most of them."
    )
    price_currency: Mapped[str | None]
    price_approximate: Mapped[bool | None]
    price_page_id: Mapped[Big | None] = mapped_column(
        comment="The page that states it so: coins are worth what this page's panel says."
    )
    first_seen: Mapped[Moment | None] = mapped_column(comment="Capture of the first sighting.")
    last_seen: Mapped[Moment | None] = mapped_column(comment="Capture of the last sighting.")
    sightings: Mapped[int] = mapped_column(comment="Rows of pages that show it.")
    page_ids: Mapped[Keys] = mapped_column(comment="The pages that show it, in order of capture.")
    ordinals: Mapped[Counts] = mapped_column(comment="Its place on each of these pages.")
    invented: Mapped[bool] = mapped_column(
        comment="All pages that show it were invented. None is of real and invented pages."
    )
