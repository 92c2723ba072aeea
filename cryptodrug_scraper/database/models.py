"""The tables. Their comments are the codebook: they go into the database with the tables.

Three layers. *What is*: markets, places, vendors, listings, categories, keys and texts,
each once, under a key made from what it is (``ids.py``). *What was seen*: a ``page`` is one
capture, and the ``..._observation`` rows and their parts hang on it by ``(page_id,
ordinal)`` and go with it. *What follows*: ``review``, worked out from ``review_sighting``
(``reviews.py``).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from cryptodrug_scraper.records import KINDS

Key = Annotated[int, mapped_column(BigInteger, primary_key=True, autoincrement=False)]
Big = Annotated[int, mapped_column(BigInteger)]
Small = Annotated[int, mapped_column(SmallInteger)]
Position = Annotated[int, mapped_column(SmallInteger, primary_key=True, autoincrement=False)]
Moment = Annotated[datetime, mapped_column(TIMESTAMP(timezone=True))]
Amount = Annotated[Decimal, mapped_column(Numeric)]
Texts = Annotated[list[str], mapped_column(ARRAY(Text))]
Keys = Annotated[list[int], mapped_column(ARRAY(BigInteger))]
Counts = Annotated[list[int], mapped_column(ARRAY(BigInteger))]


class Base(DeclarativeBase):
    """The schema."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {str: Text, int: BigInteger}


def _money(name: str = "price") -> tuple[CheckConstraint, CheckConstraint]:
    """An amount never stands without its currency, and is never negative."""
    amount, currency = f"{name}_amount", f"{name}_currency"
    return (
        CheckConstraint(f"({amount} IS NULL) = ({currency} IS NULL)", name=f"{name}_whole"),
        CheckConstraint(f"{amount} >= 0", name=f"{name}_not_negative"),
    )


def _page_part(of: str) -> ForeignKeyConstraint:
    """A part of an observation goes with it."""
    return ForeignKeyConstraint(
        ["page_id", "ordinal"], [f"{of}.page_id", f"{of}.ordinal"], ondelete="CASCADE"
    )


# -- what is ---------------------------------------------------------------------------------


class Market(Base):
    """A market."""

    __tablename__ = "market"
    __table_args__ = ({"comment": "The markets that have a parser."},)
    market: Mapped[str] = mapped_column(primary_key=True, comment="Name used everywhere.")
    title: Mapped[str] = mapped_column(comment="The market's own name.")
    opened_on: Mapped[date | None] = mapped_column(comment="First day, as far as known.")
    closed_on: Mapped[date | None] = mapped_column(comment="Last day; null while open.")


class Place(Base):
    """A country or region."""

    __tablename__ = "place"
    __table_args__ = (
        CheckConstraint("kind IN ('country', 'region', 'other')", name="kind"),
        {"comment": "Where offers ship from and to."},
    )
    place: Mapped[str] = mapped_column(
        primary_key=True, comment="ISO 3166-1 alpha-2, XK, or a region's word such as WORLD, EU."
    )
    name: Mapped[str] = mapped_column(comment="English name.")
    kind: Mapped[str] = mapped_column(comment="country, region, or other (INTERNET, UNKNOWN).")


class LongText(Base):
    """A long text, once."""

    __tablename__ = "long_text"
    __table_args__ = ({"comment": "Descriptions, profiles and terms, each distinct text once."},)
    text_id: Mapped[Key]
    sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True, comment="Of the UTF-8 text.")
    content: Mapped[str] = mapped_column(comment="The text with its line breaks.")


class PgpKey(Base):
    """A public key."""

    __tablename__ = "pgp_key"
    __table_args__ = (
        CheckConstraint("fingerprint ~ '^[0-9A-F]{16,64}$'", name="fingerprint"),
        {"comment": "Public keys that vendors showed; the fingerprint links them across markets."},
    )
    pgp_key_id: Mapped[Key]
    sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True, comment="Of the block.")
    fingerprint: Mapped[str | None] = mapped_column(
        index=True, comment="Upper-case hexadecimal, computed; null if the key cannot be read."
    )
    armoured: Mapped[str] = mapped_column(comment="The key block as shown.")


class Vendor(Base):
    """A vendor of one market."""

    __tablename__ = "vendor"
    __table_args__ = (
        Index("uq_vendor_market_handle", "market", "handle", unique=True),
        {"comment": "A vendor account: one handle on one market."},
    )
    vendor_id: Mapped[Key]
    market: Mapped[str] = mapped_column(ForeignKey("market.market"))
    handle: Mapped[str] = mapped_column(index=True, comment="As written; case counts.")


class Listing(Base):
    """An offer of one market."""

    __tablename__ = "listing"
    __table_args__ = (
        Index("uq_listing_market_external_id", "market", "external_id", unique=True),
        {"comment": "An offer: one of the market's own ids."},
    )
    listing_id: Mapped[Key]
    market: Mapped[str] = mapped_column(ForeignKey("market.market"))
    external_id: Mapped[str] = mapped_column(comment="The market's own id.")


class Category(Base):
    """A category."""

    __tablename__ = "category"
    __table_args__ = (
        Index("uq_category_market_external_id_path", "market", "external_id", "path", unique=True),
        {"comment": "Categories with their ids; a category that is moved or renamed is a new row."},
    )
    category_id: Mapped[Key]
    market: Mapped[str] = mapped_column(ForeignKey("market.market"))
    external_id: Mapped[str] = mapped_column(comment="The market's own id.")
    name: Mapped[str]
    path: Mapped[Texts] = mapped_column(comment="From the root category down.")


class Link(Base):
    """A page of the market that can be pointed to."""

    __tablename__ = "link"
    __table_args__ = (
        CheckConstraint("kind IN ('listing', 'vendor', 'search')", name="kind"),
        {"comment": "Pages that pages pointed to, each once."},
    )
    link_id: Mapped[Key]
    market: Mapped[str] = mapped_column(ForeignKey("market.market"))
    kind: Mapped[str] = mapped_column(comment="listing, vendor or search.")
    external_id: Mapped[str | None] = mapped_column(
        index=True, comment="Listing id, vendor handle or category id."
    )
    url: Mapped[str]


class ExchangePanel(Base):
    """A market's exchange rates as one panel."""

    __tablename__ = "exchange_panel"
    __table_args__ = ({"comment": "One state of a market's rate panel; many pages show the same."},)
    exchange_panel_id: Mapped[Key]
    market: Mapped[str] = mapped_column(ForeignKey("market.market"))


class ExchangeRate(Base):
    """One rate of a panel."""

    __tablename__ = "exchange_rate"
    __table_args__ = (
        CheckConstraint("rate >= 0", name="rate_not_negative"),
        {"comment": "1 base = rate quote, as the market's own pages said."},
    )
    exchange_panel_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("exchange_panel.exchange_panel_id", ondelete="CASCADE"),
        primary_key=True,
    )
    base: Mapped[str] = mapped_column(primary_key=True)
    quote: Mapped[str] = mapped_column(primary_key=True)
    rate: Mapped[Amount]


# -- what was seen ---------------------------------------------------------------------------


class CrawlRun(Base):
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


class Page(Base):
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
        comment="What told captured_at: warc, sidecar, path or option."
    )
    page_time: Mapped[Moment | None] = mapped_column(comment="The market's own clock, if shown.")
    observed_at: Mapped[Moment | None] = mapped_column(
        Computed("coalesce(captured_at, page_time)", persisted=True),
        comment="captured_at, else page_time.",
    )
    sha256: Mapped[bytes] = mapped_column(LargeBinary, index=True, comment="Of the bytes.")
    size: Mapped[int] = mapped_column(comment="In bytes.")
    status: Mapped[Small | None] = mapped_column(comment="HTTP status, if known.")
    location: Mapped[str] = mapped_column(
        comment="Where the bytes lie: file, archive!/member or warc#offset."
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


class PageLink(Base):
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


class PageCategory(Base):
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


class VendorObservation(Base):
    """What a page showed of a vendor."""

    __tablename__ = "vendor_observation"
    __table_args__ = (
        Index("ix_vendor_observation_vendor_id_observed_at", "vendor_id", "observed_at"),
        {"comment": "What one page showed of one vendor; null is not stated."},
    )
    page_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("page.page_id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[Position] = mapped_column(comment="Place on the page, from 0.")
    vendor_id: Mapped[Big] = mapped_column(ForeignKey("vendor.vendor_id"))
    observed_at: Mapped[Moment | None] = mapped_column(comment="As in page.")
    is_profile: Mapped[bool] = mapped_column(comment="From the vendor's own page, else a listing.")
    sales: Mapped[int | None] = mapped_column(comment="Completed sales stated.")
    rating: Mapped[Amount | None] = mapped_column(comment="Average.")
    rating_max: Mapped[Amount | None] = mapped_column(comment="Its scale.")
    rating_count: Mapped[int | None] = mapped_column(comment="Ratings behind it.")
    positive_percent: Mapped[Amount | None]
    level: Mapped[int | None]
    trust_level: Mapped[int | None]
    experience: Mapped[int | None]
    joined_on: Mapped[date | None]
    last_active_on: Mapped[date | None]
    finalize_early: Mapped[bool | None] = mapped_column(comment="May be paid before delivery.")
    trusted: Mapped[bool | None]
    banned: Mapped[bool | None]
    disputes: Mapped[int | None] = mapped_column(comment="As a vendor.")
    profile_id: Mapped[Big | None] = mapped_column(ForeignKey("long_text.text_id"))
    terms_id: Mapped[Big | None] = mapped_column(ForeignKey("long_text.text_id"))
    pgp_key_id: Mapped[Big | None] = mapped_column(ForeignKey("pgp_key.pgp_key_id"), index=True)


class FeedbackCount(Base):
    """Feedback totals of a vendor over a period."""

    __tablename__ = "feedback_count"
    __table_args__ = (
        _page_part("vendor_observation"),
        {"comment": "Feedback totals that a vendor's page states, a row a period."},
    )
    page_id: Mapped[Key]
    ordinal: Mapped[Position]
    position: Mapped[Position]
    period: Mapped[str] = mapped_column(comment="The page's own words, lower case.")
    positive: Mapped[int | None]
    neutral: Mapped[int | None]
    negative: Mapped[int | None]
    stars: Mapped[Counts | None] = mapped_column(comment="Counts of 1, 2, 3, 4 and 5 stars.")


class StarRating(Base):
    """A named star rating of a vendor."""

    __tablename__ = "star_rating"
    __table_args__ = (
        _page_part("vendor_observation"),
        {"comment": "Named star ratings of a vendor (stealth, quality, value price)."},
    )
    page_id: Mapped[Key]
    ordinal: Mapped[Position]
    position: Mapped[Position]
    name: Mapped[str]
    rating: Mapped[Amount | None]
    rating_max: Mapped[Amount | None]


class ExternalRating(Base):
    """A rating from another market."""

    __tablename__ = "external_rating"
    __table_args__ = (
        _page_part("vendor_observation"),
        {"comment": "Ratings that a vendor brought from another market."},
    )
    page_id: Mapped[Key]
    ordinal: Mapped[Position]
    position: Mapped[Position]
    from_market: Mapped[str] = mapped_column(comment="The other market, lower case with _.")
    sales: Mapped[str | None] = mapped_column(comment="As stated: 200~500, #19.")
    rating: Mapped[Amount | None]
    rating_max: Mapped[Amount | None]
    positive: Mapped[int | None]
    neutral: Mapped[int | None]
    negative: Mapped[int | None]


class ListingObservation(Base):
    """What a page showed of a listing."""

    __tablename__ = "listing_observation"
    __table_args__ = (
        *_money(),
        CheckConstraint("product_class IN ('physical', 'digital')", name="product_class"),
        CheckConstraint("stock IS NULL OR stock_unlimited IS NOT TRUE", name="stock"),
        Index("ix_listing_observation_listing_id_observed_at", "listing_id", "observed_at"),
        Index("ix_listing_observation_vendor_id", "vendor_id"),
        {"comment": "What one page showed of one listing; null is not stated."},
    )
    page_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("page.page_id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[Position] = mapped_column(comment="Place on the page, from 0.")
    listing_id: Mapped[Big] = mapped_column(ForeignKey("listing.listing_id"))
    observed_at: Mapped[Moment | None] = mapped_column(comment="As in page.")
    is_card: Mapped[bool] = mapped_column(comment="From a card, which shows part of it.")
    title: Mapped[str | None]
    vendor_id: Mapped[Big | None] = mapped_column(ForeignKey("vendor.vendor_id"))
    category_path: Mapped[Texts] = mapped_column(comment="From the root down; cards: last levels.")
    description_id: Mapped[Big | None] = mapped_column(ForeignKey("long_text.text_id"))
    terms_id: Mapped[Big | None] = mapped_column(ForeignKey("long_text.text_id"))
    price_amount: Mapped[Amount | None] = mapped_column(comment="In price_currency.")
    price_currency: Mapped[str | None] = mapped_column(comment="ISO 4217, or BTC, BCH, LTC, XMR.")
    ships_from_text: Mapped[str | None] = mapped_column(comment="The page's words.")
    ships_to_text: Mapped[str | None] = mapped_column(comment="The page's words.")
    payment: Mapped[Texts] = mapped_column(
        comment="escrow, finalize_early, partial_escrow, multisig."
    )
    currencies: Mapped[Texts] = mapped_column(comment="Coins accepted.")
    product_class: Mapped[str | None] = mapped_column(comment="physical or digital.")
    stock: Mapped[Big | None] = mapped_column(comment="Left; null if unlimited or not stated.")
    stock_unlimited: Mapped[bool | None]
    sold: Mapped[int | None] = mapped_column(comment="Orders so far, as the page says.")
    sold_since: Mapped[date | None]
    views: Mapped[int | None]
    ends: Mapped[str | None]
    min_order: Mapped[Big | None] = mapped_column(comment="Units per order.")
    max_order: Mapped[Big | None] = mapped_column(comment="Units per order.")


class ListingPlace(Base):
    """Where a listing ships from and to."""

    __tablename__ = "listing_place"
    __table_args__ = (
        _page_part("listing_observation"),
        CheckConstraint("role IN ('from', 'to', 'excluded')", name="role"),
        Index("ix_listing_place_place_role", "place", "role"),
        {"comment": "Where a listing ships from, to, and expressly not to."},
    )
    page_id: Mapped[Key]
    ordinal: Mapped[Position]
    role: Mapped[str] = mapped_column(primary_key=True, comment="from, to or excluded.")
    position: Mapped[Position] = mapped_column(comment="Page order, from 0.")
    place: Mapped[str] = mapped_column(ForeignKey("place.place"))


class PriceAlternative(Base):
    """The same price in another currency."""

    __tablename__ = "price_alternative"
    __table_args__ = (
        _page_part("listing_observation"),
        *_money(),
        {"comment": "The listing's price in other currencies on the page."},
    )
    page_id: Mapped[Key]
    ordinal: Mapped[Position]
    position: Mapped[Position]
    price_amount: Mapped[Amount]
    price_currency: Mapped[str]


class PriceTier(Base):
    """A quantity price."""

    __tablename__ = "price_tier"
    __table_args__ = (
        _page_part("listing_observation"),
        *_money(),
        {"comment": "Unit prices by quantity ordered."},
    )
    page_id: Mapped[Key]
    ordinal: Mapped[Position]
    position: Mapped[Position]
    min_quantity: Mapped[Big]
    max_quantity: Mapped[Big | None] = mapped_column(comment="Null: no upper limit.")
    price_amount: Mapped[Amount | None]
    price_currency: Mapped[str | None]


class ShippingOption(Base):
    """A way to ship."""

    __tablename__ = "shipping_option"
    __table_args__ = (
        _page_part("listing_observation"),
        *_money(),
        CheckConstraint("per IN ('order', 'item')", name="per"),
        {"comment": "Ways to ship and what they cost."},
    )
    page_id: Mapped[Key]
    ordinal: Mapped[Position]
    position: Mapped[Position]
    name: Mapped[str]
    days: Mapped[Amount | None]
    price_amount: Mapped[Amount | None]
    price_currency: Mapped[str | None]
    per: Mapped[str | None]


# -- what follows ----------------------------------------------------------------------------


class ReviewContent(Base):
    """What reviews that read alike have in common."""

    __tablename__ = "review_content"
    __table_args__ = ({"comment": "Rating and words of reviews that read alike, each once."},)
    content_id: Mapped[Key]
    rating: Mapped[Amount | None] = mapped_column(comment="Stars.")
    rating_max: Mapped[Amount | None]
    sentiment: Mapped[str | None] = mapped_column(comment="positive, neutral or negative.")
    text: Mapped[str | None] = mapped_column(comment="Null: the buyer wrote nothing.")


class ReviewSighting(Base):
    """A review's row on a page."""

    __tablename__ = "review_sighting"
    __table_args__ = (
        *_money(),
        Index("ix_review_sighting_vendor_id_content_id", "vendor_id", "content_id"),
        Index("ix_review_sighting_review_id", "review_id"),
        {"comment": "A row of reviews as one page showed it; several may be of one review."},
    )
    page_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("page.page_id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[Position] = mapped_column(comment="Place on the page, from 0.")
    vendor_id: Mapped[Big] = mapped_column(ForeignKey("vendor.vendor_id"))
    content_id: Mapped[Big] = mapped_column(ForeignKey("review_content.content_id"))
    review_id: Mapped[Big | None] = mapped_column(
        comment="Which review it is; null until it has been worked out."
    )
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
    earliest: Mapped[Moment | None] = mapped_column(comment="Posted no earlier than this.")
    latest: Mapped[Moment | None] = mapped_column(comment="Posted no later than this.")


class ReviewDue(Base):
    """Reviews to be worked out again."""

    __tablename__ = "review_due"
    __table_args__ = (
        {"comment": "Groups whose sightings changed since their reviews were worked out."},
    )
    vendor_id: Mapped[Key]
    content_id: Mapped[Key]


class Review(Base):
    """A review."""

    __tablename__ = "review"
    __table_args__ = (
        *_money(),
        CheckConstraint("sentiment IN ('positive', 'neutral', 'negative')", name="sentiment"),
        CheckConstraint("earliest <= latest", name="interval"),
        CheckConstraint("sightings > 0", name="sightings"),
        Index("ix_review_vendor_id_posted_on", "vendor_id", "posted_on"),
        Index("ix_review_vendor_id_content_id", "vendor_id", "content_id"),
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
    rating: Mapped[Amount | None] = mapped_column(comment="Stars.")
    rating_max: Mapped[Amount | None]
    sentiment: Mapped[str | None]
    text: Mapped[str | None] = mapped_column(comment="Null: the buyer wrote nothing.")
    response: Mapped[str | None] = mapped_column(comment="The vendor's answer, as last seen.")
    author: Mapped[str | None] = mapped_column(comment="Masked by the market.")
    posted_on: Mapped[date | None] = mapped_column(comment="By the most exact sighting.")
    posted_precision: Mapped[str | None] = mapped_column(comment="How exact posted_on is.")
    posted_at: Mapped[Moment | None] = mapped_column(comment="If a page gave a time of day.")
    earliest: Mapped[Moment | None] = mapped_column(comment="Posted no earlier, by all sightings.")
    latest: Mapped[Moment | None] = mapped_column(comment="Posted no later, by all sightings.")
    price_amount: Mapped[Amount | None] = mapped_column(comment="Paid, as first shown.")
    price_currency: Mapped[str | None]
    price_approximate: Mapped[bool | None]
    first_seen: Mapped[Moment | None] = mapped_column(comment="Capture of the first sighting.")
    last_seen: Mapped[Moment | None] = mapped_column(comment="Capture of the last sighting.")
    sightings: Mapped[int] = mapped_column(comment="Rows of pages that show it.")
