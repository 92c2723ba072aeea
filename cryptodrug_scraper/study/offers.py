"""The listings themselves, a row each, for looking at and for questions of one's own."""

from __future__ import annotations

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.counting import count_apart
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.prepare import prepare

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
    study: StudySession,
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

    prepare(study)
    conditions = {
        "country_from": check_country(country_from),
        "country_to": check_country(country_to),
        "substance": substance,
    }
    frame = study.frame(
        f"SELECT {', '.join(_COLUMNS)} {_CHOSEN} AND {_FROM}"
        ' ORDER BY market COLLATE "C", first_seen, external_id COLLATE "C"',
        conditions,
    )
    silent = "in_period AND from_countries = '{}'"
    apart = count_apart(study, "s_listing", {"outside": "NOT in_period", "silent": silent}, "true")
    notes = [Note.left_out("outside_period", *apart["outside"])]
    if conditions["country_from"]:
        notes.append(Note.left_out("unknown_origin", *apart["silent"]))
    return Measure(
        name="listings",
        frame=frame,
        columns={name: COLUMNS[name] for name in _COLUMNS},
        assumptions=(Note.of_method("listing_is_id"), Note.of_method("median_prices")),
        sources=(lit.SOSKA_CHRISTIN_2015,),
        notes=tuple(notes),
    )
