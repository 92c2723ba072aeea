"""How unequally sales are spread over vendors."""

from __future__ import annotations

import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import ends as ends_of
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import OF_COUNTRY, PERIOD, bucket, check_country
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.sales import ASSUMPTIONS
from cryptodrug_scraper.study.unequal import Inequality, inequality

_OF = {"turnover": "coalesce(sum(price_eur), 0)", "reviews": "count(*)"}
_FEW = 30
NAMES = Inequality._fields
_COLUMNS = {
    "market": "The market; '' if all are taken together.",
    "period": PERIOD,
    "vendors": "Vendors with sales (number).",
    "total": "Their turnover (EUR), or their reviews (number).",
    "gini": "Gini coefficient: 0 if all sell as much, near 1 if one sells all.",
    "top_1": "Part of the largest vendor (0 to 1).",
    "top_10": "Part of the ten largest (0 to 1).",
    "top_1_percent": "Part of the largest 1 % of vendors, rounded up (0 to 1).",
    "top_10_percent": "Part of the largest 10 % of vendors, rounded up (0 to 1).",
    "hhi": "Herfindahl–Hirschman index: sum of squared parts (0 to 1).",
}


def concentration(
    study: StudySession,
    *,
    country: str | None = None,
    of: str = "turnover",
    by: str = "all",
    together: bool = False,
) -> Measure:
    """Return Gini coefficient and shares of the largest vendors, a row a market and period.

    `of` is turnover or reviews; `by` day, week, month, quarter, year or all. With a `country`,
    only sales of what ships from it. With `together`, the vendors of all markets together. Raises
    ValueError for what it does not know.
    """
    country = check_country(country)
    if of not in _OF:
        raise ValueError(f"There is no concentration of {of!r}; there are {', '.join(_OF)}.")
    prepare(study)
    sold = study.frame(
        f"""
        SELECT market, {bucket(by, "posted_on")} AS period, vendor_id,
               CAST({_OF[of]} AS float8) AS x
        FROM s_review
        WHERE {OF_COUNTRY}
        GROUP BY 1, 2, 3 HAVING {_OF[of]} > 0 ORDER BY 1, 2
        """,
        {"country": country},
    )
    rows = []
    if together:
        sold["market"] = ""
    for (market, period), sales in sold.groupby(["market", "period"], dropna=False)["x"]:
        row = {"market": market, "period": None if period != period else period}
        row |= {"vendors": len(sales), "total": sales.sum()}
        found, low, high = inequality(sales)
        for name in NAMES:
            ends = (getattr(of_all, name)[0] for of_all in (found, low, high))
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
        rows.append(row)
    columns = ends_of(_COLUMNS, NAMES)
    frame = pd.DataFrame(rows, columns=list(columns))
    none = study.row(
        f"""
        SELECT count(*) AS n FROM (
            SELECT vendor_id FROM s_review
            WHERE {OF_COUNTRY}
            GROUP BY market, vendor_id HAVING {_OF[of]} = 0
        ) AS each
        """,
        {"country": country},
    )["n"]
    notes = [Note.left_out("unpriced_vendors", none, none)]
    few = frame[frame["vendors"] < _FEW]
    if len(few):
        counts = {"n": len(few), "of": len(frame)}
        vendors = int(frame["vendors"].sum())
        notes.append(Note("few_coefficients", counts, vendors, {"limit": _FEW}))
    return Measure(
        name="concentration",
        frame=frame,
        columns=columns,
        assumptions=(*ASSUMPTIONS, Note.of_method("account_is_vendor")),
        sources=(
            lit.GINI_1912,
            lit.SOSKA_CHRISTIN_2015,
            lit.PAQUET_CLOUSTON_2018,
            lit.DAVIDSON_2007,
        ),
        notes=tuple(notes),
    )
