"""What is on offer and sold, by group of substances: a country beside the whole market."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.sales import ASSUMPTIONS

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study

_OFFER = """
    SELECT market, {group} AS substance, count(*) AS listings,
           count(DISTINCT vendor_id) AS vendors,
           count(*) FILTER (WHERE :country = ANY(from_countries)) AS listings_country,
           count(DISTINCT vendor_id) FILTER (WHERE :country = ANY(from_countries))
               AS vendors_country
    FROM s_listing
    WHERE in_period
    GROUP BY 1, 2
"""
_SOLD = """
    SELECT r.market, {group} AS substance, count(*) AS reviews,
           coalesce(sum(r.price_eur), 0) AS turnover,
           count(*) FILTER (WHERE :country = ANY(r.from_countries)) AS reviews_country,
           coalesce(sum(r.price_eur) FILTER (WHERE :country = ANY(r.from_countries)), 0)
               AS turnover_country
    FROM s_review r {join} GROUP BY 1, 2
"""
FEW = 30
"""Listings of which parts vary by chance, if there are fewer."""

_WHAT = {
    "listings": "Listings",
    "vendors": "Vendors with such a listing",
    "reviews": "Reviews",
    "turnover": "Turnover (EUR)",
}


def composition(study: Study, *, country: str | None = None, detail: bool = False) -> Measure:
    """Return listings, vendors, reviews and turnover by substance, with the parts of each market.

    With a `country`, the same of what ships from it, and how its parts compare with the whole
    market's. With `detail`, by the finer groups (heroin, hash …). Raises ValueError for a country
    that is no code.
    """
    country = check_country(country)
    study.prepare()
    given = {"country": country}
    if detail:
        offer = study.frame(_OFFER.format(group="coalesce(substance_detail, substance)"), given)
        fine = "coalesce(l.substance_detail, r.substance)"
        join = "LEFT JOIN s_listing l ON l.listing_id = r.listing_id"
        sold = study.frame(_SOLD.format(group=fine, join=join), given)
    else:
        offer = study.frame(_OFFER.format(group="substance"), given)
        sold = study.frame(_SOLD.format(group="r.substance", join=""), given)
    frame = offer.merge(sold, on=["market", "substance"], how="outer")
    frame = frame.sort_values(["market", "substance"], ignore_index=True)
    columns = {"market": "The market.", "substance": "Group of substances."}
    for name in _WHAT:
        for column in (name, f"{name}_country"):
            frame[column] = pd.to_numeric(frame[column]).fillna(0)
            if name != "turnover":
                frame[column] = frame[column].astype("int64")
    for name, meaning in _WHAT.items():
        columns[name] = f"{meaning}."
        if name != "vendors":  # a vendor of two substances would count in two parts
            frame[f"share_{name}"] = _parts(frame, name)
            columns[f"share_{name}"] = f"Part of the market's {name} (0 to 1)."
        if country is not None:
            columns[f"{name}_country"] = f"{meaning}, of what ships from the country."
            if name != "vendors":
                own = _parts(frame, f"{name}_country")
                frame[f"share_{name}_country"] = own
                frame[f"ratio_{name}"] = own / frame[f"share_{name}"].where(lambda part: part > 0)
                columns[f"share_{name}_country"] = f"Part of the country's {name} (0 to 1)."
                columns[f"ratio_{name}"] = (
                    "The country's part by the market's: above 1 if the country has more of it."
                )
    return Measure(
        name="composition",
        frame=frame[list(columns)],
        columns=columns,
        assumptions=(Note.of_method("one_substance"), *ASSUMPTIONS),
        sources=(lit.CHRISTIN_2013, lit.SOSKA_CHRISTIN_2015, lit.BARRATT_2016),
        notes=few_listings(study, country),
    )


def few_listings(study: Study, country: str | None) -> tuple[Note, ...]:
    """Return a note if so few listings ship from a country that parts of them vary by chance."""
    if country is None:
        return ()
    row = study.row(
        "SELECT count(*) AS n, count(DISTINCT vendor_id) AS vendors FROM s_listing"
        " WHERE in_period AND :country = ANY(from_countries)",
        {"country": country},
    )
    if not 0 < row["n"] < FEW:
        return ()
    return (Note("few_listings", {"n": row["n"]}, row["vendors"] or 1, {"country": country}),)


def _parts(frame: pd.DataFrame, column: str) -> pd.Series:
    """Return each row's part of its market's sum; nothing where that is 0."""
    whole = frame.groupby("market")[column].transform("sum")
    return frame[column] / whole.where(whole > 0)
