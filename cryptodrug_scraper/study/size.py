"""How large markets are: vendors, listings, reviews and turnover over time, beside coverage."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import ends, parts
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.coverage import build_known, coverage_notes
from cryptodrug_scraper.study.days import sold_by_period
from cryptodrug_scraper.study.intervals import wilson
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import PERIOD, bucket, check_country
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.sales import ASSUMPTIONS
from cryptodrug_scraper.study.seen import build_origins, build_seen, origin_at

_ACTIVE = """
    WITH offered AS (
        SELECT s.listing_id, s.market, max(s.vendor_id) AS vendor_id, {period} AS period,
               max(s.day) AS day
        FROM s_seen s GROUP BY s.listing_id, s.market, {period}
    ), placed AS (
        SELECT o.*, CAST(:country AS text) IS NOT NULL AND coalesce(
            :country = ANY(CASE WHEN a.changes = 1 THEN a.places
                                WHEN a.changes > 1 THEN {origin} END), false) AS here
        FROM offered o
        LEFT JOIN (
            SELECT listing_id, count(*) AS changes, max(places) AS places FROM s_origin GROUP BY 1
        ) AS a USING (listing_id)
    )
    SELECT market, period, coalesce(vendor_id, -listing_id) AS vendor_id,
           CAST(count(DISTINCT vendor_id) AS int) AS vendors, count(*) AS listings,
           CAST(count(DISTINCT vendor_id) FILTER (WHERE here) AS int) AS vendors_country,
           count(*) FILTER (WHERE here) AS listings_country
    FROM placed GROUP BY 1, 2, 3
"""
_HERE = ":country = ANY(from_countries)"
_MARKET = ("market AS market",)
_SOLD = """
    SELECT market, {period} AS period, vendor_id, count(*) AS reviews,
           coalesce(sum(price_eur), 0) AS turnover_eur,
           count(*) FILTER (WHERE :country = ANY(from_countries)) AS reviews_country,
           coalesce(sum(price_eur) FILTER (WHERE :country = ANY(from_countries)), 0)
               AS turnover_country
    FROM s_review GROUP BY 1, 2, 3
"""
_KNOWN = """
    SELECT market, period, count(*) AS known, count(*) FILTER (WHERE captured) AS captured,
           avg(captured::int) AS coverage FROM (
        SELECT market, {period} AS period, thing, bool_or(captured) AS captured
        FROM s_known JOIN s_crawl USING (market, nth)
        WHERE kind = 'listing' AND NOT gone GROUP BY 1, 2, 3
    ) AS each GROUP BY 1, 2
"""
_COLUMNS = {
    "market": "The market.",
    "period": PERIOD,
    "vendors": "Vendors of whom a listing was seen in the period (number); nothing if the period "
    "has no capture.",
    "listings": "Listings seen in the period, on their own page or a card (number); likewise.",
    "reviews": "Reviews posted in the period, by the estimate of their days (number).",
    "reviews_low": "Of them those that were surely posted in it (number).",
    "reviews_high": "Reviews that can have been posted in it (number).",
    "turnover_eur": "Turnover by these reviews, as measure turnover has it (EUR).",
    "low_eur": "Its lower bound (EUR).",
    "high_eur": "Its upper bound (EUR).",
    "coverage": "Part of the listings known to the crawls that began in the period, by pages that "
    "pointed to them, whose own page these captured (0 to 1); nothing if none began in it.",
}
_OF_COUNTRY = {
    "vendors": "Vendors with a listing seen that said to ship from the country (number).",
    "listings": "Listings seen that said to ship from the country (number).",
    "reviews": "Reviews of listings that said to ship from the country (number).",
    "turnover": "Turnover by these reviews (EUR).",
}


def market_size(study: StudySession, *, country: str | None = None, by: str = "month") -> Measure:
    """Return how large each market was, a row a market and period, oldest first.

    `by` is day, week, month, quarter, year or all. With a `country` (BE, NL, …), also the numbers
    of what ships from it (``vendors_country`` …) and its part (``share_vendors`` …, 0 to 1).
    Raises ValueError for a period or country that there is not.
    """
    country = check_country(country)
    bucket(by, "x")
    # Growth asks again.
    size = study.kept(f"size: {country} by {by}", lambda: _market_size(study, country, by))
    return replace(size, frame=size.frame.copy())


def _market_size(study: StudySession, country: str | None, by: str) -> Measure:
    prepare(study)
    study.ensure_built(build_seen, build_origins, build_known)
    offered, sold = by_vendor(study, country, by)
    frame = _summed(offered)
    frame = frame.merge(
        study.frame(sold_by_period(by, _MARKET)).drop(columns="priced"),
        on=["market", "period"],
        how="outer",
    )
    if country is not None:
        here = study.frame(sold_by_period(by, _MARKET, where=_HERE), {"country": country})
        here = here.rename(
            columns={
                "reviews": "reviews_country",
                "reviews_low": "reviews_country_low",
                "reviews_high": "reviews_country_high",
                "turnover_eur": "turnover_country",
            }
        ).drop(columns=["priced", "low_eur", "high_eur"])
        frame = frame.merge(here, on=["market", "period"], how="outer")
    known = study.frame(_KNOWN.format(period=bucket(by, "day")))
    known["coverage_low"], known["coverage_high"] = wilson(known["captured"], known["known"])
    frame = frame.merge(known, on=["market", "period"], how="outer")
    frame = frame.sort_values(["market", "period"], kind="stable", ignore_index=True)
    for column in ("vendors", "listings", "vendors_country", "listings_country"):
        frame[column] = frame[column].astype("Int64")
    for column in frame.columns:
        if column.startswith("reviews"):
            frame[column] = frame[column].fillna(0).astype("Int64")
        elif column in ("turnover_eur", "low_eur", "high_eur", "turnover_country"):
            frame[column] = pd.to_numeric(frame[column]).fillna(0)
    columns = ends(_COLUMNS, ["coverage"])
    if country is not None:
        shares = {
            f"share_{name}": (f"{name}_country", "turnover_eur" if name == "turnover" else name)
            for name in _OF_COUNTRY
        }
        for rows, names in ((offered, ["listings"]), (sold, ["reviews", "turnover"])):
            chosen = {f"share_{name}": shares[f"share_{name}"] for name in names}
            each = _keyed(parts(rows, "period", chosen))
            frame = frame.merge(each, on=["market", "period"], how="left")
        vendors, here = (
            pd.to_numeric(frame[name]).astype(float) for name in ("vendors", "vendors_country")
        )
        # A vendor is the unit here, and counts are plain.
        frame["share_vendors"] = here / vendors.where(vendors > 0)
        frame["share_vendors_low"], frame["share_vendors_high"] = wilson(here, vendors)
        for name, meaning in _OF_COUNTRY.items():
            columns[f"{name}_country"] = meaning
            if name == "reviews":
                columns["reviews_country_low"] = "Of them those that were surely posted in it."
                columns["reviews_country_high"] = "Those that can have been posted in it."
            share = f"share_{name}"
            columns |= ends({share: f"Part of the market's {name} (0 to 1)."}, [share])
            for column in (share, f"{share}_low", f"{share}_high"):
                frame[column] = frame[column].astype("Float64")
    no_capture = int(frame["listings"].isna().sum())
    return Measure(
        name="market_size",
        frame=frame[list(columns)],
        columns=columns,
        assumptions=(
            *ASSUMPTIONS,
            Note.of_method("not_seen"),
            Note.of_method("unknown_listing"),
        ),
        sources=(lit.CHRISTIN_2013, lit.SOSKA_CHRISTIN_2015, lit.DECARY_HETU_2017),
        notes=(
            Note.of_captures("periods_without_capture", kind="left_out", n=no_capture),
            *coverage_notes(frame),
        ),
    )


def by_vendor(
    study: StudySession, country: str | None, by: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what each vendor (``vendor_id``) offered and sold, by market and period.

    Listings of no known vendor stand for vendors of their own, of ids below 0.
    """
    # Several measures ask, and it takes a look at every listing's day.
    return study.kept(f"size: by vendor {country} {by}", lambda: _by_vendor(study, country, by))


def _by_vendor(
    study: StudySession, country: str | None, by: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    study.ensure_built(build_seen, build_origins)
    given = {"country": country}
    origin = origin_at("o.listing_id", "o.day")
    offered = study.frame(_ACTIVE.format(period=bucket(by, "s.day"), origin=origin), given)
    return offered, study.frame(_SOLD.format(period=bucket(by, "posted_on")), given)


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    cells = rows.groupby(["market", "period"], dropna=False, as_index=False)
    numbers = [name for name in rows if name not in ("market", "period", "vendor_id")]
    return _keyed(cells[numbers].sum())


def _keyed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose period is a day or None, so that those of the whole study meet."""
    period = rows["period"].astype(object)
    return rows.assign(period=period.where(period.notna(), None))
