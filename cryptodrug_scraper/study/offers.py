"""The listings themselves, a row each, for looking at and for questions of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.measure import Measure
from cryptodrug_scraper.study.periods import check_country

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study

_COLUMNS = (
    "market", "external_id", "vendor", "title", "category", "substance", "substance_detail",
    "quantity", "unit", "price_eur", "price_per_unit", "band_value", "from_countries",
    "to_places", "excluded", "first_seen", "last_seen", "holding",
)  # fmt: skip
_CHOSEN = """
    FROM s_listing WHERE in_period
      AND (CAST(:country_to AS text) IS NULL OR :country_to = ANY(to_places))
      AND (CAST(:substance AS text) IS NULL OR substance = :substance)
"""
_FROM = "(CAST(:country_from AS text) IS NULL OR :country_from = ANY(from_countries))"


def offers(
    study: Study,
    *,
    country_from: str | None = None,
    country_to: str | None = None,
    substance: str | None = None,
) -> Measure:
    """Return the listings seen in the study's period, a row a listing, by market and first day.

    `country_from` and `country_to` keep those that last said to ship from, or expressly to, a
    country (BE, NL …; a listing that ships to "EU" does not name one), `substance` those of an
    EMCDDA group (cannabis, cocaine …). Raises ValueError for what is no country's code.
    """
    from cryptodrug_scraper.study.listings import COLUMNS

    study.prepare()
    asked = {
        "country_from": check_country(country_from),
        "country_to": check_country(country_to),
        "substance": substance,
    }
    frame = study.frame(
        f"SELECT {', '.join(_COLUMNS)} {_CHOSEN} AND {_FROM}"
        ' ORDER BY market COLLATE "C", first_seen, external_id COLLATE "C"',
        asked,
    )
    left_out = study.row(
        "SELECT count(*) FILTER (WHERE NOT in_period) AS outside,"
        " count(*) FILTER (WHERE in_period AND from_countries = '{}') AS nowhere FROM s_listing"
    )
    return Measure(
        name="Listings",
        frame=frame,
        columns={name: COLUMNS[name] for name in _COLUMNS},
        definition="Listings seen in the period, on their own page or a card, each once, with "
        "what was last stated of it, field by field.",
        assumptions=(
            "A listing is one of the market's own ids: an offer that is taken down and put up "
            "again counts twice.",
            "Prices are medians over time, without those that are flagged as holding prices.",
        ),
        uncertainty="Crawls miss listings; see the measure of coverage.",
        sources=(lit.SOSKA_CHRISTIN_2015,),
        left_out={
            "not seen in the period": left_out["outside"],
            **(
                {"where it ships from is not stated": left_out["nowhere"]}
                if asked["country_from"]
                else {}
            ),
        },
    )
