"""What findings are measured by: the study's own measures (see ``findings`` for the terms)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pandas as pd

from cryptodrug_scraper.study.composition import composition
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.coverage import coverage
from cryptodrug_scraper.study.measure import Note
from cryptodrug_scraper.study.origins import moves, several_origins
from cryptodrug_scraper.study.places import exclusions
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.recapture import recapture
from cryptodrug_scraper.study.size import market_size
from cryptodrug_scraper.study.turnover import sale_values, turnover
from cryptodrug_scraper.study.vendors import same_vendors
from simulator.scenario.findings import PaperFinding, Terms, Values, fitted

SYNTHETICS = ("mdma", "amphetamines")
NO_DRUGS = ("not_drugs", "unknown")

Function = Callable[..., Values]


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure for findings: what its values are, and what gives them."""

    definition: str
    function: Function


MEASURES: dict[str, Measured] = {}


def find(finding: PaperFinding, study: StudySession, terms: Terms) -> Values:
    """Return what a study finds. Raises KeyError for a measure that is not known."""
    return MEASURES[finding.measure].function(study, finding.terms(terms), **finding.options)


def _measure(definition: str) -> Callable[[Function], Function]:
    def kept(function: Function) -> Function:
        MEASURES[function.__name__] = Measured(definition, function)
        return function

    return kept


def _mean(column: pd.Series) -> float | None:
    return float(column.mean()) if column.notna().any() else None


def _share(part: float, total: float) -> float | None:
    """Return a share; of nothing there is none."""
    return float(part / total) if total else None


# -- size --------------------------------------------------------------------------------------


def _monthly(study: StudySession, terms: Terms) -> pd.DataFrame:
    """Return the months of the markets in which there were captures."""
    frame = market_size(study, country=terms.country, by="month").frame
    frame = frame[frame["market"].isin(terms.markets) & frame["listings"].notna()]
    return frame.sort_values("period")


def _by_month(frame: pd.DataFrame, column: str, terms: Terms, kind: type = int) -> Values:
    return {
        f"{market} {str(row.period)[:7]}": kind(getattr(row, column))
        for market in terms.markets
        for row in frame[frame["market"] == market].itertuples()
    }


def _mean_share(study: StudySession, terms: Terms, column: str) -> Values:
    frame = _monthly(study, terms)
    return {m: _mean(frame[frame["market"] == m][column]) for m in terms.markets}


@_measure("Share of listings from home among all seen in a month; the mean of the months.")
def home_share_of_listings(study: StudySession, terms: Terms) -> Values:
    """Return a share a market."""
    return _mean_share(study, terms, "share_listings")


@_measure("Share of vendors from home among all with a listing seen in a month; mean of months.")
def home_share_of_vendors(study: StudySession, terms: Terms) -> Values:
    """Return a share a market."""
    return _mean_share(study, terms, "share_vendors")


@_measure("Vendors of whom a listing from home was seen in the month.")
def home_vendors_by_month(study: StudySession, terms: Terms) -> Values:
    """Return a number for each market and month."""
    return _by_month(_monthly(study, terms), "vendors_country", terms)


@_measure("Listings from home seen in the month.")
def home_listings_by_month(study: StudySession, terms: Terms) -> Values:
    """Return a number for each market and month."""
    return _by_month(_monthly(study, terms), "listings_country", terms)


@_measure("Reviews of listings from home left in the month; pages round their ages to a day.")
def home_reviews_by_month(study: StudySession, terms: Terms) -> Values:
    """Return a number for each market and month; no count, since pages round ages."""
    return _by_month(_monthly(study, terms), "reviews_country", terms, float)


@_measure("Reviews of the vendors who ever shipped from home, whenever they were left.")
def reviews_of_home_vendors(study: StudySession, terms: Terms) -> Values:
    """Return a number a market."""
    prepare(study)
    frame = study.frame(
        """
        SELECT market, count(*) AS reviews FROM s_review WHERE vendor_id IN (
            SELECT l.vendor_id FROM s_origin o JOIN s_listing l USING (listing_id)
            WHERE o.within AND :country = ANY (o.places))
        GROUP BY 1
        """,
        {"country": terms.country},
    )
    numbers = frame.set_index("market")["reviews"]
    return {market: int(numbers.get(market, 0)) for market in terms.markets}


@_measure("Turnover of listings from home, in EUR, by the month of the review.")
def home_turnover_by_month(study: StudySession, terms: Terms) -> Values:
    """Return EUR for each market and month in which there were captures."""
    months = _by_month(_monthly(study, terms), "listings", terms)
    frame = turnover(study, country=terms.country, by="month").frame
    found = _by_month(frame.sort_values("period"), "turnover_eur", terms, float)
    return {name: value for name, value in found.items() if name in months}


@_measure(
    "Growth a week of the vendors seen in each week, by a line through their logarithm; and how "
    "much of it that line explains (R²)."
)
def growth_a_week(study: StudySession, terms: Terms) -> Values:
    """Return two numbers a market."""
    frame = market_size(study, by="week").frame
    found: Values = {}
    for market in terms.markets:
        rows = frame[(frame["market"] == market) & frame["vendors"].notna()]
        weeks = [pd.Timestamp(period).toordinal() / 7 for period in rows["period"]]
        found |= fitted(market, zip(weeks, map(float, rows["vendors"]), strict=True))
    return found


# -- what is offered ---------------------------------------------------------------------------


def _drugs(study: StudySession, market: str, terms: Terms, *, detail: bool = False) -> pd.DataFrame:
    frame = composition(study, country=terms.country, detail=detail).frame
    return frame[(frame["market"] == market) & ~frame["substance"].isin(NO_DRUGS)]


@_measure("EMCDDA groups of drugs in which there was a listing from home, and any.")
def groups_offered(study: StudySession, terms: Terms) -> Values:
    """Return two numbers a market."""
    found: Values = {}
    for market in terms.markets:
        rows = _drugs(study, market, terms)
        found[f"{market} home"] = int((rows["listings_country"] > 0).sum())
        found[f"{market} all"] = int((rows["listings"] > 0).sum())
    return found


@_measure("Share of MDMA and amphetamines among listings of drugs, of those from home and of all.")
def share_of_synthetics(study: StudySession, terms: Terms) -> Values:
    """Return two shares a market."""
    found: Values = {}
    for market in terms.markets:
        rows = _drugs(study, market, terms)
        these = rows["substance"].isin(SYNTHETICS)
        for word, column in (("home", "listings_country"), ("all", "listings")):
            found[f"{market} {word}"] = _share(rows[these][column].sum(), rows[column].sum())
    return found


@_measure("Groups by the number of listings from home, the most first; opioids only as heroin.")
def groups_by_listings(study: StudySession, terms: Terms) -> Values:
    """Return a list a market."""
    found: Values = {}
    for market in terms.markets:
        groups = _drugs(study, market, terms).set_index("substance")["listings_country"]
        fine = _drugs(study, market, terms, detail=True).set_index("substance")["listings_country"]
        counts = {str(name): int(n) for name, n in groups.items() if name != "opioids"}
        counts["heroin"] = int(fine.get("heroin", 0))
        found[market] = sorted(
            (name for name, n in counts.items() if n), key=lambda name: (-counts[name], name)
        )
    return found


# -- places ------------------------------------------------------------------------------------


@_measure("Vendors with a listing from home that ships to another country, the EU or worldwide.")
def home_vendors_shipping(study: StudySession, terms: Terms) -> Values:
    """Return a number a market."""
    prepare(study)
    frame = study.frame(
        """
        SELECT market, count(DISTINCT vendor_id) AS vendors FROM s_listing
        WHERE in_period AND :country = ANY (from_countries)
          AND array_remove(to_places, :country) <> '{}'
        GROUP BY 1
        """,
        {"country": terms.country},
    )
    numbers = frame.set_index("market")["vendors"]
    return {market: int(numbers.get(market, 0)) for market in terms.markets}


@_measure("Vendors with a listing from home that expressly does not ship to such places.")
def home_vendors_excluding(study: StudySession, terms: Terms) -> Values:
    """Return two numbers a market: English-speaking countries, and the neighbour."""
    groups = {"english-speaking": terms.english_speaking, "neighbour": (terms.neighbour,)}
    frame = exclusions(study, country=terms.country, groups=groups).frame
    found: Values = {}
    for market in terms.markets:
        for name in groups:
            rows = frame[(frame["market"] == market) & frame["is_group"] & (frame["place"] == name)]
            found[f"{market} {name}"] = int(rows["vendors"].sum())
    return found


@_measure("Vendors who moved from one country to another, home being one of them.")
def home_vendors_moved(study: StudySession, terms: Terms) -> Values:
    """Return a number for each market and pair of countries."""
    frame = moves(study, country=terms.country).frame
    return {
        f"{row.market} {row.origin}>{row.new_origin}": int(row.vendors)
        for market in terms.markets
        for row in frame[frame["market"] == market].sort_values(["origin"]).itertuples()
    }


@_measure("Vendors who ship from home and from another country, at once or in turn.")
def home_vendors_of_several_origins(study: StudySession, terms: Terms) -> Values:
    """Return a number a market."""
    frame = several_origins(study, country=terms.country).frame
    several = frame.groupby("market")["several"].max()
    return {market: int(several.get(market, 0)) for market in terms.markets}


@_measure("Of the vendors of several origins, home being one, the share with the neighbour too.")
def share_from_neighbour(study: StudySession, terms: Terms) -> Values:
    """Return a share a market."""
    frame = several_origins(study, country=terms.country).frame
    rows = frame[frame["other"] == terms.neighbour].set_index("market")["share"]
    some = set(frame["market"])
    return {m: float(rows.get(m, 0.0)) if m in some else None for m in terms.markets}


# -- sales -------------------------------------------------------------------------------------


def _sales(study: StudySession, terms: Terms) -> pd.DataFrame:
    edges = (terms.larger_from_eur,)
    return sale_values(study, country=terms.country, edges=edges, by_market=False).frame


@_measure("Share of the larger sales in the value of all sales of listings from home.")
def value_of_larger_sales(study: StudySession, terms: Terms) -> Values:
    """Return one share, of all markets together."""
    frame = _sales(study, terms)
    rows = frame[frame["from_eur"] >= terms.larger_from_eur]
    return {"all": _share(rows["value_eur"].sum(), frame["value_eur"].sum())}


@_measure("The largest sale of a listing from home, in EUR.")
def largest_sale(study: StudySession, terms: Terms) -> Values:
    """Return one number, of all markets together."""
    largest = _sales(study, terms)["largest_eur"]
    return {"all": float(largest.max()) if len(largest) else None}


@_measure("Share of sales below the larger price among those of listings from home.")
def share_of_smaller_sales(study: StudySession, terms: Terms) -> Values:
    """Return one share, of all markets together."""
    frame = _sales(study, terms)
    rows = frame[frame["from_eur"] < terms.larger_from_eur]
    return {"all": _share(rows["sales"].sum(), frame["sales"].sum())}


# -- migration ---------------------------------------------------------------------------------


@_measure("Vendors who began on a market from a day on, with the PGP key of a vendor of another.")
def vendors_arrived(study: StudySession, terms: Terms, *, source: str, since: date) -> Values:
    """Return a number a market; ``source`` is the other market."""
    frame = same_vendors(study).frame
    certain = frame[(frame["certainty"] == "certain") & (frame["market"] == source)]
    days = pd.to_datetime(certain["other_first_day"])
    arrived = certain[days >= pd.Timestamp(since)]
    return {
        m: int(arrived[arrived["other_market"] == m]["other_vendor"].nunique())
        for m in terms.markets
    }


# -- coverage ----------------------------------------------------------------------------------


def coverage_of_listings(
    study: StudySession, terms: Terms
) -> tuple[dict[str, float], tuple[Note, ...]]:
    """Return which part of the listings a crawl captured, the mean of all crawls, and notes.

    Two values a market: of the listings known by pages that pointed to them ("MARKET"), and by
    capture and recapture, as Jolly and Seber estimate it ("MARKET recaptured").
    """
    measure = coverage(study)
    frame, again = measure.frame[measure.frame["kind"] == "listing"], recapture(study).frame
    found: dict[str, float] = {}
    for market in terms.markets:
        known = frame[frame["market"] == market]["coverage"].astype(float).dropna()
        if len(known):
            found[market] = float(known.mean())
        estimates = again[again["market"] == market]["coverage"].astype(float).dropna()
        if len(estimates):
            found[f"{market} recaptured"] = float(estimates.mean())
    return found, measure.caveats
