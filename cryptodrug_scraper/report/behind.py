"""How many vendors stand behind what measures leave out, and behind what they warn of.

Each count goes by a piece of the measure's own words. What rests on few vendors is not told:
`Context` hides what was left out, and passes over what was warned of.
"""

from __future__ import annotations

from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.lifetimes import GRACE_DAYS, LIVES
from cryptodrug_scraper.study.seen import build_origins, build_seen
from cryptodrug_scraper.study.turnover import FAR_DAYS

Behind = dict[str, int]

_REVIEWS = {
    "without any price": "price_source = 'none'",
    "only the vendor's typical price": "price_source = 'vendor'",
    "reviews without a price": "price_source IN ('none', 'vendor')",
    "at the price of one unit of the listing": "price_source = 'listing'",
    "at a price that was observed more than": f"price_source = 'listing' AND away > {FAR_DAYS}",
    "by another market's rates": "rate = 'other'",
    "by the rate of their capture": "rate = 'capture'",
    "by the rate of the day of posting": "rate = 'posted'",
    "before its words were changed": "suspected",
    "in a currency without a rate near": "stated AND price_source <> 'review'",
    "profiles state": """vendor_id IN (SELECT vendor_id FROM vendor_observation WHERE sales > 0)
        AND vendor_id IN (SELECT vendor_id FROM review)""",
}
_LISTINGS = {
    "without a usable price": "price_eur IS NULL",
    "amount is not stated": "price_eur IS NOT NULL AND price_per_unit IS NULL",
    "neither category nor title tells": "coalesce(substance_source, 'none') = 'none'",
    "name no origin": "coalesce(from_countries, '{}') = '{}'",
}


def behind_reviews(study: Study, country: str) -> Behind:
    """Count vendors behind reviews of a country's listings that measures speak of apart."""
    counts = _count(
        study,
        "s_review",
        _REVIEWS,
        ":country = ANY(from_countries)",
        {"country": country},
    )
    undated = study.row(
        "SELECT count(DISTINCT vendor_id) AS n FROM review JOIN vendor USING (vendor_id)"
        " WHERE market = ANY(:markets) AND posted_on IS NULL"
    )
    return {**counts, "reviews without a date": int(undated["n"])}


def behind_listings(study: Study, country: str | None) -> Behind:
    """Count vendors behind listings (of a country, or of all) that measures leave out."""
    return _count(
        study,
        "s_listing",
        _LISTINGS,
        "in_period AND (CAST(:country AS text) IS NULL OR :country = ANY(from_countries))",
        {"country": country},
    )


def behind_lives(study: Study, country: str) -> dict[tuple[str, bool], int]:
    """Count vendors of a country's listings by market, and whether lifetimes leave them out."""
    study.prepare()
    study.once(build_seen, build_origins)
    frame = study.frame(
        LIVES.format(key="listing_id")
        + "SELECT market, left_out, count(DISTINCT vendor_id) AS n FROM lived GROUP BY 1, 2",
        {"country": country, "grace": GRACE_DAYS},
    )
    return {(str(market), bool(out)): int(n) for market, out, n in frame.itertuples(index=False)}


def _count(
    study: Study, table: str, conditions: dict[str, str], where: str, given: dict[str, str | None]
) -> Behind:
    study.prepare()
    columns = ", ".join(
        f"count(DISTINCT vendor_id) FILTER (WHERE {condition}) AS n{n}"
        for n, condition in enumerate(conditions.values())
    )
    row = study.row(f"SELECT {columns} FROM {table} WHERE {where}", given)
    return {words: int(row[f"n{n}"]) for n, words in enumerate(conditions)}
