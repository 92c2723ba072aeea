"""How unequally sales are spread over vendors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import PERIOD, bucket, check_country
from cryptodrug_scraper.study.sales import ASSUMPTIONS

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study

_OF = {"turnover": "coalesce(sum(price_eur), 0)", "reviews": "count(*)"}
_FEW = 30


def concentration(
    study: Study, *, country: str | None = None, of: str = "turnover", by: str = "all"
) -> Measure:
    """Return Gini coefficient and shares of the largest vendors, a row a market and period.

    `of` is turnover or reviews; `by` day, week, month, quarter, year or all. With a `country`,
    only sales of what ships from it. Raises ValueError for what it does not know.
    """
    country = check_country(country)
    if of not in _OF:
        raise ValueError(f"There is no concentration of {of!r}; there are {', '.join(_OF)}.")
    study.prepare()
    frame = study.frame(
        f"""
        WITH sold AS (
            SELECT market, {bucket(by, "posted_on")} AS period, vendor_id,
                   CAST({_OF[of]} AS float8) AS x
            FROM s_review
            WHERE CAST(:country AS text) IS NULL OR :country = ANY(from_countries)
            GROUP BY 1, 2, 3
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY market, period ORDER BY x) AS up,
                   row_number() OVER (PARTITION BY market, period ORDER BY x DESC) AS down,
                   count(*) OVER (PARTITION BY market, period) AS n
            FROM sold WHERE x > 0
        )
        SELECT market, period, max(n) AS vendors, sum(x) AS total,
               2 * sum(up * x) / (max(n) * sum(x)) - (max(n) + 1.0) / max(n) AS gini,
               sum(x) FILTER (WHERE down <= 1) / sum(x) AS top_1,
               sum(x) FILTER (WHERE down <= 10) / sum(x) AS top_10,
               sum(x) FILTER (WHERE down <= ceil(n * 0.01)) / sum(x) AS top_1_percent,
               sum(x) FILTER (WHERE down <= ceil(n * 0.1)) / sum(x) AS top_10_percent,
               sum(power(x, 2)) / power(sum(x), 2) AS hhi
        FROM ranked GROUP BY 1, 2 ORDER BY 1, 2
        """,
        {"country": country},
    )
    none = study.row(
        f"""
        SELECT count(*) AS n FROM (
            SELECT vendor_id FROM s_review
            WHERE CAST(:country AS text) IS NULL OR :country = ANY(from_countries)
            GROUP BY market, vendor_id HAVING {_OF[of]} = 0
        ) AS each
        """,
        {"country": country},
    )["n"]
    notes = [Note.left_out("unpriced_vendors", none, none)]
    few = frame[frame["vendors"] < _FEW]
    if len(few):
        counts = {"n": len(few), "of": len(frame)}
        behind = int(frame["vendors"].sum())
        notes.append(Note("few_coefficients", counts, behind, {"limit": _FEW}))
    return Measure(
        name="concentration",
        frame=frame,
        columns={
            "market": "The market.",
            "period": PERIOD,
            "vendors": "Vendors with sales (number).",
            "total": "Their turnover (EUR), or their reviews (number).",
            "gini": "Gini coefficient: 0 if all sell as much, near 1 if one sells all.",
            "top_1": "Part of the largest vendor (0 to 1).",
            "top_10": "Part of the ten largest (0 to 1).",
            "top_1_percent": "Part of the largest 1 % of vendors, rounded up (0 to 1).",
            "top_10_percent": "Part of the largest 10 % of vendors, rounded up (0 to 1).",
            "hhi": "Herfindahl–Hirschman index: sum of squared parts (0 to 1).",
        },
        assumptions=(*ASSUMPTIONS, Note.of_method("account_is_vendor")),
        sources=(lit.GINI_1912, lit.SOSKA_CHRISTIN_2015, lit.PAQUET_CLOUSTON_2018),
        notes=tuple(notes),
    )
