"""Turnover from reviews, and how large the sales are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import EVERY, ends, parts
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.counting import Count, count_apart
from cryptodrug_scraper.study.days import sold_by_period
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import OF_COUNTRY, PERIOD, check_country
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.sales import ASSUMPTIONS

FAR_DAYS = 92
"""More days than these between a price and the review that it stands for are far."""
LARGE = 0.05
"""One sale that makes a larger part of the turnover is worth a note."""
_WEAK = {
    "listing_price": "price_source = 'listing'",
    "far_price": f"price_source = 'listing' AND away > {FAR_DAYS}",
    "other_rate": "rate = 'other'",
    "capture_rate": "rate = 'capture'",
    "posted_rate": "rate = 'posted'",
    "suspected_edits": "suspected",
    "no_rate": "stated AND price_source <> 'review'",
}
"""Reviews that weaken a sum, by the name of the note about them."""
_APART = {
    **_WEAK,
    "typical": "price_source = 'vendor'",
    "unpriced": "price_source = 'none'",
    "not_priced": "price_source IN ('vendor', 'none')",
}
_SHARES = ("share_sales", "share_value")
_SOURCES = (
    lit.CHRISTIN_2013,
    lit.SOSKA_CHRISTIN_2015,
    lit.ALDRIDGE_2014,
    lit.VAN_BUSKIRK_2017,
)
_GROUPS = {
    "market": ("market", "The market."),
    "substance": ("substance", "Group of substances of the listing."),
    "band_value": ("band_value", "Band of the sale by its value; nothing if it has no price."),
    "country": ("c.country", "Country that the listing said it ships from; '' if it said none."),
}


def turnover(
    study: StudySession,
    *,
    country: str | None = None,
    by: str = "month",
    groups: Sequence[str] = ("market",),
) -> Measure:
    """Return the turnover a period, in EUR, with bounds.

    `by` is day, week, month, quarter, year or all; `groups` any of market, substance,
    band_value, country. With a `country`, only of listings that said to ship from it when the
    review was posted. In the groups of `country` a sale of a listing with two origins stands
    in both. Raises ValueError for a period, group or country that there is not.
    """
    country = check_country(country)
    unknown = [group for group in groups if group not in _GROUPS]
    if unknown:
        raise ValueError(f"There is no group {unknown[0]!r}; there are {', '.join(_GROUPS)}.")
    prepare(study)
    names = [f"{_GROUPS[group][0]} AS {group}" for group in groups]
    each = (
        "CROSS JOIN LATERAL unnest(CASE WHEN from_countries = '{}' THEN ARRAY['']"
        " ELSE from_countries END) AS c(country)"
        if "country" in groups
        else ""
    )
    frame = study.frame(
        sold_by_period(by, names, where=OF_COUNTRY, each=each), {"country": country}
    )
    counted = _counted(study, country)
    return Measure(
        name="turnover",
        frame=frame,
        columns={
            **{group: _GROUPS[group][1] for group in groups},
            "period": PERIOD,
            "reviews": "Reviews posted in the period, by the estimate of their days (number).",
            "reviews_low": "Of them those that were surely posted in it (number).",
            "reviews_high": "Reviews that can have been posted in it (number).",
            "priced": "Reviews with a price: stated, or of the listing (number).",
            "turnover_eur": "Sum of their prices (EUR).",
            "low_eur": "The same of those surely posted in it, by each one's lowest reading (EUR).",
            "high_eur": "The same of all that can have been, by each one's highest reading; those "
            "without a price at the median price of their vendor's listings (EUR).",
        },
        assumptions=(*ASSUMPTIONS, study.notes["listing_rules"].price.note),
        sources=_SOURCES,
        notes=(
            counted.undated,
            Note.left_out("unpriced_anyhow", *counted.apart["unpriced"]),
            Note.left_out("typical_price_only", *counted.apart["typical"]),
            *_notes(counted),
        ),
    )


def sale_values(
    study: StudySession,
    *,
    country: str | None = None,
    edges: Sequence[float] = (50, 100, 200, 500, 1000),
    by_market: bool = True,
) -> Measure:
    """Return how many sales, and what part of the value, lie in bands of EUR.

    A band goes from one edge (included) to the next (not included); there is a row for each that
    a sale is in by some reading of its price. Raises ValueError for edges
    that do not rise, and for a country that is no code.
    """
    country = check_country(country)
    steps = [float(edge) for edge in edges]
    if not steps or steps != sorted(set(steps)) or steps[0] <= 0:
        raise ValueError(f"Edges must rise, from above 0: {list(edges)}.")
    prepare(study)
    market = "market" if by_market else "CAST(NULL AS text)"
    frame = study.frame(
        f"""
        WITH sale AS (
            SELECT {market} AS market, price_eur, least_eur, high_eur, suspected,
                   width_bucket(price_eur, CAST(:edges AS numeric[])) AS own,
                   width_bucket(least(least_eur, price_eur), CAST(:edges AS numeric[])) AS first,
                   width_bucket(greatest(high_eur, price_eur), CAST(:edges AS numeric[])) AS last
            FROM s_review WHERE price_eur IS NOT NULL AND {OF_COUNTRY}
        ), every AS (
            SELECT market, count(*) AS n, count(*) FILTER (WHERE NOT suspected) AS certain,
                   sum(least_eur) FILTER (WHERE NOT suspected) AS low, sum(high_eur) AS high
            FROM sale GROUP BY 1
        ), banded AS (  -- a sale in each band that it may be of
            SELECT market, band, count(*) FILTER (WHERE band = own) AS sales,
                   count(*) FILTER (WHERE first = last AND NOT suspected) AS sales_least,
                   count(*) AS sales_most, count(*) FILTER (WHERE NOT suspected) AS certain,
                   coalesce(sum(price_eur) FILTER (WHERE band = own), 0) AS value_eur,
                   coalesce(sum(least_eur) FILTER (WHERE first = last AND NOT suspected), 0)
                       AS low,
                   coalesce(sum(high_eur) FILTER (WHERE first = last AND NOT suspected), 0)
                       AS its_high,
                   sum(least(high_eur, (CAST(:edges AS numeric[]))[band + 1])) AS high,
                   coalesce(sum(least_eur) FILTER (WHERE NOT suspected), 0) AS its_low,
                   max(price_eur) FILTER (WHERE band = own) AS largest_eur
            FROM sale CROSS JOIN LATERAL generate_series(first, last) AS band GROUP BY 1, 2
        )
        SELECT b.market, (CAST(:lower AS numeric[]))[band + 1] AS from_eur,
               (CAST(:edges AS numeric[]))[band + 1] AS to_eur, sales, sales_least, sales_most,
               sales / sum(sales) OVER own_market AS share_sales,
               sales_least / CAST(e.n AS numeric) AS share_sales_least,
               sales_most / CAST(sales_most + e.certain - b.certain AS numeric)
                   AS share_sales_most,
               value_eur, value_eur / nullif(sum(value_eur) OVER own_market, 0) AS share_value,
               b.low / nullif(b.low + e.high - b.its_high, 0) AS share_value_least,
               b.high / nullif(b.high + e.low - b.its_low, 0) AS share_value_most, largest_eur
        FROM banded b JOIN every e ON e.market IS NOT DISTINCT FROM b.market
        WINDOW own_market AS (PARTITION BY b.market) ORDER BY b.market, band
        """,
        {"country": country, "edges": steps, "lower": [0.0, *steps]},
    )
    each = study.frame(
        f"""
        SELECT market, (CAST(:lower AS numeric[]))[
                   1 + width_bucket(price_eur, CAST(:edges AS numeric[]))] AS from_eur,
               vendor_id, count(*) AS sales, sum(price_eur) AS value
        FROM s_review WHERE price_eur IS NOT NULL AND {OF_COUNTRY} GROUP BY 1, 2, 3
        """,
        {"country": country, "edges": steps, "lower": [0.0, *steps]},
    )
    shares = parts(each, "from_eur", {name: (name[6:], "") for name in _SHARES}, together=True)
    chosen = shares["market"] == EVERY
    shares = shares[~chosen] if by_market else shares[chosen].assign(market=None)
    frame = frame.merge(shares.drop(columns=list(_SHARES)), on=["market", "from_eur"], how="left")
    counted = _counted(study, country)
    columns = {
        "market": "The market; nothing if all are taken together.",
        "from_eur": "Least value of a sale in the band (EUR).",
        "to_eur": "Value below which it ends (EUR); nothing for the last.",
        "sales": "Priced reviews in the band (number).",
        "sales_least": "Of them those in it by each reading of their price (number).",
        "sales_most": "Priced reviews that are in it by some reading (number).",
        **ends({"share_sales": "Part of the market's priced reviews (0 to 1)."}, _SHARES),
        "share_sales_least": "Lower bound by reading: those in the band by each reading.",
        "share_sales_most": "Upper bound by reading: those in the band by some reading.",
        "value_eur": "Sum of the prices of those in the band (EUR).",
        **ends({"share_value": "Part of the market's turnover (0 to 1)."}, _SHARES),
        "share_value_least": "Lower bound by reading: by each one's lowest, and the others' "
        "highest.",
        "share_value_most": "Upper bound by reading: by each one's highest within the band, "
        "and the others' lowest.",
        "largest_eur": "The largest sale of the band (EUR).",
    }
    return Measure(
        name="sale_values",
        frame=frame[list(columns)],
        columns=columns,
        assumptions=ASSUMPTIONS,
        sources=(lit.ALDRIDGE_2014, lit.ALDRIDGE_2016),
        notes=(
            counted.undated,
            Note.left_out("unpriced_reviews", *counted.apart["not_priced"]),
            *_notes(counted),
        ),
    )


@dataclass(frozen=True)
class _Counted:
    """What turnover leaves out and what weakens it."""

    reviews: Count
    apart: Mapping[str, Count]
    undated: Note
    largest: float
    """What part of all the largest sale makes (0 to 1)."""
    profiles: Mapping[str, int]
    """What the vendors' profiles state of sales, of how many vendors, and their reviews."""
    due: int


def _counted(study: StudySession, country: str | None) -> _Counted:
    """Count, once for all measures of a country."""
    return study.kept(f"turnover: counted {country}", lambda: _count(study, country))


def _count(study: StudySession, country: str | None) -> _Counted:
    given = {"country": country}
    apart = count_apart(study, "s_review", {"reviews": "true", **_APART}, OF_COUNTRY, given)
    undated = count_apart(
        study,
        "(SELECT vendor_id, posted_on FROM review JOIN vendor USING (vendor_id)"
        " WHERE market = ANY(:markets)) AS every",
        {"undated": "posted_on IS NULL"},
        "true",
    )["undated"]
    row = study.row(
        f"""
        SELECT coalesce(max(price_eur) / nullif(sum(price_eur), 0), 0) AS largest,
               (SELECT count(*) FROM review_due) AS due
        FROM s_review WHERE {OF_COUNTRY}
        """,
        given,
    )
    profiles = study.row(
        f"""
        WITH stated AS (
            SELECT vendor_id, max(sales) AS sales FROM vendor_observation
            WHERE vendor_id IN (SELECT vendor_id FROM s_review WHERE {OF_COUNTRY}) GROUP BY 1
        )
        SELECT coalesce(sum(s.sales), 0) AS sales, coalesce(sum(r.reviews), 0) AS reviews,
               count(*) AS vendors
        FROM stated s
        JOIN (SELECT vendor_id, count(*) AS reviews FROM review GROUP BY 1) AS r USING (vendor_id)
        WHERE s.sales > 0
        """,
        given,
    )
    return _Counted(
        reviews=apart.pop("reviews"),
        apart=apart,
        undated=Note.left_out("undated_reviews", *undated),
        largest=float(row["largest"]),
        profiles={name: int(value) for name, value in profiles.items()},
        due=int(row["due"]),
    )


def _notes(counted: _Counted) -> Iterator[Note]:
    """Say what the data calls for."""
    reviews = counted.reviews
    if 0 < reviews.n < 30:
        yield Note("few_reviews", {"n": reviews.n}, reviews.vendors)
    if counted.profiles["sales"]:
        stated = {name: counted.profiles[name] for name in ("sales", "reviews")}
        share = stated["reviews"] / stated["sales"]
        yield Note("profile_sales", stated | {"share": share}, counted.profiles["vendors"])
    for name in _WEAK:
        n, vendors = counted.apart[name]
        if n:
            terms = {"days": FAR_DAYS} if name == "far_price" else {}
            yield Note(name, {"n": n, "share": n / reviews.n}, vendors, terms)
    if counted.largest > LARGE:
        yield Note("largest_sale", {"share": counted.largest}, 1, {"limit": LARGE})
    if counted.due:
        yield Note.of_captures("waiting_reviews", n=counted.due)
