"""Turnover scaled by what vendors' profiles state: sales that left no review are in it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import EVERY, ends
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.intervals import Floats, mean, of_totals
from cryptodrug_scraper.study.measure import Measure
from cryptodrug_scraper.study.periods import OF_COUNTRY, check_country
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.sales import ASSUMPTIONS

_COLUMNS = {
    "market": "The market; '' if all are taken together.",
    "vendors": "Vendors whose profile states how much they sold (number).",
    "sales": "What these profiles state (number).",
    "reviews": "Reviews of these vendors that were read (number).",
    "factor": "sales / reviews.",
    "turnover_eur": "Turnover by reviews in the period (EUR).",
    "scaled_eur": "turnover_eur · factor; of all markets, the sum over them (EUR).",
}


def scaled_turnover(study: StudySession, *, country: str | None = None) -> Measure:
    """Return turnover as if each sale that profiles state had left a review, a row a market.

    The last row is of all markets; nothing, if one with turnover has no profile that states sales.
    With a `country`, only of what ships from it. Raises ValueError for a country that is no code.
    """
    country = check_country(country)
    prepare(study)
    given = {"country": country}
    profiles = study.frame(
        f"""
        WITH stated AS (
            SELECT vendor_id, max(sales) AS sales FROM vendor_observation
            WHERE vendor_id IN (SELECT vendor_id FROM s_review WHERE {OF_COUNTRY}) GROUP BY 1
        )
        SELECT v.market, s.vendor_id, s.sales, r.reviews
        FROM stated s JOIN vendor v USING (vendor_id)
        JOIN (SELECT vendor_id, count(*) AS reviews FROM review GROUP BY 1) AS r USING (vendor_id)
        WHERE s.sales > 0 ORDER BY 1, 2
        """,
        given,
    )
    turnover = study.frame(
        "SELECT market, coalesce(sum(price_eur), 0) AS turnover_eur FROM s_review"
        f" WHERE {OF_COUNTRY} GROUP BY 1 ORDER BY 1",
        given,
    )
    rows = [
        _of_market(str(market), float(eur), profiles[profiles["market"] == market])
        for market, eur in turnover.itertuples(index=False)
    ]
    if rows:
        rows.append(_of_all(rows, profiles))
    columns = ends(_COLUMNS, ["factor", "scaled_eur"])
    return Measure(
        name="scaled_turnover",
        frame=pd.DataFrame(rows, columns=list(columns)),
        columns=columns,
        assumptions=ASSUMPTIONS,
        sources=(lit.CHRISTIN_2013, lit.SOSKA_CHRISTIN_2015),
    )


def _of_market(market: str, eur: float, profiles: pd.DataFrame) -> dict[str, object]:
    row = _counts(market, eur, profiles)
    if len(profiles):
        sales, reviews = (profiles[[name]].to_numpy(float) for name in ("sales", "reviews"))
        got = mean(sales, reviews)
        row |= got.one("factor") | got.one("scaled_eur", of=lambda factor: eur * factor)
    return row


def _of_all(rows: list[dict[str, object]], profiles: pd.DataFrame) -> dict[str, object]:
    eur = {str(row["market"]): float(row["turnover_eur"]) for row in rows}  # type: ignore[arg-type]
    row = _counts(EVERY, sum(eur.values()), profiles)
    markets = [market for market, value in eur.items() if value > 0]
    if not markets or any("factor" not in of for of in rows if of["market"] in markets):
        return row
    here = [(profiles["market"] == market).to_numpy() for market in markets]
    sums = np.stack(
        [profiles[name].to_numpy(float) * at for name in ("sales", "reviews") for at in here], 1
    )
    worth = np.array([eur[market] for market in markets])

    def scaled(totals: Floats) -> Floats:
        sales, reviews = totals[..., : len(worth)], totals[..., len(worth) :]
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.log((worth * sales / reviews).sum(axis=-1, keepdims=True))
        return np.asarray(found)

    got = of_totals(sums, scaled, profiles["market"])
    return row | got.one("scaled_eur", of=np.exp)


def _counts(market: str, eur: float, profiles: pd.DataFrame) -> dict[str, object]:
    return {
        "market": market,
        "vendors": len(profiles),
        "sales": int(profiles["sales"].sum()),
        "reviews": int(profiles["reviews"].sum()),
        "turnover_eur": eur,
    }
