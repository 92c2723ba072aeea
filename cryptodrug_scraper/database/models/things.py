"""What is: markets, places, vendors, listings, categories, keys and texts, each once."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from cryptodrug_scraper.database.models.base import Amount, Base, Big, Key, Texts


class MarketRow(Base):
    """A market."""

    __tablename__ = "market"
    __table_args__ = ({"comment": "The markets that have a parser."},)
    market: Mapped[str] = mapped_column(primary_key=True, comment="Name used everywhere.")
    title: Mapped[str] = mapped_column(comment="The market's own name.")
    opened_on: Mapped[date | None] = mapped_column(comment="First day, as far as known.")
    closed_on: Mapped[date | None] = mapped_column(comment="Last day; null while open.")
    closing_announced_on: Mapped[date | None] = mapped_column(
        comment="Day on which it announced its end; null if it did not."
    )


class PlaceRow(Base):
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


class LongTextRow(Base):
    """A long text, once."""

    __tablename__ = "long_text"
    __table_args__ = ({"comment": "Descriptions, profiles and terms, each distinct text once."},)
    text_id: Mapped[Key]
    sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True, comment="Of the UTF-8 text.")
    content: Mapped[str] = mapped_column(comment="The text with its line breaks.")


class PgpKeyRow(Base):
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


class VendorRow(Base):
    """A vendor of one market."""

    __tablename__ = "vendor"
    __table_args__ = (
        Index("ix_vendor_market_folded", "market", "folded"),
        {"comment": "A vendor account: one handle on one market, whatever its capitals."},
    )
    vendor_id: Mapped[Key]
    market: Mapped[str] = mapped_column(ForeignKey("market.market"))
    handle: Mapped[str] = mapped_column(index=True, comment="As written last.")
    folded: Mapped[str] = mapped_column(comment="The handle in small letters: the account's name.")
    apart_because: Mapped[Texts] = mapped_column(
        server_default="{}",
        comment="Why another account of this name is not this one: joined_on or pgp_key (they "
        "state others), one_page (a page shows both). Empty: there is none.",
    )


class VendorSpellingRow(Base):
    """A handle as some page writes it."""

    __tablename__ = "vendor_spelling"
    __table_args__ = (
        Index("uq_vendor_spelling_market_handle", "market", "handle", unique=True),
        {"comment": "Handles as pages write them, and the account that each is of."},
    )
    spelling_id: Mapped[Key]
    market: Mapped[str] = mapped_column(ForeignKey("market.market"))
    handle: Mapped[str] = mapped_column(comment="As written; case counts.")
    name_id: Mapped[Big] = mapped_column(
        index=True, comment="Equal for spellings of one name; key of an account of that name."
    )
    vendor_id: Mapped[Big] = mapped_column(ForeignKey("vendor.vendor_id"), index=True)


class AccountDueRow(Base):
    """Accounts to be worked out again."""

    __tablename__ = "account_due"
    __table_args__ = ({"comment": "Names of several spellings, of which pages came or went."},)
    name_id: Mapped[Key]


class ListingRow(Base):
    """An offer of one market."""

    __tablename__ = "listing"
    __table_args__ = (
        Index("uq_listing_market_external_id", "market", "external_id", unique=True),
        {"comment": "An offer: one of the market's own ids."},
    )
    listing_id: Mapped[Key]
    market: Mapped[str] = mapped_column(ForeignKey("market.market"))
    external_id: Mapped[str] = mapped_column(comment="The market's own id.")


class CategoryRow(Base):
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


class LinkRow(Base):
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


class ExchangePanelRow(Base):
    """A market's exchange rates as one panel."""

    __tablename__ = "exchange_panel"
    __table_args__ = ({"comment": "One state of a market's rate panel; many pages show the same."},)
    exchange_panel_id: Mapped[Key]
    market: Mapped[str] = mapped_column(ForeignKey("market.market"))


class ExchangeRateRow(Base):
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
