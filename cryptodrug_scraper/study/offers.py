"""The listings themselves, a row each, with what the study read from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptodrug_scraper.study import bands, prices
from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.listings import COLUMNS
from cryptodrug_scraper.study.measure import Measure
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.rates import RULE

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study


def listings(
    study: Study,
    *,
    country_from: str | None = None,
    country_to: str | None = None,
    substance: str | None = None,
) -> Measure:
    """Return the listings seen in the period, a row each.

    `country_from` and `country_to` are codes of countries that a listing says it ships from and
    names as a destination (a listing that ships to EU or WORLD does not name one); `substance` is
    a group. Raises ValueError for what is no country's code.
    """
    study.prepare()
    given = {
        "origin": check_country(country_from),
        "destination": check_country(country_to),
        "substance": substance,
    }
    names = ", ".join(name for name in COLUMNS if name != "in_period")
    frame = study.frame(
        f"""
        SELECT {names} FROM s_listing
        WHERE in_period
          AND (CAST(:origin AS text) IS NULL OR :origin = ANY(from_countries))
          AND (CAST(:destination AS text) IS NULL OR :destination = ANY(to_places))
          AND (CAST(:substance AS text) IS NULL OR substance = :substance)
        ORDER BY market, vendor, external_id
        """,
        given,
    )
    counts = study.notes["listings"]
    return Measure(
        name="listings",
        frame=frame,
        columns={name: text for name, text in COLUMNS.items() if name != "in_period"},
        definition="Listings that some page of the period showed, with what was last stated of "
        "each, its substance, its amount, and its typical price.",
        assumptions=(RULE, study.notes["listing_rules"].price.text),
        uncertainty="Substances and amounts are read from categories and titles by rules that "
        "make mistakes; what a listing does not state is empty.",
        sources=(*prices.SOURCES, *bands.SOURCES, lit.CHRISTIN_2013),
        left_out={"listings that no page with a date shows": int(counts["without_a_date"])},
    )
