"""What pages showed of vendors and listings."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cryptodrug_scraper.database.models.base import (
    Amount,
    Base,
    Big,
    Counts,
    Key,
    Moment,
    Position,
    Texts,
    money,
    page_part,
)


class VendorObservationRow(Base):
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
    spelling_id: Mapped[Big] = mapped_column(comment="As in vendor_spelling.")


class FeedbackCountRow(Base):
    """Feedback totals of a vendor over a period."""

    __tablename__ = "feedback_count"
    __table_args__ = (
        page_part("vendor_observation"),
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


class StarRatingRow(Base):
    """A named star rating of a vendor."""

    __tablename__ = "star_rating"
    __table_args__ = (
        page_part("vendor_observation"),
        {"comment": "Named star ratings of a vendor (stealth, quality, value price)."},
    )
    page_id: Mapped[Key]
    ordinal: Mapped[Position]
    position: Mapped[Position]
    name: Mapped[str]
    rating: Mapped[Amount | None]
    rating_max: Mapped[Amount | None]


class ExternalRatingRow(Base):
    """A rating from another market."""

    __tablename__ = "external_rating"
    __table_args__ = (
        page_part("vendor_observation"),
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


class ListingObservationRow(Base):
    """What a page showed of a listing."""

    __tablename__ = "listing_observation"
    __table_args__ = (
        *money(),
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
    spelling_id: Mapped[Big | None] = mapped_column(comment="As in vendor_spelling.")


class ListingPlaceRow(Base):
    """Where a listing ships from and to."""

    __tablename__ = "listing_place"
    __table_args__ = (
        page_part("listing_observation"),
        CheckConstraint("role IN ('from', 'to', 'excluded')", name="role"),
        Index("ix_listing_place_place_role", "place", "role"),
        {"comment": "Where a listing ships from, to, and expressly not to."},
    )
    page_id: Mapped[Key]
    ordinal: Mapped[Position]
    role: Mapped[str] = mapped_column(primary_key=True, comment="from, to or excluded.")
    position: Mapped[Position] = mapped_column(comment="Page order, from 0.")
    place: Mapped[str] = mapped_column(ForeignKey("place.place"))


class PriceAlternativeRow(Base):
    """The same price in another currency."""

    __tablename__ = "price_alternative"
    __table_args__ = (
        page_part("listing_observation"),
        *money(),
        {"comment": "The listing's price in other currencies on the page."},
    )
    page_id: Mapped[Key]
    ordinal: Mapped[Position]
    position: Mapped[Position]
    price_amount: Mapped[Amount]
    price_currency: Mapped[str]


class PriceTierRow(Base):
    """A quantity price."""

    __tablename__ = "price_tier"
    __table_args__ = (
        page_part("listing_observation"),
        *money(),
        {"comment": "Unit prices by quantity ordered."},
    )
    page_id: Mapped[Key]
    ordinal: Mapped[Position]
    position: Mapped[Position]
    min_quantity: Mapped[Big]
    max_quantity: Mapped[Big | None] = mapped_column(comment="Null: no upper limit.")
    price_amount: Mapped[Amount | None]
    price_currency: Mapped[str | None]


class ShippingOptionRow(Base):
    """A way to ship."""

    __tablename__ = "shipping_option"
    __table_args__ = (
        page_part("listing_observation"),
        *money(),
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
