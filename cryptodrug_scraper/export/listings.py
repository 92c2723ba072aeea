"""The tables of listings: offers, what pages showed of them, prices, ways to ship, places."""

from __future__ import annotations

from cryptodrug_scraper.export import reference
from cryptodrug_scraper.export.columns import ExportTable, Key, Kind, Variable, identifier
from cryptodrug_scraper.export.reference import (
    market_column,
    money_columns,
    place_columns,
    vendor_columns,
)
from cryptodrug_scraper.export.vendors import PAGE, VENDOR

OBSERVATION = Key(("page_id", "ordinal"), "listing_observations", ("page_id", "ordinal"))
LISTING = Key(("listing_id",), "listings", ("listing_id",))
_EUR = Variable(
    "price_eur", "number", "view listing_in_eur",
    "The price by the rate that the market's own pages showed nearest in time, seven days away "
    "at most; empty otherwise.", "EUR",
)  # fmt: skip


def _external_id() -> Variable:
    return Variable(
        "external_id", "name", "listing.external_id", scope="listing", within="market",
        required=True,
    )  # fmt: skip


def _column(
    name: str, kind: Kind, meaning: str = "", unit: str = "", *, private: bool = False
) -> Variable:
    return Variable(name, kind, f"listing_observation.{name}", meaning, unit, private=private)


def _stated() -> tuple[Variable, ...]:
    """Return what a page states of a listing after its price."""
    return (
        _column("ships_from_text", "text", "Where it ships from, in the page's words."),
        _column("ships_to_text", "text", "Where it ships to, in the page's words."),
        Variable(
            "payment", "words", "listing_observation.payment", "Ways to pay.",
            known=reference.payments,
        ),
        Variable(
            "currencies", "words", "listing_observation.currencies", known=reference.currencies
        ),
        Variable(
            "product_class", "word", "listing_observation.product_class",
            values=("physical", "digital"),
        ),
        _column("stock", "integer", unit="units of the offer"),
        _column("stock_unlimited", "boolean", "The page says that stock is unlimited."),
        _column("sold", "integer", unit="orders"),
        _column("sold_since", "date", "Since when sold counts, if stated.", "day, UTC"),
        _column("views", "integer", "How often it was looked at, as the page says.", "views"),
        _column("ends", "text", "When the offer ends, in the page's words."),
        _column("min_order", "integer", "Least in one order.", "units of the offer"),
        _column("max_order", "integer", "Most in one order.", "units of the offer"),
        Variable(
            "description_id", "id", "listing_observation.description_id", "The description.",
            scope="text", private=True,
        ),
        Variable(
            "terms_id", "id", "listing_observation.terms_id", "Terms or refund policy.",
            scope="text", private=True,
        ),
    )  # fmt: skip


_STATED = (
    "ships_from_text, {0}.ships_to_text, {0}.payment, {0}.currencies, {0}.product_class,"
    " {0}.stock, {0}.stock_unlimited, {0}.sold, {0}.sold_since, {0}.views, {0}.ends,"
    " {0}.min_order, {0}.max_order, {0}.description_id, {0}.terms_id"
)
_TEXT_KEYS = (
    Key(("description_id",), "texts", ("text_id",)),
    Key(("terms_id",), "texts", ("text_id",)),
)


def _places(name: str, meaning: str) -> Variable:
    return Variable(name, "words", "listing_place.place", meaning, known=reference.places)


LISTINGS = ExportTable(
    "listings",
    "Listings",
    "A row an offer (one of the market's own ids), with what was last stated of it, field by "
    "field. One that no captured page shows, and to which a review only points, has nothing else: "
    "`seen` is false, and counts of offers leave it out.",
    "SELECT l.listing_id, l.market, l.external_id, t.title, t.vendor_id, t.vendor,"
    " t.category_path, t.price_amount, t.price_currency, e.price_eur,"
    " t.ships_from, t.ships_to, t.ships_to_excluded, t."
    + _STATED.format("t")
    + ", t.first_seen, t.last_seen, coalesce(t.observations, 0), t.listing_id IS NOT NULL,"
    " coalesce(t.invented, (SELECT bool_and(r.invented) FROM review r"
    " WHERE r.listing_id = l.listing_id), false)"
    " FROM listing l LEFT JOIN listing_latest t USING (listing_id)"
    " LEFT JOIN (SELECT DISTINCT ON (listing_id) listing_id, price_eur FROM price_in_eur"
    " ORDER BY listing_id, page_id IN (SELECT page_id FROM page WHERE cut_off),"
    " observed_at DESC NULLS LAST, page_id, ordinal) e USING (listing_id)",
    (
        identifier("listing_id", "listing", "listing.listing_id", "The offer.", required=True),
        market_column("listing.market"),
        _external_id(),
        _column("title", "text", "The offer's title, white space folded."),
        *vendor_columns("listing_observation.vendor_id"),
        Variable(
            "category_path", "words", "listing_observation.category_path",
            "The longest path of categories stated, from the root down.", vocabulary="category",
        ),
        *money_columns("listing_observation"),
        _EUR,
        _places("ships_from", "Where it ships from."),
        _places("ships_to", "Where it ships to."),
        _places("ships_to_excluded", "Where it expressly does not ship to."),
        *_stated(),
        Variable(
            "first_seen", "moment", "least listing_observation.observed_at",
            "First page that shows it.", "UTC",
        ),
        Variable(
            "last_seen", "moment", "greatest listing_observation.observed_at",
            "Last page that shows it.", "UTC",
        ),
        Variable(
            "observations", "integer", "count of listing_observation", "Pages that show it.",
            "pages",
        ),
        Variable(
            "seen", "boolean", "listings of listing_observation",
            "Whether a page shows it; false: reviews name it, and no captured page shows it.",
            required=True,
        ),
        Variable(
            "invented", "boolean", "page.invented",
            "Whether all pages that show it were invented.", required=True,
        ),
    ),
    ("listing_id",),
    (VENDOR, *_TEXT_KEYS),
)  # fmt: skip

LISTING_OBSERVATIONS = ExportTable(
    "listing_observations",
    "Listings over time",
    "What one page showed of one listing; empty is not stated. A card, on a page of many "
    "offers, shows part of it.",
    "SELECT o.page_id, o.ordinal, l.market, o.listing_id, o.observed_at, o.is_card, o.title,"
    " o.vendor_id, v.handle, o.category_path, o.price_amount, o.price_currency, e.price_eur, o."
    + _STATED.format("o")
    + " FROM listing_observation o JOIN listing l USING (listing_id)"
    " LEFT JOIN vendor v ON v.vendor_id = o.vendor_id"
    " LEFT JOIN price_in_eur e ON e.page_id = o.page_id AND e.ordinal = o.ordinal",
    (
        *place_columns("listing_observation"),
        market_column("listing.market"),
        identifier(
            "listing_id", "listing", "listing_observation.listing_id", "The offer.", required=True
        ),
        Variable(
            "observed_at", "moment", "listing_observation.observed_at",
            "When the page was captured.", "UTC",
        ),
        Variable("is_card", "boolean", "listing_observation.is_card"),
        _column("title", "text", "The offer's title, white space folded."),
        *vendor_columns("listing_observation.vendor_id"),
        Variable(
            "category_path", "words", "listing_observation.category_path", vocabulary="category"
        ),
        *money_columns("listing_observation"),
        _EUR,
        *_stated(),
    ),
    ("page_id", "ordinal"),
    (PAGE, LISTING, VENDOR, *_TEXT_KEYS),
)  # fmt: skip

LISTING_PLACES = ExportTable(
    "listing_places",
    "Where listings ship from and to",
    "A row an observation, role and place.",
    "SELECT page_id, ordinal, role, position, place FROM listing_place",
    (
        *place_columns("listing_place"),
        Variable(
            "role", "word", "listing_place.role", values=("from", "to", "excluded"), required=True
        ),
        Variable("position", "integer", "listing_place.position", required=True),
        Variable(
            "place", "word", "listing_place.place", "The place's code.", known=reference.places,
            required=True,
        ),
    ),
    ("page_id", "ordinal", "role", "position"),
    (OBSERVATION, Key(("place",), "places", ("place",))),
)  # fmt: skip

_POSITION = Variable(
    "position", "integer", "order on the page", "Which of several, from 0.", required=True
)

PRICE_ALTERNATIVES = ExportTable(
    "price_alternatives",
    "Prices in other currencies",
    "The price of an observation in the other currencies that the page shows.",
    "SELECT page_id, ordinal, position, price_amount, price_currency FROM price_alternative",
    (*place_columns("price_alternative"), _POSITION, *money_columns("price_alternative")),
    ("page_id", "ordinal", "position"),
    (OBSERVATION,),
)

PRICE_TIERS = ExportTable(
    "price_tiers",
    "Prices by quantity",
    "Unit prices by the quantity ordered.",
    "SELECT page_id, ordinal, position, min_quantity, max_quantity, price_amount, price_currency"
    " FROM price_tier",
    (
        *place_columns("price_tier"),
        _POSITION,
        Variable(
            "min_quantity", "integer", "price_tier.min_quantity", "From so many.",
            "units of the offer", required=True,
        ),
        Variable(
            "max_quantity", "integer", "price_tier.max_quantity",
            "To so many; empty: no upper limit.", "units of the offer",
        ),
        *money_columns("price_tier", "Price of one unit, in price_currency."),
    ),
    ("page_id", "ordinal", "position"),
    (OBSERVATION,),
)  # fmt: skip

SHIPPING_OPTIONS = ExportTable(
    "shipping_options",
    "Ways to ship",
    "Ways to ship and what they cost.",
    "SELECT page_id, ordinal, position, name, days, price_amount, price_currency, per"
    " FROM shipping_option",
    (
        *place_columns("shipping_option"),
        _POSITION,
        Variable("name", "text", "shipping_option.name", "The way, in the vendor's words."),
        Variable("days", "number", "shipping_option.days", "How long it takes, as stated.", "days"),
        *money_columns("shipping_option", "What it costs, in price_currency."),
        Variable(
            "per", "word", "shipping_option.per", "What the cost is for.",
            values=("order", "item"),
        ),
    ),
    ("page_id", "ordinal", "position"),
    (OBSERVATION,),
)  # fmt: skip

TEXTS = ExportTable(
    "texts",
    "Long texts",
    "Descriptions, profiles and terms, each distinct text once.",
    "SELECT text_id, content FROM long_text WHERE text_id IN ("
    "SELECT description_id FROM listing_observation UNION"
    " SELECT terms_id FROM listing_observation UNION"
    " SELECT profile_id FROM vendor_observation UNION SELECT terms_id FROM vendor_observation)",
    (
        identifier("text_id", "text", "long_text.text_id", "The text.", required=True),
        Variable("content", "text", "long_text.content", required=True),
    ),
    ("text_id",),
    private=True,
)

TABLES = (
    LISTINGS,
    LISTING_OBSERVATIONS,
    LISTING_PLACES,
    PRICE_ALTERNATIVES,
    PRICE_TIERS,
    SHIPPING_OPTIONS,
    TEXTS,
)
