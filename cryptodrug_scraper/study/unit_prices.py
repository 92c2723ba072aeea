"""What a gram, a millilitre or a piece costs."""

from __future__ import annotations

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.accuracy import accuracy
from cryptodrug_scraper.study.by_vendor import ends, medians
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.counting import count_apart
from cryptodrug_scraper.study.listings import COLUMNS, ListingRules
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import OF_COUNTRY, check_country
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.prices import SOURCES as PRICE_SOURCES
from cryptodrug_scraper.study.rates import RULES

_WHERE = f"""
    in_period AND {OF_COUNTRY}
      AND (CAST(:substance AS text) IS NULL OR :substance IN (substance, substance_detail))
"""
_READING = (Note.of_method("substance_read"), Note.of_method("amount_read"))


def unit_prices(
    study: StudySession,
    *,
    country_from: str | None = None,
    substance: str | None = None,
    least: int = 10,
) -> Measure:
    """Return what a gram, a millilitre or a piece costs, by substance and band of amount.

    A row a market, substance, unit and band, with the quartiles of listings' typical prices;
    `country_from` keeps listings that ship from a country (perhaps from others too), `substance`
    those of a group or of a substance within it; `least` is the fewest listings that make a row.
    Raises ValueError for a country that is no code and a substance that the mapping does not know.
    """
    given = {"country": check_country(country_from), "substance": _known(study, substance)}
    of = "substance <> 'not_drugs' AND price_per_unit IS NOT NULL"
    frame = study.frame(
        f"""
        SELECT market, substance, substance_detail, unit, band_amount, count(*) AS listings,
               count(DISTINCT vendor_id) AS vendors,
               percentile_cont(0.25) WITHIN GROUP (ORDER BY price_per_unit) AS lower_quartile,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY price_per_unit) AS median,
               percentile_cont(0.75) WITHIN GROUP (ORDER BY price_per_unit) AS upper_quartile
        FROM s_listing WHERE {_WHERE} AND {of}
        GROUP BY market, substance, substance_detail, unit, band_amount
        HAVING count(*) >= :least
        ORDER BY market, substance, substance_detail, unit,
                 array_position(ARRAY['retail', 'middle', 'wholesale'], band_amount)
        """,
        given | {"least": least},
    )
    keys = ["market", "substance", "substance_detail", "unit", "band_amount"]
    each = study.frame(
        f"SELECT {', '.join(keys)}, coalesce(vendor_id, -listing_id) AS vendor_id, price_per_unit"
        f" FROM s_listing WHERE {_WHERE} AND {of}",
        given,
    ).merge(frame[keys], on=keys)
    frame = frame.merge(medians(each, keys, "price_per_unit"), on=keys, how="left")
    drugs = "substance <> 'not_drugs'"
    left = count_apart(
        study,
        "s_listing",
        {
            "amount": f"{drugs} AND quantity IS NULL",
            "price": f"{drugs} AND quantity IS NOT NULL AND prices = 0",
            "held": f"{drugs} AND quantity IS NOT NULL AND prices > 0 AND price_eur IS NULL",
        },
        _WHERE,
        given,
    )
    small = count_apart(
        study,
        "(SELECT vendor_id, count(*) OVER (PARTITION BY market, substance, substance_detail, unit,"
        f" band_amount) AS listings FROM s_listing WHERE {_WHERE} AND {of}) AS grouped",
        {"small": "listings < :least"},
        "true",
        given | {"least": least},
    )["small"]
    columns = {
        "market": COLUMNS["market"],
        "substance": COLUMNS["substance"],
        "substance_detail": COLUMNS["substance_detail"],
        "unit": "g, ml or piece.",
        "band_amount": "Band of the least order by its amount.",
        "listings": "Listings with such a price (number).",
        "vendors": "Vendors of them (number).",
        "lower_quartile": "A quarter of the listings cost less (EUR per unit).",
        **ends({"median": "Half of the listings cost less (EUR per unit)."}, ["median"]),
        "upper_quartile": "A quarter of the listings cost more (EUR per unit).",
    }
    return Measure(
        name="unit_prices",
        frame=frame[list(columns)],
        columns=columns,
        method=accuracy().parts(),
        assumptions=(*_READING, RULES[0], _rules(study).price.note, Note.of_method("bands")),
        sources=(*PRICE_SOURCES, lit.ALDRIDGE_2016),
        notes=(
            Note.left_out("no_one_amount", *left["amount"]),
            Note.left_out("no_price_in_euros", *left["price"]),
            Note.left_out("held_prices_only", *left["held"]),
            Note.left_out("small_groups", *small, {"least": least}),
        ),
    )


def _rules(study: StudySession) -> ListingRules:
    rules = study.notes["listing_rules"]
    assert isinstance(rules, ListingRules)
    return rules


def _known(study: StudySession, substance: str | None) -> str | None:
    prepare(study)
    mapping = _rules(study).mapping
    if substance is None or substance in mapping.groups or substance in mapping.details:
        return substance
    raise ValueError(
        f"There is no substance {substance!r}; there are {', '.join(mapping.groups)}, and within "
        f"them {', '.join(mapping.details)}."
    )
