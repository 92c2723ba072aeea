"""Turnover from reviews, and how large the sales are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.measure import Measure
from cryptodrug_scraper.study.periods import PERIOD, bucket, check_country
from cryptodrug_scraper.study.sales import ASSUMPTIONS

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study

FAR_DAYS = 92
"""More days than these between a price and the review that it stands for are far."""
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
_HERE = "(CAST(:country AS text) IS NULL OR :country = ANY(from_countries))"


def turnover(
    study: Study,
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
    study.prepare()
    names = [f"{_GROUPS[group][0]} AS {group}" for group in groups]
    each = (
        "CROSS JOIN LATERAL unnest(CASE WHEN from_countries = '{}' THEN ARRAY['']"
        " ELSE from_countries END) AS c(country)"
        if "country" in groups
        else ""
    )
    keys = ", ".join([*map(str, range(1, len(groups) + 2))])
    frame = study.frame(
        f"""
        SELECT {", ".join([*names, f"{bucket(by, 'posted_on')} AS period"])},
               count(*) AS reviews, count(price_eur) AS priced,
               coalesce(sum(price_eur), 0) AS turnover_eur, coalesce(sum(low_eur), 0) AS low_eur,
               coalesce(sum(high_eur), 0) AS high_eur
        FROM s_review {each} WHERE {_HERE} GROUP BY {keys} ORDER BY {keys}
        """,
        {"country": country},
    )
    counted = _counted(study, country)
    return Measure(
        name="turnover",
        frame=frame,
        columns={
            **{group: _GROUPS[group][1] for group in groups},
            "period": PERIOD,
            "reviews": "Reviews posted in the period (number).",
            "priced": "Reviews with a price: stated, or of the listing (number).",
            "turnover_eur": "Sum of their prices (EUR).",
            "low_eur": "The same by each one's lowest reading (EUR).",
            "high_eur": "The same by each one's highest reading, and reviews without a price at "
            "the median price of their vendor's listings (EUR).",
        },
        definition="Turnover is the sum over reviews of the price paid: what the review states, "
        "else the price of the listing as observed nearest in time to the review.",
        assumptions=(
            *ASSUMPTIONS,
            study.notes["listing_rules"].price.text,
        ),
        uncertainty="The bounds hold what is known of prices: rounding, rates, and a listing's "
        "price before and after the review; and that two reviews may be one whose words were "
        "changed. They do not hold sales that no review tells of, nor "
        "several units bought at once, which both make the true turnover larger; nor reviews "
        "that are not of sales.",
        sources=_SOURCES,
        left_out={
            "reviews without a date": counted["undated"],
            "reviews without any price: in no bound": counted["none"],
            "reviews with only the vendor's typical price: in the upper bound alone": counted[
                "vendor"
            ],
        },
        caveats=_caveats(study, counted),
    )


def sale_values(
    study: Study,
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
    study.prepare()
    market = "market" if by_market else "CAST(NULL AS text)"
    frame = study.frame(
        f"""
        WITH sale AS (
            SELECT {market} AS market, price_eur, least_eur, high_eur, suspected,
                   width_bucket(price_eur, CAST(:edges AS numeric[])) AS own,
                   width_bucket(least(least_eur, price_eur), CAST(:edges AS numeric[])) AS first,
                   width_bucket(greatest(high_eur, price_eur), CAST(:edges AS numeric[])) AS last
            FROM s_review WHERE price_eur IS NOT NULL AND {_HERE}
        ), every AS (
            SELECT market, count(*) AS n, count(*) FILTER (WHERE NOT suspected) AS certain,
                   sum(least_eur) FILTER (WHERE NOT suspected) AS low, sum(high_eur) AS high
            FROM sale GROUP BY 1
        ), banded AS (  -- a sale in each band that it may be of
            SELECT market, band, count(*) FILTER (WHERE band = own) AS sales,
                   count(*) FILTER (WHERE first = last AND NOT suspected) AS sales_low,
                   count(*) AS sales_high, count(*) FILTER (WHERE NOT suspected) AS certain,
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
               (CAST(:edges AS numeric[]))[band + 1] AS to_eur, sales, sales_low, sales_high,
               sales / sum(sales) OVER own_market AS share_sales,
               sales_low / CAST(e.n AS numeric) AS share_sales_low,
               sales_high / CAST(sales_high + e.certain - b.certain AS numeric)
                   AS share_sales_high,
               value_eur, value_eur / nullif(sum(value_eur) OVER own_market, 0) AS share_value,
               b.low / nullif(b.low + e.high - b.its_high, 0) AS share_value_low,
               b.high / nullif(b.high + e.low - b.its_low, 0) AS share_value_high, largest_eur
        FROM banded b JOIN every e ON e.market IS NOT DISTINCT FROM b.market
        WINDOW own_market AS (PARTITION BY b.market) ORDER BY b.market, band
        """,
        {"country": country, "edges": steps, "lower": [0.0, *steps]},
    )
    counted = _counted(study, country)
    return Measure(
        name="sale_values",
        frame=frame,
        columns={
            "market": "The market; nothing if all are taken together.",
            "from_eur": "Least value of a sale in the band (EUR).",
            "to_eur": "Value below which it ends (EUR); nothing for the last.",
            "sales": "Priced reviews in the band (number).",
            "sales_low": "Of them those in it by each reading of their price (number).",
            "sales_high": "Priced reviews that are in it by some reading (number).",
            "share_sales": "Part of the market's priced reviews (0 to 1).",
            "share_sales_low": "Its lower bound: those in the band by each reading.",
            "share_sales_high": "Its upper bound: those in the band by some reading.",
            "value_eur": "Sum of the prices of those in the band (EUR).",
            "share_value": "Part of the market's turnover (0 to 1).",
            "share_value_low": "Its lower bound, by each one's lowest reading, and the others' "
            "highest.",
            "share_value_high": "Its upper bound, by each one's highest reading within the band, "
            "and the others' lowest.",
            "largest_eur": "The largest sale of the band (EUR).",
        },
        definition="Sales by value: each review with a price, stated or of its listing, in the "
        "band that its price falls in.",
        assumptions=ASSUMPTIONS,
        uncertainty="Where markets do not show what was paid, a sale stands at the price of one "
        "unit; a buyer of several units made a larger sale. Shares of large sales are therefore "
        "lower bounds on such markets. Bounds of shares hold the readings of a price: an amount "
        "such as 0.03 of a coin stands for 0.025 to 0.035.",
        sources=(lit.ALDRIDGE_2014, lit.ALDRIDGE_2016),
        left_out={
            "reviews without a date": counted["undated"],
            "reviews without a price": counted["none"] + counted["vendor"],
        },
        caveats=_caveats(study, counted),
    )


def _counted(study: Study, country: str | None) -> dict[str, int]:
    """Count what turnover leaves out and what weakens it."""
    counted = study.row(
        f"""
        SELECT count(*) AS reviews,
               count(*) FILTER (WHERE price_source = 'review') AS stated,
               count(*) FILTER (WHERE price_source = 'listing') AS listing,
               count(*) FILTER (WHERE price_source = 'vendor') AS vendor,
               count(*) FILTER (WHERE price_source = 'none') AS none,
               count(*) FILTER (WHERE price_source = 'listing' AND away > {FAR_DAYS}) AS far,
               count(*) FILTER (WHERE stated AND price_source <> 'review') AS no_rate,
               count(*) FILTER (WHERE rate = 'other') AS other_rate,
               count(*) FILTER (WHERE rate = 'capture') AS capture_rate,
               count(*) FILTER (WHERE rate = 'posted') AS posted_rate,
               count(*) FILTER (WHERE suspected) AS suspected,
               coalesce(max(price_eur) / nullif(sum(price_eur), 0), 0) AS largest
        FROM s_review WHERE {_HERE}
        """,
        {"country": country},
    )
    whole = study.row(
        """
        SELECT count(*) AS undated, (SELECT count(*) FROM review_due) AS due
        FROM review JOIN vendor USING (vendor_id)
        WHERE market = ANY(:markets) AND posted_on IS NULL
        """
    )
    stated = study.row(
        f"""
        WITH stated AS (
            SELECT vendor_id, max(sales) AS sales FROM vendor_observation
            WHERE vendor_id IN (SELECT vendor_id FROM s_review WHERE {_HERE}) GROUP BY 1
        )
        SELECT coalesce(sum(s.sales), 0) AS sales, coalesce(sum(r.reviews), 0) AS reviews
        FROM stated s
        JOIN (SELECT vendor_id, count(*) AS reviews FROM review GROUP BY 1) AS r USING (vendor_id)
        WHERE s.sales > 0
        """,
        {"country": country},
    )
    counted |= {**whole, "stated_sales": stated["sales"], "their_reviews": stated["reviews"]}
    return {key: value if key == "largest" else int(value) for key, value in counted.items()}


def _caveats(study: Study, counted: dict[str, int]) -> tuple[str, ...]:
    found = []
    reviews = counted["reviews"]
    if 0 < reviews < 30:
        found.append(f"Only {reviews} reviews are behind these numbers.")
    if counted["stated_sales"]:
        part = counted["their_reviews"] / counted["stated_sales"]
        found.append(
            f"These vendors' profiles state {counted['stated_sales']:,} sales in all, and "
            f"{counted['their_reviews']:,} reviews of them were read: {part:.0%}."
        )
    for key, text in (
        ("listing", "stand at the price of one unit of the listing, not at what was paid"),
        ("far", f"stand at a price that was observed more than {FAR_DAYS} days before or after"),
        ("other_rate", "are converted by another market's rates"),
        ("capture_rate", "are converted by the rate of their capture, far from their own day"),
        (
            "posted_rate",
            "state coins and are converted by the rate of the day of posting, as none "
            "is known near their capture",
        ),
        (
            "suspected",
            "may be another review before its words were changed: lower bounds count the two "
            "once, upper bounds twice",
        ),
        ("no_rate", "state a price in a currency without a rate near, which was not used"),
    ):
        if counted[key]:
            found.append(f"{counted[key] / reviews:.0%} of reviews ({counted[key]:,}) {text}.")
    if reviews and counted["largest"] > 0.05:
        found.append(f"One sale alone makes {counted['largest']:.0%} of the turnover.")
    if counted["due"]:
        found.append(
            f"{counted['due']:,} groups of reviews are not worked out yet (`cryptodrug replay` "
            "or a crawl does it at its end), so reviews are missing."
        )
    return tuple(found)
