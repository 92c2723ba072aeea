"""How the numbers that a report leads with move with choices that could have been made otherwise.

One pass over ``s_review`` sums a country's sales by all that a choice filters by; other choices
are worked out on sums. Where a choice changes prices, only the reviews that it touches are valued
anew: no table of the study is built twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from cryptodrug_scraper.reading.market import ReviewAmounts, markets
from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.coverage import build_known
from cryptodrug_scraper.study.growth import FEWEST_MONTHS, log_slope, month_numbers
from cryptodrug_scraper.study.lifetimes import GRACE_DAYS, LIVES, kaplan_meier, median_of
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.months import complete_months
from cryptodrug_scraper.study.origins import WINDOW_DAYS, moves
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.rates import COIN_DAYS
from cryptodrug_scraper.study.sales import price_steps
from cryptodrug_scraper.study.seen import build_origins, build_seen

LARGER_EUR = (200.0, 500.0, 1000.0)
"""From which value a sale is larger: where the middle band begins, half of the limit of Aldridge &
Décary-Hétu, and that limit, in euros; they have it in dollars."""
DOLLARS = 1000
COIN_WINDOWS = (3, 14, 30)
GRACES = (14, 56)
WINDOWS = (14, 28)

_HERE = ":country = ANY(s.from_countries)"
_SOLD = """
    SELECT s.market, s.month, s.poor, s.suspected, count(*) AS reviews,
           coalesce(sum(s.price_eur), 0) AS eur {larger}
    FROM s_review s WHERE {here} GROUP BY 1, 2, 3, 4
"""
_BEHIND = """
    SELECT count(*) AS vendors, count(*) FILTER (WHERE poor) AS poor,
           count(*) FILTER (WHERE suspected) AS suspected {bands}
    FROM (
        SELECT s.vendor_id, bool_or(s.poor) AS poor, bool_or(s.suspected) AS suspected {each}
        FROM s_review s WHERE {here} GROUP BY 1
    ) AS vendor
"""
# What reviews come to by other prices, less what they came to.
_OTHERWISE = """
    SELECT c.market, c.month, c.poor, c.suspected, 0 AS reviews,
           coalesce(sum(new.eur), 0) - coalesce(sum(c.price_eur), 0) AS eur {larger},
           array_agg(DISTINCT c.vendor_id)
               FILTER (WHERE new.eur IS DISTINCT FROM c.price_eur) AS vendors
    FROM ({chosen}) AS c
    LEFT JOIN LATERAL (
        SELECT p.day, p.eur, p.next_day, p.next_eur FROM {prices} p
        WHERE c.paid IS NULL AND p.listing_id = c.listing_id AND p.day <= c.posted_on
        ORDER BY p.day DESC LIMIT 1
    ) AS a ON true
    CROSS JOIN LATERAL (
        SELECT round(greatest(coalesce(c.paid, CASE
            WHEN a.eur IS NULL OR coalesce(a.next_day - c.posted_on < c.posted_on - a.day, false)
            THEN a.next_eur ELSE a.eur END) + c.more, 0), 4) AS eur
    ) AS new
    GROUP BY 1, 2, 3, 4
"""
_FIELDS = (
    "s.market, s.vendor_id, s.month, s.poor, s.suspected, s.listing_id, s.posted_on, s.price_eur"
)
_COINS = """
    CREATE TEMP TABLE s_coin_review AS
    SELECT {fields}, r.price_amount, r.price_currency,
           CAST(coalesce(g.observed_at, r.first_seen) AS date) AS shown_on
    FROM s_review s JOIN review r USING (review_id)
    LEFT JOIN page g ON g.page_id = r.price_page_id
    WHERE s.in_coin AND s.rate IS DISTINCT FROM 'page' AND {here}
"""
_BY_WINDOW = """
    SELECT s.*, CAST(0 AS numeric) AS more, s.price_amount * coalesce(n.eur, p.eur) AS paid
    FROM s_coin_review s
    LEFT JOIN s_coin_rate n
        ON n.market = s.market AND n.currency = s.price_currency AND n.day = s.shown_on
    LEFT JOIN s_coin_rate p
        ON p.market = s.market AND p.currency = s.price_currency AND p.day = s.posted_on
"""
_COIN_RATES = """
    CREATE TEMP TABLE s_coin_rate AS
    SELECT p.market, p.currency, p.day, n.eur
    FROM (
        SELECT market, price_currency AS currency, shown_on AS day FROM s_coin_review
        UNION SELECT market, price_currency, posted_on FROM s_coin_review
    ) AS p
    CROSS JOIN LATERAL (
        SELECT r.eur FROM s_rate r
        WHERE r.currency = p.currency AND abs(r.day - p.day) <= :days
        ORDER BY r.market <> p.market, abs(r.day - p.day), r.day, r.market LIMIT 1
    ) AS n
"""
_SHIPPING = """
    CREATE TEMP TABLE s_shipping AS
    SELECT o.listing_id, min(x.price_amount * coalesce(r.eur, 1)) AS eur
    FROM shipping_option x
    JOIN listing_observation o USING (page_id, ordinal)
    JOIN s_listing l USING (listing_id)
    LEFT JOIN (
        SELECT market, currency, avg(eur) AS eur FROM s_rate GROUP BY 1, 2
    ) AS r ON r.market = l.market AND r.currency = x.price_currency
    WHERE :country = ANY(l.from_countries) AND (r.eur IS NOT NULL OR x.price_currency = 'EUR')
    GROUP BY 1
"""
_LIVES = f"""{LIVES.format(key="vendor_id")}
    SELECT days, greatest(days, most) AS most, ended FROM lived
    WHERE market = :market AND NOT left_out
"""
_COLUMNS = {
    "choice": "What was chosen.",
    "setting": "How; of days and values the number.",
    "main": "Whether that is how the other measures have it.",
    "reviews": "Reviews of the country's listings (number).",
    "turnover_eur": "Turnover by them (EUR).",
    "larger_share": "Part of it by larger sales (0 to 1).",
    "growth": "Growth a month of reviews on the market where the country has most of them.",
    "listings": "Listings of the country (number).",
    "vendors": "Their vendors (number).",
    "stay_days": "Days that half of the vendors on that market outlast; nothing if more do.",
    "moves": "Moves of vendors to or from the country (number).",
    "behind": "Vendors behind what differs from the main row; in it, behind all (number).",
    "stay_behind": "Vendors whose stay was watched (number).",
    "growth_behind": "Vendors with reviews on that market (number).",
    "larger_behind": "Vendors with larger sales, or those behind what differs in them, if they are "
    "fewer (number).",
}


@dataclass(frozen=True)
class _Sold:
    """Sums of a country's sales by month and by what choices filter by."""

    cells: pd.DataFrame
    market: str | None
    months: pd.DataFrame

    def headline(self, larger: str, keep: pd.Series | None = None) -> dict[str, Any]:
        """Return reviews, turnover, the part of `larger` sales, and growth of what is kept."""
        cells = self.cells if keep is None else self.cells[keep]
        eur = float(cells["eur"].sum())
        return {
            "reviews": int(cells["reviews"].sum()),
            "turnover_eur": eur,
            "larger_share": float(cells[larger].sum()) / eur if eur > 0 else None,
            "growth": self._growth(cells),
        }

    def otherwise(self, changes: pd.DataFrame) -> _Sold:
        """Return the sums with what other prices change."""
        both = pd.concat([self.cells, changes[list(self.cells.columns)]], ignore_index=True)
        return _Sold(both, self.market, self.months)

    def _growth(self, cells: pd.DataFrame) -> float | None:
        own = cells[cells["market"] == self.market].groupby("month")["reviews"].sum()
        own = own[(own > 0) & own.index.isin(self.months["month"])]
        if len(own) < FEWEST_MONTHS:
            return None
        slope = log_slope(own.to_numpy(float), month_numbers(own.index.to_series()))
        return float(np.expm1(slope[0]))


def sensitivity(study: StudySession, *, country: str) -> Measure:
    """Return how the headline numbers of a country move with the choices of the method.

    The first row is how the other measures have them; each other row changes one choice. Raises
    ValueError for a country that is no code.
    """
    code = check_country(country)
    prepare(study)
    study.ensure_built(build_seen, build_origins, build_known)
    edges = _edges(study)
    given = {"country": code, "edges": list(edges.values())}
    sold = _sold(study, given, edges)
    main_edge = "larger_main"
    vendors = _vendor_counts(study, given, edges)
    base = {
        **sold.headline(main_edge),
        **_offered(study, given),
        "growth_behind": _on_market(study, given, sold.market),
        **_stay(study, code, sold.market, GRACE_DAYS),
        "moves": _moves(study, code, WINDOW_DAYS),
    }
    rows: list[dict[str, Any]] = []

    def add(choice: str, setting: Any, values: Mapping[str, Any], vendors: int, *,
            larger: int | None = None, main: bool = False) -> None:  # fmt: skip
        rows.append({"choice": choice, "setting": setting, "main": main, **base, **values,
                     "behind": vendors,
                     "larger_behind": larger_main if larger is None else larger})  # fmt: skip

    larger_main = vendors["larger_main"]
    add("main", "", {}, vendors["vendors"], main=True)
    for choice, setting, changes in _priced_otherwise(study, given, edges):
        moved = {v for vendors in changes["vendors"] for v in vendors or ()}
        add(choice, setting, sold.otherwise(changes).headline(main_edge), len(moved))
    cells = sold.cells
    add("edits", "once", sold.headline(main_edge, ~cells["suspected"]), vendors["suspected"])
    add("low_ratings", "out", sold.headline(main_edge, ~cells["poor"]), vendors["poor"])
    for name, edge in edges.items():
        if name != main_edge and edge != edges[main_edge]:
            setting = f"{DOLLARS} USD" if name == "larger_usd" else f"{edge:.0f} EUR"
            add("larger_from", setting, sold.headline(name), 0, larger=vendors[name])
    for days in GRACES:
        add("grace_days", days, _stay(study, code, sold.market, days), 0)
    for days in WINDOWS:
        add("window_days", days, {"moves": _moves(study, code, days)}, 0)
    return Measure(
        name="sensitivity",
        frame=pd.DataFrame(rows, columns=list(_COLUMNS)),
        columns=_COLUMNS,
        method={
            "edge": edges[main_edge],
            "coin_days": COIN_DAYS,
            "grace_days": GRACE_DAYS,
            "window_days": WINDOW_DAYS,
        },
        assumptions=(Note.of_method("one_choice_at_a_time"), *_amounts(study)),
        sources=(lit.ALDRIDGE_2016, lit.SOSKA_CHRISTIN_2015),
    )


def _edges(study: StudySession) -> dict[str, float]:
    """Return from which EUR a sale is larger, by name; the study's own under ``larger_main``."""
    main = float(dict(study.notes["value_bands"])["wholesale"])
    rate = study.row("SELECT avg(eur) AS eur FROM s_rate WHERE currency = 'USD'")["eur"]
    edges = {"larger_main": main}
    edges |= {f"larger_{n}": edge for n, edge in enumerate(LARGER_EUR)}
    return edges | ({"larger_usd": round(DOLLARS * float(rate), 2)} if rate else {})


def _sums(edges: Mapping[str, float], *columns: tuple[str, str]) -> str:
    """Return SQL for sums of larger sales: those of the first column, less the second's."""
    result = ""
    for n, name in enumerate(edges, 1):
        edge = f"(CAST(:edges AS numeric[]))[{n}]"
        parts = [
            f"{sign} coalesce(sum({column}) FILTER (WHERE {column} >= {edge}), 0)"
            for sign, column in columns
        ]
        result += f", {' '.join(parts)} AS {name}"
    return result


def _sold(study: StudySession, given: Mapping[str, Any], edges: Mapping[str, float]) -> _Sold:
    larger = _sums(edges, ("", "s.price_eur"))
    cells = study.frame(_SOLD.format(larger=larger, here=_HERE), given)
    most = cells.groupby("market")["reviews"].sum()
    market = str(most.idxmax()) if len(most) else None
    months = complete_months(study)
    return _Sold(cells.astype({"poor": bool, "suspected": bool}), market,
                 months[months["flow"] & (months["market"] == market)])  # fmt: skip


def _vendor_counts(
    study: StudySession, given: Mapping[str, Any], edges: Mapping[str, float]
) -> dict[str, int]:
    """Count the vendors behind all sales, and behind those that choices leave out or add."""
    steps = sorted({*edges.values(), np.inf})
    each = bands = ""
    for n, (low, high) in enumerate(pairwise(steps)):
        below = f" AND s.price_eur < {high!r}" if np.isfinite(high) else ""
        each += f", coalesce(bool_or(s.price_eur >= {low!r}{below}), false) AS b{n}"
        bands += f", count(*) FILTER (WHERE b{n}) AS band{n}"
    row = study.row(_BEHIND.format(bands=bands, each=each, here=_HERE), given)
    result = {name: int(row[name]) for name in ("vendors", "poor", "suspected")}
    for name, edge in edges.items():
        nth = steps.index(edge)
        # A part is known by the next ones too: those behind the bands beside it.
        beside = [int(row[f"band{n}"]) for n in (nth - 1, nth) if 0 <= n < len(steps) - 1]
        result[name] = min((count for count in beside if count), default=0)
    return result


def _priced_otherwise(
    study: StudySession, given: Mapping[str, Any], edges: Mapping[str, float]
) -> Iterator[tuple[str, Any, pd.DataFrame]]:
    """Yield choices that change prices: with what sums change, and whose."""
    larger = _sums(edges, ("", "new.eur"), ("-", "c.price_eur"))

    def changes(chosen: str, prices: str = "s_price") -> pd.DataFrame:
        sql = _OTHERWISE.format(larger=larger, chosen=chosen, prices=prices)
        return study.frame(sql, given).astype({"poor": bool, "suspected": bool})

    unpaid = f"""
        SELECT {_FIELDS}, CAST(NULL AS numeric) AS paid, CAST(0 AS numeric) AS more
        FROM s_review s WHERE s.price_source <> 'review' AND {_HERE} AND s.listing_id IN (
            SELECT listing_id FROM s_listing_price WHERE held IS NOT NULL)
    """
    study.run(price_steps("s_price_all", "listing_id IN (SELECT listing_id FROM s_listing_price"
                          " WHERE held IS NOT NULL)"))  # fmt: skip
    study.run("CREATE INDEX ON s_price_all (listing_id, day); ANALYZE s_price_all")
    yield "holding_prices", "used", changes(unpaid, "s_price_all")
    study.run("DROP TABLE s_price_all")
    study.run(_COINS.format(fields=_FIELDS, here=_HERE), given)
    study.run("ANALYZE s_coin_review")
    for days in COIN_WINDOWS:
        study.run(_COIN_RATES, {"days": days})
        yield "coin_days", days, changes(_BY_WINDOW)
        study.run("DROP TABLE s_coin_rate")
    study.run("DROP TABLE s_coin_review")
    study.run(_SHIPPING, given)
    study.run("CREATE INDEX ON s_shipping (listing_id); ANALYZE s_shipping")
    amounts = {name: market.review_amounts for name, market in markets().items()}
    for setting, sign in (("taken_off", "-"), ("added", "")):
        shipped = f"""
            SELECT {_FIELDS}, s.price_eur AS paid, {sign} h.eur AS more
            FROM s_review s JOIN s_shipping h USING (listing_id)
            WHERE {_HERE} AND {shipping_applies(setting, amounts)}
        """
        yield "shipping", setting, changes(shipped)
    study.run("DROP TABLE s_shipping")


def shipping_applies(setting: str, amounts: Mapping[str, ReviewAmounts]) -> str:
    """Return SQL for the reviews whose value shipping is taken off or added to.

    `amounts` are markets' facts. It is taken off amounts that hold it, or may; and added to those
    that do not, as to the prices of listings.
    """
    without = [name for name, fact in amounts.items() if fact == "without_shipping"]
    names = ", ".join(f"'{name}'" for name in without)
    among = f"s.market IN ({names})" if without else "false"
    stated = "s.price_source = 'review'"
    if setting == "taken_off":
        return f"{stated} AND NOT {among}"
    return f"(s.price_source = 'listing' OR {stated} AND {among})"


def _amounts(study: StudySession) -> tuple[Note, ...]:
    """Return what is known of each market's amounts, as far as it has pages."""
    known = markets()
    return tuple(
        Note.of_method(f"amounts_{known[name].review_amounts}", market=name)
        for name in study.markets
        if name in known
    )


def _offered(study: StudySession, given: Mapping[str, Any]) -> dict[str, int]:
    row = study.row(
        "SELECT count(*) AS listings, count(DISTINCT vendor_id) AS vendors FROM s_listing"
        " WHERE in_period AND :country = ANY(from_countries)",
        given,
    )
    return {name: int(number) for name, number in row.items()}


def _on_market(study: StudySession, given: Mapping[str, Any], market: str | None) -> int:
    row = study.row(
        f"SELECT count(DISTINCT vendor_id) AS n FROM s_review s WHERE market = :market AND {_HERE}",
        {**given, "market": market},
    )
    return int(row["n"])


def _stay(
    study: StudySession, country: str | None, market: str | None, grace: int
) -> dict[str, Any]:
    """Return the days that half of the vendors outlast, as measure lifetimes has them."""
    lives = study.frame(_LIVES, {"country": country, "market": market, "grace": grace})
    if lives.empty:
        return {"stay_days": None, "stay_behind": 0}
    middle = (lives["days"].to_numpy(int) + lives["most"].to_numpy(int)) // 2
    curve = kaplan_meier(middle, lives["ended"].to_numpy(bool), np.ones(len(lives), int))
    return {"stay_days": median_of(curve), "stay_behind": len(lives)}


def _moves(study: StudySession, country: str | None, days: int) -> int:
    return int(moves(study, country=country, window_days=days).frame["vendors"].sum())
