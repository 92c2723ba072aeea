"""What is on offer and sold, by group of substances: a country beside the whole market."""

from __future__ import annotations

import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import ends, parts, ratios
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.sales import ASSUMPTIONS

_OFFER = """
    SELECT market, {group} AS substance, coalesce(vendor_id, -listing_id) AS vendor_id,
           max(vendor_id) AS known_vendor, count(*) AS listings,
           count(*) FILTER (WHERE :country = ANY(from_countries)) AS listings_country
    FROM s_listing
    WHERE in_period
    GROUP BY 1, 2, 3
"""
_SOLD = """
    SELECT r.market, {group} AS substance, r.vendor_id, count(*) AS reviews,
           coalesce(sum(r.price_eur), 0) AS turnover,
           count(*) FILTER (WHERE :country = ANY(r.from_countries)) AS reviews_country,
           coalesce(sum(r.price_eur) FILTER (WHERE :country = ANY(r.from_countries)), 0)
               AS turnover_country
    FROM s_review r {join} GROUP BY 1, 2, 3
"""
FEW = 30
"""Listings of which parts vary by chance, if there are fewer."""

_WHAT = {
    "listings": "Listings",
    "vendors": "Vendors with such a listing",
    "reviews": "Reviews",
    "turnover": "Turnover (EUR)",
}
_RATIO = "The country's part by the market's: above 1 if the country has more of it."
_PART = "Part of the {}'s {} (0 to 1)."


def composition(
    study: StudySession, *, country: str | None = None, detail: bool = False
) -> Measure:
    """Return listings, vendors, reviews and turnover by substance, with the parts of each market.

    With a `country`, the same of what ships from it, and how its parts compare with the whole
    market's. With `detail`, by the finer groups (heroin, hash …). Raises ValueError for a country
    that is no code.
    """
    country = check_country(country)
    prepare(study)
    given = {"country": country}
    if detail:
        offer = study.frame(_OFFER.format(group="coalesce(substance_detail, substance)"), given)
        fine = "coalesce(l.substance_detail, r.substance)"
        join = "LEFT JOIN s_listing l ON l.listing_id = r.listing_id"
        sold = study.frame(_SOLD.format(group=fine, join=join), given)
    else:
        offer = study.frame(_OFFER.format(group="substance"), given)
        sold = study.frame(_SOLD.format(group="r.substance", join=""), given)
    summed = [_summed(offer), _summed(sold)]
    frame = summed[0].merge(summed[1], on=["market", "substance"], how="outer")
    frame = frame.sort_values(["market", "substance"], ignore_index=True)
    for rows, names in ((offer, ("listings",)), (sold, ("reviews", "turnover"))):
        every = [f"{name}{tail}" for name in names for tail in ("", "_country")]
        shares = parts(rows, "substance", {f"share_{name}": (name, "") for name in every})
        frame = frame.merge(shares, on=["market", "substance"], how="left")
        if country is not None:
            times = {f"ratio_{name}": (f"{name}_country", name) for name in names}
            found = ratios(rows, "substance", times)
            frame = frame.merge(found, on=["market", "substance"], how="left")
    columns = {"market": "The market.", "substance": "Group of substances."}
    for name, meaning in _WHAT.items():
        shared = name != "vendors"  # a vendor of two substances would count in two parts
        columns[name] = f"{meaning}."
        if shared:
            columns |= ends({f"share_{name}": _PART.format("market", name)}, [f"share_{name}"])
        for column in (name, f"{name}_country"):
            frame[column] = pd.to_numeric(frame[column]).fillna(0)
            if name != "turnover":
                frame[column] = frame[column].astype("int64")
        if country is not None:
            columns[f"{name}_country"] = f"{meaning}, of what ships from the country."
            if shared:
                share = f"share_{name}_country"
                columns |= ends({share: _PART.format("country", name)}, [share])
                columns |= ends({f"ratio_{name}": _RATIO}, [f"ratio_{name}"])
    return Measure(
        name="composition",
        frame=frame[list(columns)],
        columns=columns,
        assumptions=(Note.of_method("one_substance"), *ASSUMPTIONS),
        sources=(lit.CHRISTIN_2013, lit.SOSKA_CHRISTIN_2015, lit.BARRATT_2016),
        notes=few_listings(study, country),
    )


def few_listings(study: StudySession, country: str | None) -> tuple[Note, ...]:
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


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return sums over vendors, and how many they are where the rows know it."""
    cells = rows.groupby(["market", "substance"], as_index=False)
    numbers = [name for name in rows.columns if name.split("_")[0] in _WHAT]
    summed = cells[numbers].sum()
    if "known_vendor" in rows:
        known = rows[rows["known_vendor"].notna()]
        for name, chosen in (
            ("vendors", known),
            ("vendors_country", known[known["listings_country"] > 0]),
        ):
            counts = chosen.groupby(["market", "substance"]).size().rename(name).reset_index()
            summed = summed.merge(counts, on=["market", "substance"], how="left")
    return summed
