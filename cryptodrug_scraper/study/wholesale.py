"""How much is wholesale, by each definition that the literature has, beside each other."""

from __future__ import annotations

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import EVERY, ends, parts
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.prepare import prepare

DEFINITIONS = ("offers", "offers_amount", "sales", "value")
"""Offers by listing price, offers by amount, transactions by number, transactions by value."""

_HERE = "coalesce(:country = ANY(from_countries), false)"


def _each(name: str, table: str, of: str, large: str, what: str) -> str:
    """Return SQL of sums by vendor: those that are wholesale, and all; the country's and all."""
    columns = ", ".join(
        f"coalesce(sum({what}) FILTER (WHERE {condition}), 0) AS {column}"
        for column, condition in (
            ("large", large),
            ("every", "true"),
            ("large_country", f"{large} AND {_HERE}"),
            ("every_country", _HERE),
        )
    )
    return (
        f"SELECT '{name}' AS definition, market, vendor_id, {columns} FROM {table}"
        f" WHERE {of} AND vendor_id IS NOT NULL GROUP BY market, vendor_id"
    )


_DRUGS = "in_period AND substance NOT IN ('not_drugs', 'unknown')"
_SUMS = " UNION ALL ".join(
    (
        _each(
            "offers", "s_listing", f"{_DRUGS} AND price_eur IS NOT NULL",
            "band_value = 'wholesale'", "1",
        ),
        _each(
            "offers_amount", "s_listing", f"{_DRUGS} AND band_amount IS NOT NULL",
            "band_amount = 'wholesale'", "1",
        ),
        _each("sales", "s_review", "price_eur IS NOT NULL", "price_eur >= :least", "1"),
        _each("value", "s_review", "price_eur IS NOT NULL", "price_eur >= :least", "price_eur"),
    )
)  # fmt: skip


def wholesale(study: StudySession, *, country: str | None = None) -> Measure:
    """Return the wholesale part of offers and of transactions, a row a definition.

    Of all markets together. Raises ValueError for a country that is no code.
    """
    country = check_country(country)
    prepare(study)
    least = dict(study.notes["value_bands"])["wholesale"]
    sums = study.frame(_SUMS, {"country": country, "least": least})
    shares = {"share": ("large", "every"), "share_country": ("large_country", "every_country")}
    found = parts(sums, "definition", shares, together=True)
    found = found[found["market"] == EVERY].drop(columns="market")
    names = ["large", "every", "large_country", "every_country"]
    totals = sums.groupby("definition", as_index=False)[names].sum()
    frame = totals.merge(found, on="definition", how="left")
    for column, part, of in (("", "large", "every"), ("_country", *names[2:])):
        groups = {
            f"vendors{column}": sums[part] > 0,
            f"vendors_rest{column}": sums[of] > sums[part],
        }
        for name, chosen in groups.items():
            count = sums[chosen].groupby("definition")["vendor_id"].nunique()
            frame[name] = frame["definition"].map(count).fillna(0).astype(int)
    others = sums[(sums["large"] > sums["large_country"])]
    count = others.groupby("definition")["vendor_id"].nunique()
    frame["vendors_others"] = frame["definition"].map(count).fillna(0).astype(int)
    order = frame["definition"].map(DEFINITIONS.index)
    frame = frame.iloc[order.argsort()].reset_index(drop=True)
    columns = {
        "definition": "offers (listings by the price of the least order), offers_amount (listings "
        "by its amount), sales (transactions by number), value (transactions by value).",
        "large": "Of all vendors, those that are wholesale (number; EUR for value).",
        "every": "Of all vendors, those whose price or amount is known (number; EUR for value).",
        "share": "large / every (0 to 1).",
        "large_country": "Those that are wholesale and ship from the country.",
        "every_country": "Those of the country whose price or amount is known.",
        "share_country": "large_country / every_country (0 to 1).",
        "vendors": "Vendors behind large.",
        "vendors_rest": "Vendors behind every less large.",
        "vendors_country": "Vendors behind large_country.",
        "vendors_rest_country": "Vendors behind every_country less large_country.",
        "vendors_others": "Vendors behind large less large_country.",
    }
    columns = ends(columns, list(shares))
    return Measure(
        name="wholesale",
        frame=frame[list(columns)],
        columns=columns,
        method={"least": least},
        assumptions=(Note.of_method("bands"),),
        sources=(lit.ALDRIDGE_2014, lit.ALDRIDGE_2016),
    )
