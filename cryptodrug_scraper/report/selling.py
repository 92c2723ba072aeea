"""How large sales are: bands by value, as wide as small numbers ask for, and wholesale."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations, pairwise
from typing import Any

from cryptodrug_scraper.language import cap
from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import TOTAL, guard_line, review_vendors
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section, interval_of
from cryptodrug_scraper.study.periods import OF_COUNTRY
from cryptodrug_scraper.study.turnover import sale_values, turnover
from cryptodrug_scraper.study.wholesale import wholesale

EDGES = (50, 100, 200, 500, 1000)
"""Euros at which bands of sales by value end."""
LIMIT = 200
"""Euros below which a sale is spoken of as small."""
_BOUNDS = ("share_sales_least", "share_sales_most")
_SALES = ("sales", "share_sales", *_BOUNDS, "value_eur", "share_value")
_VENDORS = f"""
    SELECT DISTINCT vendor_id, CASE WHEN price_eur IS NOT NULL
           THEN width_bucket(price_eur, CAST(:edges AS numeric[])) END AS band
    FROM s_review WHERE {OF_COUNTRY}
"""


def wider_edges(
    vendors: Sequence[Collection[Any]], edges: Sequence[int], threshold: int
) -> tuple[int, ...]:
    """Return the most edges that leave bands of none or of enough vendors; none if none do.

    `vendors` are those behind each band between all the `edges`, of which there is one more. Those
    with `LIMIT` among them, of which the report speaks, go before others; of as many, those whose
    smallest band is largest.
    """

    def smallest(chosen: Sequence[int]) -> int:
        cuts = [0, *(edges.index(edge) + 1 for edge in chosen), len(vendors)]
        bands = [len(set().union(*vendors[a:b])) for a, b in pairwise(cuts)]
        return min((count for count in bands if count), default=0)

    for keep in (True, False):
        for number in range(len(edges), 0, -1):
            least = {
                chosen: smallest(chosen)
                for chosen in combinations(edges, number)
                if (LIMIT in chosen) is keep
            }
            enough = [chosen for chosen, count in least.items() if count >= threshold]
            if enough:
                return max(enough, key=lambda chosen: least[chosen])
    return ()


def say_sales(context: ReportContext, made: Section) -> None:
    """Say how sales are spread over bands of value, and how much is wholesale."""
    shown = _sales(context, made)
    _wholesale(context, made, shown)
    _thresholds(context, made)


def _sales(context: ReportContext, made: Section) -> set[int]:
    """Show sales by value; return the lower edges of bands that are shown."""
    t = context.t
    sets, vendors = _vendors_by_band(context, EDGES)
    edges: tuple[int, ...] = EDGES
    hidden, summed = _hidden(context, EDGES, sets)
    if hidden:
        wider = wider_edges(sets, EDGES, context.threshold)
        if wider and context.options.coarsen:
            edges, hidden, summed = wider, set(), LIMIT in wider
        else:
            context.open(made, "sales", {"bands": bool(wider)})
    context.edges = edges
    lower = (0, *edges)
    measure = sale_values(context.study, country=context.country, edges=edges, by_market=False)
    shown = vendors > 0 and context.may_show(vendors) and any(sets)
    title = t("prices.method_sales")
    made.methods.append(context.method(measure, title, shown=shown))
    if measure.frame.empty:
        made.findings.append(t("prices.no_sales"))
        return set()
    made.caveats += context.caveats(measure) if shown else [t("caveat.few_vendors")]
    of = {int(row["from_eur"]): row for row in measure.frame.to_dict("records")}
    between = all(_between(context, edge) for edge in edges)
    rows: list[dict[str, Any]] = []
    for n, low in enumerate(lower):
        high = edges[n] if n < len(edges) else None
        row = {**dict.fromkeys(_SALES, 0), **of.get(low, {})}
        row["band"] = t("prices.band", low=low, high=high)
        if low in hidden:
            row |= dict.fromkeys(_SALES, SUPPRESSED)
        elif not between:
            row |= dict.fromkeys(_BOUNDS, SUPPRESSED)
        rows.append(row)
    context.table(
        made,
        "sales",
        t("prices.table_bands"),
        [
            Column("band", t("column.band")),
            Column("sales", t("column.sales"), "count"),
            Column("share_sales", t("column.sales_share"), "share"),
            Column("share_sales_least", t("column.low"), "share"),
            Column("share_sales_most", t("column.high"), "share"),
            Column("value_eur", t("column.value"), "euros"),
            Column("share_value", t("column.value_share"), "share"),
        ],
        rows,
    )
    not_hidden = set(lower) - hidden
    if not shown:
        return not_hidden
    series = [
        figures.series_of(t(f"prices.series_{name}"), rows, key)
        for name, key in (("sales", "share_sales"), ("value", "share_value"))
    ]
    labels = [row["band"] for row in rows]
    texts = ("prices.label_bands", "prices.figure_bands")
    context.figure(made, figures.bars, "sales", labels, series, "share", *texts)
    sentences = []
    if summed:
        share = sum(float(row["share_sales"]) for low, row in of.items() if low < LIMIT)
        small, _ = _split(context, LIMIT)
        sales = sum(int(row["sales"]) for row in of.values())
        sentences.append(
            t(
                "prices.under",
                share=share,
                interval=interval_of(small, "share_sales"),
                limit=LIMIT,
                bounds=_bounds(context, small),
                sales=sales,
            )
        )
    if lower[-1] not in of:  # not even by the highest reading of a price
        sentences.append(t("prices.none_above", limit=lower[-1]))
    larger = _larger(context)
    if summed and larger is not None:
        sentences.append(larger)
    if sentences:
        made.conclude(" ".join(sentences))
    return not_hidden


def _vendors_by_band(context: ReportContext, edges: Sequence[int]) -> tuple[list[set[Any]], int]:
    """Return the vendors behind each band between edges, and how many have any review."""
    rows = context.study.frame(
        _VENDORS, {"country": context.country, "edges": [float(edge) for edge in edges]}
    )
    known = rows.dropna(subset=["band"])
    sets = [set(known.loc[known["band"] == n, "vendor_id"]) for n in range(len(edges) + 1)]
    return sets, int(rows["vendor_id"].nunique())


def few_bands(context: ReportContext, edges: Sequence[int]) -> set[int]:
    """Return the lower edges of bands of a country's sales that must not be shown."""
    sets, vendors = _vendors_by_band(context, edges)
    if not context.may_show(vendors):
        return {0, *edges}
    return _hidden(context, edges, sets)[0]


def _hidden(
    context: ReportContext, edges: Sequence[int], sets: Sequence[Collection[Any]]
) -> tuple[set[int], bool]:
    """Return the lower edges of bands that must not be shown, and if sums of the others may be.

    Where these sums are shown, nothing may follow along either part.
    """
    vendors = {low: len(each) for low, each in zip((0, *edges), sets, strict=True)}
    parts = [[low for low in vendors if low < LIMIT], [low for low in vendors if low >= LIMIT]]
    summed = all(_may_be_summed(vendors, part, context.threshold) for part in parts)
    hidden = {
        low
        for part in (parts if summed else [list(vendors)])
        for low in guard_line({low: vendors[low] for low in part}, context.threshold)
    }
    return hidden, summed


def _wholesale(context: ReportContext, made: Section, shown: Collection[int]) -> None:
    """Put the definitions of wholesale beside each other: offers and transactions."""
    t = context.t
    measure = wholesale(context.study, country=context.country)
    made.methods.append(context.method(measure, t("prices.method_wholesale")))
    least = float(measure.method["least"])
    band = f"CASE WHEN price_eur IS NOT NULL THEN price_eur >= {least} END"
    # Bands of sales are shown above, of which some are hidden for others' sake.
    sold = least == EDGES[-1] and EDGES[-1] in shown
    others = review_vendors(context.study, context.country, band, others=True)
    rows = []
    for row in measure.frame.to_dict("records"):
        sale = row["definition"] in ("sales", "value")
        vendors = [row["vendors_country"], row["vendors_rest_country"]]
        own = all(map(context.may_show, vendors)) and (sold or not sale)
        every = all(map(context.may_show, (row["vendors"], row["vendors_rest"])))
        telling = [row["vendors_others"], others.get((True, TOTAL), 0) if sale else 0]
        every &= not own or all(map(context.may_show, telling))
        name = t(f"prices.wholesale_{row['definition']}", least=least)
        line = {**row, "definition": name}
        if not own or context.hidden_markets:
            line["share_country"] = SUPPRESSED
        if not every or context.untold_markets:
            line["share"] = SUPPRESSED
        rows.append(line)
    if rows:
        context.table(
            made,
            "wholesale",
            t("prices.table_wholesale"),
            [
                Column("definition", t("prices.definition")),
                Column("share_country", t("column.share"), "share", t("column.of_country")),
                Column("share", t("column.share"), "share", t("column.of_all")),
            ],
            rows,
        )


def _thresholds(context: ReportContext, made: Section) -> None:
    """Show from where on the bands begin, each with the work that has it so."""
    t, bands = context.t, context.study.notes["listing_rules"].bands

    def words(value: float) -> str:
        return context.lang.number(value, 0 if float(value).is_integer() else 2)

    every = [(t("prices.any_value"), "EUR", bands.value)]
    every += [
        (cap(context.group(group)), context.lang.label("unit", unit), band)
        for (group, unit), band in bands.amount.items()
    ]
    rows = []
    for name, unit, band in every:
        works = (band.middle_source, band.wholesale_source)
        sources = [context.cited(w)[1] if w else t("prices.conventional") for w in works]
        rows.append(
            {
                "name": name,
                "unit": unit,
                "middle": words(band.middle),
                "wholesale": words(band.wholesale),
                "source": sources[0] if sources[0] == sources[1] else "; ".join(sources),
            }
        )
    context.table(
        made,
        "bands",
        t("prices.table_thresholds"),
        [
            Column("name", t("column.substance")),
            Column("unit", t("column.unit")),
            Column("middle", t("prices.middle_from")),
            Column("wholesale", t("prices.wholesale_from")),
            Column("source", t("prices.source")),
        ],
        rows,
        [t("prices.conventional_note")],
    )


def _may_be_summed(vendors: dict[int, int], bands: list[int], threshold: int) -> bool:
    """Whether a sum over bands may be shown: enough vendors in one of them, or none at all."""
    counts = [vendors[low] for low in bands]
    return max(counts, default=0) >= threshold or not any(counts)


def _between(context: ReportContext, edge: float) -> bool:
    """Whether it may be told how many sales are below an edge by some reading, and not by all.

    The vendors of these must be enough, or none.
    """
    column = (
        "CASE WHEN price_eur IS NOT NULL AND"
        f" (suspected OR least_eur < {edge} AND high_eur >= {edge}) THEN 1 END"
    )
    counts = review_vendors(context.study, context.country, column)
    vendors = counts.get((1, TOTAL), 0)
    return vendors == 0 or context.may_show(vendors)


def _bounds(context: ReportContext, small: dict[str, Any]) -> tuple[float, float] | None:
    """Return the least and the largest share of sales that may be small, if they may be shown."""
    if not small or not _between(context, LIMIT):
        return None
    low, high = (float(small[key]) for key in _BOUNDS)
    return (low, high) if low < high else None


def _larger(context: ReportContext) -> str | None:
    """Say what part of the value larger sales make, by the study's bands."""
    counts = review_vendors(context.study, context.country, "band_value")
    vendors = {band: counts.get((band, TOTAL), 0) for band in ("retail", "middle", "wholesale")}
    measure = turnover(context.study, country=context.country, by="all", groups=("band_value",))
    value = {
        row["band_value"]: float(row["turnover_eur"]) for row in measure.frame.to_dict("records")
    }
    total = sum(value.get(band, 0.0) for band in vendors)
    larger = max(vendors["middle"], vendors["wholesale"])
    if not total or not context.may_show(larger) or not context.may_show(vendors["retail"]):
        return None
    part = (value.get("middle", 0.0) + value.get("wholesale", 0.0)) / total
    least = min(
        (float(least) for band, least in context.study.notes["value_bands"] if band != "retail"),
        default=float(LIMIT),
    )
    _, large = _split(context, least)
    interval = interval_of(large, "share_value")
    return context.t("prices.larger", share=part, least=least, interval=interval)


def _split(context: ReportContext, edge: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rows of `sale_values` below an edge and above it; empty where there are none."""
    study, country = context.study, context.country

    def split() -> list[dict[str, Any]]:
        measure = sale_values(study, country=country, edges=(edge,), by_market=False)
        records: list[dict[str, Any]] = measure.frame.to_dict("records")
        return records

    rows = {row["from_eur"]: row for row in study.kept(f"sales at {edge:g} EUR: {country}", split)}
    return rows.get(0, {}), rows.get(edge, {})
