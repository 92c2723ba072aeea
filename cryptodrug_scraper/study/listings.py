"""Listings as the study sees them, a row each: substance, amount, price, band, places.

`build_listings` makes the TEMP table ``s_listing``. What is aggregated is aggregated in the
database; only distinct pairs of category and title come to Python, once, to be classified.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptodrug_scraper.normalise.packages import Package
from cryptodrug_scraper.study.amounts import build_amounts, plain
from cryptodrug_scraper.study.bands import Bands, read_bands
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.prices import PriceRule, build_prices
from cryptodrug_scraper.study.rates import build_rates
from cryptodrug_scraper.study.substances import (
    NOT_DRUGS,
    Classification,
    SubstanceMap,
    amount_of,
    read_mapping,
)

COLUMNS: Mapping[str, str] = {
    "listing_id": "The listing; as in table listing.",
    "market": "The market.",
    "external_id": "The market's own id of the listing.",
    "vendor_id": "Who sells it, as last stated; as in table vendor.",
    "vendor": "The vendor's handle.",
    "title": "The title, as last stated.",
    "category": "The longest category path stated by the end of the study's period (if none was, "
    "ever), the latest of those.",
    "substance": "EMCDDA group, a code of substances.toml.",
    "substance_detail": "Substance within the group; null if only the group is known.",
    "substance_source": "What told the group: category, title, or none.",
    "quantity": "Amount of one unit of sale, in `unit`; null if unstated or a range.",
    "quantity_low": "Least amount stated; equals quantity, but for a range.",
    "quantity_high": "Most amount stated; null if open (`10g+`) or unstated.",
    "unit": "g, ml or piece; null if no amount is stated.",
    "pieces": "Pieces that make up the amount (20 of 20 x 10ml); null if unstated.",
    "strength_mg": "Milligrams in each piece; null if unstated.",
    "quantity_source": "Where the amount stands: title, option (of shipping), or none.",
    "price_eur": "Median over the study's period (if it has no price then, over all time) of the "
    "price of one unit of sale in EUR, while the title stated the amount that it last stated, "
    "without prices flagged as holding or absurd; null if none is left.",
    "holding": "Some price of it was flagged as holding or absurd.",
    "prices": "Prices in EUR known of it (a day and price each).",
    "prices_held": "How many of them were flagged.",
    "price_per_unit": "EUR per g, ml or piece: price_eur / quantity.",
    "min_order": "Least units of sale an order must have: as stated, or those of the first tier "
    "where a page states tiers alone; 1 if unstated.",
    "band_value": "retail, middle or wholesale by the value of the least order.",
    "band_amount": "The same by its amount; null where no threshold or no amount is known.",
    "from_countries": "Places it ships from, as last stated (codes as in table place).",
    "to_places": "Places it ships to, as last stated.",
    "excluded": "Places it expressly does not ship to, as last stated.",
    "first_seen": "First day it was seen, whatever the study's period.",
    "last_seen": "Last day it was seen, whatever the study's period.",
    "in_period": "It was seen within the study's period.",
}
"""Meaning and unit of each column of ``s_listing``."""


@dataclass(frozen=True)
class ListingRules:
    """Everything that a researcher may choose differently."""

    mapping: SubstanceMap = field(default_factory=read_mapping)
    bands: Bands = field(default_factory=read_bands)
    price: PriceRule = field(default_factory=PriceRule)


def build_listings(study: StudySession, rules: ListingRules | None = None) -> None:
    """Make the TEMP table ``s_listing`` (columns: `COLUMNS`), and those it is made from.

    All listings of the study's markets are in it, also those not seen within its period
    (``in_period``). Last stated is what was last stated by the end of the period, else what was
    stated first after it.
    ``s_listing_price`` (`prices.py`) stays for other measures. ``study.notes["listings"]`` counts
    what could not be told, and ``study.notes["listing_rules"]`` are the rules.
    """
    rules = rules or ListingRules()
    study.notes["listing_rules"] = rules
    study.ensure_built(build_rates)
    value = rules.bands.value
    study.notes.setdefault(
        "value_bands", (("retail", 0.0), ("middle", value.middle), ("wholesale", value.wholesale))
    )
    _state(study)
    _classify(study, rules.mapping)
    build_amounts(study, rules.price.floor)
    build_prices(study, rules.price)
    _places(study)
    _bands(study, rules.bands)
    _assemble(study)
    study.notes["listings"] = study.row(_COUNTS)


_LAST = "said_at IS NULL, cut_off, said_at DESC, first_at"
"""What was last said by the end of the period, else what was said first after it; pages that were
cut off count where no whole one says it."""


def _state(study: StudySession) -> None:
    """Make what pages stated of each listing, each distinct statement once."""
    study.run(
        """
        CREATE TEMP TABLE s_stated AS
        SELECT o.listing_id, o.title, o.vendor_id, o.category_path, o.product_class,
               -- where a page states only tiers, the price is the first tier's
               coalesce(o.min_order, x.min_quantity) AS min_order,
               o.page_id IN (SELECT page_id FROM page WHERE cut_off) AS cut_off,
               min(o.observed_at) AS first_at, max(o.observed_at) AS last_at,
               max(o.observed_at) FILTER (WHERE o.observed_at::date <= :end) AS said_at,
               bool_or(o.observed_at::date BETWEEN :start AND :end) AS within
        FROM listing_observation o JOIN listing l USING (listing_id)
        LEFT JOIN price_tier x ON x.page_id = o.page_id AND x.ordinal = o.ordinal
            AND x.position = 0 AND x.price_amount = o.price_amount
            AND x.price_currency = o.price_currency
        WHERE l.market = ANY(:markets)
        GROUP BY 1, 2, 3, 4, 5, 6, 7
        """
    )
    study.run("CREATE INDEX ON s_stated (listing_id); ANALYZE s_stated")
    study.run(
        f"""
        CREATE TEMP TABLE s_told AS
        WITH seen AS (
            SELECT listing_id, min(first_at)::date AS first_seen, max(last_at)::date AS last_seen,
                   coalesce(bool_or(within), false) AS in_period,
                   bool_or(product_class = 'digital') AS digital
            FROM s_stated GROUP BY listing_id
        ), titled AS (
            SELECT DISTINCT ON (listing_id) listing_id, title FROM s_stated
            WHERE title IS NOT NULL ORDER BY listing_id, {_LAST}, title
        ), sold AS (
            SELECT DISTINCT ON (listing_id) listing_id, vendor_id FROM s_stated
            WHERE vendor_id IS NOT NULL ORDER BY listing_id, {_LAST}, vendor_id
        ), placed AS (
            SELECT DISTINCT ON (listing_id) listing_id, category_path FROM s_stated
            WHERE category_path <> '{{}}'
            ORDER BY listing_id, said_at IS NULL, cardinality(category_path) DESC, {_LAST},
                     category_path
        ), ordered AS (
            SELECT DISTINCT ON (listing_id) listing_id, min_order FROM s_stated
            WHERE min_order >= 1 ORDER BY listing_id, {_LAST}, min_order
        )
        SELECT l.listing_id, l.market, l.external_id, t.title, s.vendor_id,
               coalesce(p.category_path, '{{}}') AS category, coalesce(o.min_order, 1) AS min_order,
               coalesce(e.digital, false) AS digital,
               e.first_seen, e.last_seen, e.in_period
        FROM seen e JOIN listing l USING (listing_id)
        LEFT JOIN titled t USING (listing_id)
        LEFT JOIN sold s USING (listing_id)
        LEFT JOIN placed p USING (listing_id)
        LEFT JOIN ordered o USING (listing_id)
        """
    )
    study.run("CREATE UNIQUE INDEX ON s_told (listing_id); ANALYZE s_told")


_WORDS = (
    "words_id", "substance", "substance_detail", "substance_source", "quantity", "quantity_low",
    "quantity_high", "unit", "pieces", "strength_mg", "sold_by",
)  # fmt: skip


def _classify(study: StudySession, mapping: SubstanceMap) -> None:
    """Make ``s_words``: what each distinct category, title and class says, read once."""
    study.run(
        """
        CREATE TEMP TABLE s_saying AS
        SELECT row_number() OVER () AS words_id, category, title, digital
        FROM (
            SELECT category, coalesce(title, '') AS title, digital FROM s_told
            UNION  -- titles that it had before, for the amounts of those days
            SELECT t.category, s.title, t.digital FROM s_stated s JOIN s_told t USING (listing_id)
            WHERE s.title <> t.title
        ) AS each
        """
    )
    study.run(
        """
        CREATE TEMP TABLE s_words (words_id bigint, substance text, substance_detail text,
            substance_source text, quantity numeric, quantity_low numeric, quantity_high numeric,
            unit text, pieces bigint, strength_mg numeric, sold_by text)
        """
    )
    rows = study.connection.exec_driver_sql(
        "SELECT words_id, category, title, digital FROM s_saying"
    )
    for part in rows.partitions(20_000):
        study.copy("s_words", _WORDS, _words_of(mapping, part))
    study.run("CREATE UNIQUE INDEX ON s_words (words_id); ANALYZE s_words")


def _words_of(mapping: SubstanceMap, rows: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    for words_id, category, title, digital in rows:
        verdict = mapping.classify(category, title)
        if digital and verdict.source != "category":
            # The market says that it is delivered as data; words of drugs are its subject.
            verdict = Classification(NOT_DRUGS, None, "category", None)
        package = amount_of(verdict, title)
        yield (
            words_id, verdict.group, verdict.detail, verdict.source, *_amounts(package),
            verdict.sold_by,
        )  # fmt: skip


def _amounts(package: Package) -> tuple[Any, ...]:
    """Return quantity, its low and high end, unit, pieces and strength, as COPY takes them."""
    return (
        plain(package.single), plain(package.least), plain(package.most), package.unit,
        package.pieces, plain(package.strength_mg),
    )  # fmt: skip


def _places(study: StudySession) -> None:
    """Make ``s_places(listing_id, role, places)``: what was last stated of each role.

    An exclusion ends where the listing's own page later says where it ships to, and excludes
    nothing; a card may say less than the page.
    """
    study.run(
        """
        CREATE TEMP TABLE s_places AS
        WITH told AS (
            SELECT o.listing_id, p.role, o.page_id, o.ordinal, o.is_card, o.observed_at,
                   coalesce(o.observed_at::date <= :end, false) AS by_end,
                   o.page_id IN (SELECT page_id FROM page WHERE cut_off) AS cut_off,
                   CAST(date_part('epoch', o.observed_at) * 1000000 AS bigint) AS time
            FROM listing_place p
            JOIN listing_observation o USING (page_id, ordinal)
            JOIN s_told t ON t.listing_id = o.listing_id
            WHERE p.position = 0
            OFFSET 0
        ), latest AS (
            -- The greatest of what would be sorted by, which takes no sorting: the last by the
            -- end, else the first after it; of pages that say it at once, the one of least key.
            SELECT listing_id, role, max(ARRAY[
                       CAST(CAST(by_end AS int) AS bigint), CAST(NOT cut_off AS int),
                       CASE WHEN by_end THEN time ELSE coalesce(-time, -9223372036854775807) END,
                       ~page_id, ~ordinal]) AS key,
                   max(observed_at) FILTER (WHERE by_end) AS until,
                   max(observed_at) FILTER (WHERE by_end AND NOT is_card AND NOT cut_off)
                       AS until_on_page
            FROM told GROUP BY listing_id, role
        )
        SELECT l.listing_id, l.role, array_agg(p.place ORDER BY p.position) AS places
        FROM latest l
        JOIN listing_place p
            ON p.page_id = ~l.key[4] AND p.ordinal = ~l.key[5] AND p.role = l.role
        LEFT JOIN latest sent
            ON l.role = 'excluded' AND sent.role = 'to' AND sent.listing_id = l.listing_id
        WHERE NOT coalesce(sent.until_on_page > coalesce(l.until, '-infinity'), false)
        GROUP BY l.listing_id, l.role
        """
    )
    study.run("CREATE UNIQUE INDEX ON s_places (listing_id, role); ANALYZE s_places")


def _bands(study: StudySession, bands: Bands) -> None:
    study.run(
        "CREATE TEMP TABLE s_band (substance text, unit text, middle float8, wholesale float8)"
    )
    rows = [(*key, band.middle, band.wholesale) for key, band in bands.amount.items()]
    rows.append(("", "EUR", bands.value.middle, bands.value.wholesale))
    study.copy("s_band", ("substance", "unit", "middle", "wholesale"), rows)


_ASSEMBLE = """
    CREATE TEMP TABLE s_listing AS
    SELECT t.listing_id, t.market, t.external_id, t.vendor_id, v.handle AS vendor, t.title,
           t.category, w.substance, w.substance_detail, w.substance_source,
           s.quantity, s.quantity_low, s.quantity_high, s.unit, s.pieces, w.strength_mg,
           s.quantity_source,
           round(y.price_eur::numeric, 4) AS price_eur,
           coalesce(y.prices_held, 0) > 0 AS holding,
           coalesce(y.prices, 0) AS prices, coalesce(y.prices_held, 0) AS prices_held,
           round((y.price_eur / s.quantity)::numeric, 6) AS price_per_unit,
           t.min_order,
           CASE WHEN y.price_eur * t.min_order < value.middle THEN 'retail'
                WHEN y.price_eur * t.min_order < value.wholesale THEN 'middle'
                WHEN y.price_eur IS NOT NULL THEN 'wholesale' END AS band_value,
           CASE WHEN s.quantity * t.min_order < amount.middle THEN 'retail'
                WHEN s.quantity * t.min_order < amount.wholesale THEN 'middle'
                WHEN s.quantity IS NOT NULL AND amount.unit IS NOT NULL THEN 'wholesale'
           END AS band_amount,
           coalesce(f.places, '{}') AS from_countries, coalesce(g.places, '{}') AS to_places,
           coalesce(e.places, '{}') AS excluded,
           t.first_seen, t.last_seen, t.in_period
    FROM s_told t
    JOIN s_words_of s USING (listing_id)
    JOIN s_words w USING (words_id)
    JOIN s_band value ON value.unit = 'EUR'
    LEFT JOIN s_band amount ON amount.substance = w.substance AND amount.unit = s.unit
    LEFT JOIN vendor v ON v.vendor_id = t.vendor_id
    LEFT JOIN s_typical y USING (listing_id)
    LEFT JOIN s_places f ON f.listing_id = t.listing_id AND f.role = 'from'
    LEFT JOIN s_places g ON g.listing_id = t.listing_id AND g.role = 'to'
    LEFT JOIN s_places e ON e.listing_id = t.listing_id AND e.role = 'excluded'
"""

_COUNTS = """
    SELECT count(*) AS listings,
           count(*) FILTER (WHERE first_seen IS NULL) AS without_a_date,
           count(*) FILTER (WHERE substance = 'unknown') AS substance_unknown,
           count(*) FILTER (WHERE substance_source = 'title') AS substance_from_title,
           count(*) FILTER (WHERE quantity IS NULL AND substance <> 'not_drugs')
               AS without_one_quantity,
           count(*) FILTER (WHERE prices = 0) AS without_a_price_in_eur,
           count(*) FILTER (WHERE holding) AS with_holding_prices,
           count(*) FILTER (WHERE prices > 0 AND price_eur IS NULL) AS only_holding_prices,
           count(*) FILTER (WHERE quantity_source = 'option') AS quantity_from_options
    FROM s_listing
"""


def _assemble(study: StudySession) -> None:
    study.run(_ASSEMBLE)
    study.run("CREATE UNIQUE INDEX ON s_listing (listing_id); ANALYZE s_listing")
    study.run("CREATE INDEX ON s_listing (vendor_id); CREATE INDEX ON s_listing (market)")
    study.run(
        "DROP TABLE s_stated, s_told, s_saying, s_words, s_words_of, s_retitled, s_places, s_band,"
        " s_typical"
    )
