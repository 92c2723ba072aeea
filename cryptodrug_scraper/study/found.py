"""What findings are measured by, from the tables of a study (see ``findings`` for the terms)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from cryptodrug_scraper.study.core import Study
from cryptodrug_scraper.study.findings import Finding, Terms, Values, fitted

SYNTHETICS = ("mdma", "amphetamines")
NO_DRUGS = ("not_drugs", "unknown")

Function = Callable[..., Values]


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure for findings."""

    definition: str
    function: Function


MEASURES: dict[str, Measured] = {}


def _measure(definition: str) -> Callable[[Function], Function]:
    def kept(function: Function) -> Function:
        MEASURES[function.__name__.strip("_")] = Measured(definition, function)
        return function

    return kept


def find(finding: Finding, study: Study, terms: Terms) -> Values:
    """Return what a study finds. Raises KeyError for a measure that is not known."""
    _prepare(study, terms)
    return MEASURES[finding.measure].function(study, finding.terms(terms), **finding.options)


def _prepare(study: Study, terms: Terms) -> None:
    """Build, once: what was seen in each month, where vendors ship from, who is a home vendor."""
    if study.notes.get("findings") == terms.country:
        return
    study.prepare()
    study.run(
        """
        DROP TABLE IF EXISTS f_from, f_home, f_seen;
        CREATE TEMP TABLE f_from AS
            SELECT v.market, o.vendor_id, p.place, min(o.observed_at) AS earliest,
                   max(o.observed_at) AS latest
            FROM listing_place p JOIN listing_observation o USING (page_id, ordinal)
            JOIN vendor v USING (vendor_id)
            WHERE p.role = 'from' AND v.market = ANY (:markets)
              AND o.observed_at >= :start AND o.observed_at < :beyond
            GROUP BY 1, 2, 3;
        CREATE TEMP TABLE f_home AS
            SELECT DISTINCT market, vendor_id FROM f_from WHERE place = :country;
        CREATE TEMP TABLE f_seen AS
            SELECT DISTINCT l.market, o.listing_id, l.vendor_id,
                   to_char(o.observed_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month,
                   l.vendor_id IN (SELECT vendor_id FROM f_home) AS home
            FROM listing_observation o JOIN s_listing l USING (listing_id)
            WHERE o.observed_at >= :start AND o.observed_at < :beyond;
        ANALYZE f_home; ANALYZE f_seen
        """,
        {"country": terms.country, "beyond": _after(study.end)},
    )
    study.notes["findings"] = terms.country


def _after(end: date | None) -> date:
    return date.fromordinal(end.toordinal() + 1) if end is not None else date(9000, 1, 1)


def _values(study: Study, terms: Terms, sql: str, kind: type = float, **more: Any) -> Values:
    """Return the rows of a question as values: a name, a number."""
    parameters: dict[str, Any] = {
        "chosen": list(terms.markets),
        "country": terms.country,
        "neighbour": terms.neighbour,
        "english": list(terms.english_speaking),
        "larger": terms.larger_from_eur,
        "synthetics": list(SYNTHETICS),
        "no_drugs": list(NO_DRUGS),
    }
    rows = study.frame(sql, parameters | more).itertuples(index=False)
    found: Values = {str(name): kind(value) for name, value in rows}
    # In the order of the markets, whatever the database's.
    order = {market: n for n, market in enumerate(terms.markets)}
    return dict(sorted(found.items(), key=lambda kv: (order.get(kv[0].split()[0], 99), kv[0])))


_SHARE = """
    SELECT market, avg(share) FROM (
        SELECT market, month,
               count(DISTINCT {what}) FILTER (WHERE home)::float8 / count(DISTINCT {what}) AS share
        FROM f_seen WHERE market = ANY (:chosen) GROUP BY 1, 2
    ) AS monthly GROUP BY 1
"""
_BY_MONTH = """
    SELECT market || ' ' || month, count(DISTINCT {what}) FROM f_seen
    WHERE home AND market = ANY (:chosen) GROUP BY 1
"""


@_measure("Share of home vendors' listings among all seen in a month; the mean of the months.")
def home_share_of_listings(study: Study, terms: Terms) -> Values:
    """Return a share a market."""
    return _values(study, terms, _SHARE.format(what="listing_id"))


@_measure("Share of home vendors among all with a listing seen in a month; mean of the months.")
def home_share_of_vendors(study: Study, terms: Terms) -> Values:
    """Return a share a market."""
    return _values(study, terms, _SHARE.format(what="vendor_id"))


@_measure("Home vendors of whom a listing was seen in the month.")
def home_vendors_by_month(study: Study, terms: Terms) -> Values:
    """Return a number for each market and month."""
    return _values(study, terms, _BY_MONTH.format(what="vendor_id"), int)


@_measure("Home vendors' listings seen in the month.")
def home_listings_by_month(study: Study, terms: Terms) -> Values:
    """Return a number for each market and month."""
    return _values(study, terms, _BY_MONTH.format(what="listing_id"), int)


@_measure("Reviews of home vendors that were left in a month; ages on pages round by a day.")
def home_reviews_by_month(study: Study, terms: Terms) -> Values:
    """Return a number for each market and month in which there were crawls; see `_months`."""
    sql = f"""
        SELECT r.market || ' ' || to_char(r.month, 'YYYY-MM'), count(*)
        FROM s_review r JOIN f_home h USING (vendor_id)
        WHERE r.market = ANY (:chosen) AND {_months("r")} GROUP BY 1
    """
    return _values(study, terms, sql)


@_measure("Reviews of home vendors that pages of the study showed, whenever they were left.")
def home_reviews(study: Study, terms: Terms) -> Values:
    """Return a number a market."""
    sql = """
        SELECT r.market, count(*) FROM s_review r JOIN f_home h USING (vendor_id)
        WHERE r.market = ANY (:chosen) GROUP BY 1
    """
    return _values(study, terms, sql, int)


@_measure("Value of home vendors' sales in EUR by the month of the review; each review one sale.")
def home_turnover_by_month(study: Study, terms: Terms) -> Values:
    """Return EUR for each market and month in which there were crawls."""
    sql = f"""
        SELECT r.market || ' ' || to_char(r.month, 'YYYY-MM'), sum(r.price_eur)
        FROM s_review r JOIN f_home h USING (vendor_id)
        WHERE r.market = ANY (:chosen) AND {_months("r")} GROUP BY 1
    """
    return _values(study, terms, sql)


def _months(review: str) -> str:
    """Return the condition that a review's market was crawled in its month."""
    return (
        f"({review}.market, to_char({review}.month, 'YYYY-MM'))"
        " IN (SELECT DISTINCT market, month FROM f_seen)"
    )


# -- what is offered -------------------------------------------------------------------------

_HOME = "l.vendor_id IN (SELECT vendor_id FROM f_home)"
_SEEN = "l.listing_id IN (SELECT listing_id FROM f_seen)"


@_measure("EMCDDA groups of drugs of which home vendors, and all, had a listing.")
def groups_offered(study: Study, terms: Terms) -> Values:
    """Return two numbers a market."""
    one = """
        SELECT market || ' {word}', count(DISTINCT substance) FROM s_listing l
        WHERE market = ANY (:chosen) AND substance <> ALL (:no_drugs) AND {where} GROUP BY market
    """
    home, everyone = one.format(word="home", where=_HOME), one.format(word="all", where=_SEEN)
    return _values(study, terms, f"{home} UNION ALL {everyone}", int)


@_measure("Share of MDMA and amphetamines among listings of drugs, of home vendors and of all.")
def share_of_synthetics(study: Study, terms: Terms) -> Values:
    """Return two shares a market."""
    one = """
        SELECT market || ' {word}',
               count(*) FILTER (WHERE substance = ANY (:synthetics))::float8 / count(*)
        FROM s_listing l WHERE market = ANY (:chosen) AND substance <> ALL (:no_drugs) AND {where}
        GROUP BY market
    """
    home, everyone = one.format(word="home", where=_HOME), one.format(word="all", where=_SEEN)
    return _values(study, terms, f"{home} UNION ALL {everyone}")


@_measure("Substances by the number of home vendors' listings, the most first; heroin by itself.")
def groups_by_listings(study: Study, terms: Terms) -> Values:
    """Return a list a market."""
    sql = f"""
        SELECT market, CASE WHEN substance_detail = 'heroin' THEN 'heroin' ELSE substance END
               AS named, count(*) AS listings
        FROM s_listing l
        WHERE market = ANY (:chosen) AND substance <> ALL (:no_drugs) AND {_HOME}
        GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2
    """
    frame = study.frame(sql, {"chosen": list(terms.markets), "no_drugs": list(NO_DRUGS)})
    found: Values = {
        market: frame[frame["market"] == market]["named"].tolist() for market in terms.markets
    }
    return found


# -- places ----------------------------------------------------------------------------------

_PLACES = """
    SELECT v.market {name}, count(DISTINCT o.vendor_id)
    FROM listing_place p JOIN listing_observation o USING (page_id, ordinal)
    JOIN f_home v USING (vendor_id)
    WHERE p.role = '{role}' AND v.market = ANY (:chosen) AND {where} GROUP BY 1
"""


@_measure("Home vendors with a listing that ships to another country, the EU or worldwide.")
def home_vendors_shipping(study: Study, terms: Terms) -> Values:
    """Return a number a market."""
    sql = _PLACES.format(name="", role="to", where="p.place <> :country")
    return _values(study, terms, sql, int)


@_measure("Home vendors with a listing that expressly does not ship to such places.")
def home_vendors_excluding(study: Study, terms: Terms) -> Values:
    """Return two numbers a market: English-speaking countries, and the neighbour."""
    english = _PLACES.format(
        name="|| ' english-speaking'", role="excluded", where="p.place = ANY (:english)"
    )
    neighbour = _PLACES.format(
        name="|| ' neighbour'", role="excluded", where="p.place = :neighbour"
    )
    return _values(study, terms, f"{english} UNION ALL {neighbour}", int)


@_measure("Home vendors who shipped from one country only, and after a day from another only.")
def home_vendors_moved(study: Study, terms: Terms) -> Values:
    """Return a number for each market and pair of countries."""
    sql = """
        SELECT a.market || ' ' || a.place || '>' || b.place, count(*)
        FROM f_from a JOIN f_from b USING (vendor_id) JOIN f_home h USING (vendor_id)
        WHERE a.latest < b.earliest AND a.market = ANY (:chosen) GROUP BY 1
    """
    return _values(study, terms, sql, int)


_SEVERAL = """
    SELECT f.market, f.vendor_id, bool_or(f.place = :neighbour) AS neighbour
    FROM f_from f JOIN f_home h USING (vendor_id)
    WHERE f.market = ANY (:chosen) GROUP BY 1, 2 HAVING count(*) > 1
"""


@_measure("Home vendors whose listings shipped from more than one country, at once or in turn.")
def home_vendors_of_several_origins(study: Study, terms: Terms) -> Values:
    """Return a number a market."""
    return _values(study, terms, f"SELECT market, count(*) FROM ({_SEVERAL}) AS s GROUP BY 1", int)


@_measure("Of the home vendors of several origins, the share that ships from the neighbour too.")
def share_from_neighbour(study: Study, terms: Terms) -> Values:
    """Return a share a market."""
    sql = f"SELECT market, avg(neighbour::int::float8) FROM ({_SEVERAL}) AS s GROUP BY 1"
    return _values(study, terms, sql)


# -- sales -----------------------------------------------------------------------------------

_SALES = """
    FROM s_review r JOIN f_home h USING (vendor_id)
    WHERE r.market = ANY (:chosen) AND r.price_eur IS NOT NULL AND {months}
"""


@_measure("Share of home vendors' sales of the larger price or more in the value of all of them.")
def value_of_larger_sales(study: Study, terms: Terms) -> Values:
    """Return one share, of all markets together."""
    sales = _SALES.format(months=_months("r"))
    sql = f"""
        SELECT 'all', (sum(price_eur) FILTER (WHERE price_eur >= :larger))::float8
               / sum(price_eur)::float8 {sales}
    """
    return _values(study, terms, sql)


@_measure("The largest price of a home vendors' sale, in EUR.")
def largest_sale(study: Study, terms: Terms) -> Values:
    """Return one number, of all markets together."""
    sales = _SALES.format(months=_months("r"))
    return _values(study, terms, f"SELECT 'all', max(price_eur) {sales}")


@_measure("Share of home vendors' sales that were under the larger price.")
def share_of_smaller_sales(study: Study, terms: Terms) -> Values:
    """Return one share, of all markets together."""
    sales = _SALES.format(months=_months("r"))
    return _values(study, terms, f"SELECT 'all', avg((price_eur < :larger)::int::float8) {sales}")


# -- migration and growth ----------------------------------------------------------------------


@_measure("Vendors first seen from a day on whose PGP key is also a vendor's on another market.")
def vendors_arrived(study: Study, terms: Terms, *, source: str, since: date) -> Values:
    """Return a number a market; ``source`` is the other market."""
    sql = """
        WITH keyed AS (
            SELECT DISTINCT v.market, o.vendor_id, k.fingerprint
            FROM vendor_observation o JOIN pgp_key k USING (pgp_key_id)
            JOIN vendor v USING (vendor_id) WHERE k.fingerprint IS NOT NULL
        ), first AS (
            SELECT vendor_id, min(observed_at) AS seen FROM listing_observation
            WHERE vendor_id IN (SELECT vendor_id FROM keyed) GROUP BY 1
        )
        SELECT k.market, count(DISTINCT k.vendor_id)
        FROM keyed k JOIN first f USING (vendor_id)
        WHERE k.market = ANY (:chosen) AND f.seen >= :since AND EXISTS (
            SELECT FROM keyed s WHERE s.market = :source AND s.fingerprint = k.fingerprint)
        GROUP BY 1
    """
    return _values(study, terms, sql, int, source=source, since=since)


@_measure(
    "Growth a week of the vendors seen in each crawl, by a line through their logarithm; and how "
    "much of it that line explains (R²)."
)
def growth_a_week(study: Study, terms: Terms) -> Values:
    """Return two numbers a market."""
    found: Values = {}
    for market in terms.markets:
        frame = study.frame(
            """
            SELECT extract(epoch FROM r.started_at)::float8 / 604800 AS week,
                   count(DISTINCT o.vendor_id) AS vendors
            FROM crawl_run r JOIN page p USING (crawl_run_id)
            JOIN listing_observation o USING (page_id)
            WHERE r.market = :market GROUP BY r.crawl_run_id, 1 ORDER BY 1
            """,
            {"market": market},
        )
        found |= fitted(market, zip(frame["week"], frame["vendors"], strict=True))
    return found
