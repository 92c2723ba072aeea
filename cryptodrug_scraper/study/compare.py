"""Two countries beside each other, and what they differ by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import ends
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.intervals import Estimate, difference, mean, share, share_of_each
from cryptodrug_scraper.study.measure import Measure
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.prepare import prepare

_FROM = "coalesce(:{} = ANY(from_countries), false)"
_OWN, _OTHER = _FROM.format("country"), _FROM.format("other")
_COLUMNS = {
    "topic": "market (parts of all markets), substance (parts of the country's listings) or sale.",
    "name": "listings, reviews or turnover; a group of substances; or EUR a sale.",
    "own": "The number of the country (0 to 1; of a sale in EUR).",
    "other": "That of the other country.",
    "difference": "own less other.",
    "vendors_own": "Vendors behind the country's number.",
    "vendors_other": "Vendors behind the other country's.",
    "vendors_rest_own": "Vendors behind what it is a part of, without the country's.",
    "vendors_rest_other": "The same of the other country.",
}


def compare(study: StudySession, *, country: str, other: str, group: str = "substance") -> Measure:
    """Return numbers of two countries with their difference; all markets together.

    Vendors of both are drawn together, so that what they have in common (a vendor who ships from
    both, the market that both are part of) does not count as difference. `group` is SQL over
    `s_listing` for the group of substances: ours, never a user's. Raises ValueError for a country
    that is no code.
    """
    given = {"country": check_country(country), "other": check_country(other)}
    prepare(study)
    offered = study.frame(
        f"""
        SELECT market, {group} AS name, coalesce(vendor_id, -listing_id) AS vendor_id,
               count(*) AS every, count(*) FILTER (WHERE {_OWN}) AS own,
               count(*) FILTER (WHERE {_OTHER}) AS other
        FROM s_listing WHERE in_period GROUP BY 1, 2, 3
        """,
        given,
    )
    sold = study.frame(
        f"""
        SELECT market, vendor_id, count(*) AS every, count(*) FILTER (WHERE {_OWN}) AS own,
               count(*) FILTER (WHERE {_OTHER}) AS other,
               coalesce(sum(price_eur), 0) AS every_eur,
               coalesce(sum(price_eur) FILTER (WHERE {_OWN}), 0) AS own_eur,
               coalesce(sum(price_eur) FILTER (WHERE {_OTHER}), 0) AS other_eur,
               count(price_eur) FILTER (WHERE {_OWN}) AS own_priced,
               count(price_eur) FILTER (WHERE {_OTHER}) AS other_priced
        FROM s_review GROUP BY 1, 2
        """,
        given,
    )
    listed = offered.groupby(["market", "vendor_id"], as_index=False)[["every", "own", "other"]]
    rows = [
        *_parts("listings", listed.sum(), ""),
        *_parts("reviews", sold, ""),
        *_parts("turnover", sold, "_eur"),
        *_substances(offered),
        *_sale(sold),
    ]
    columns = ends(_COLUMNS, ["own", "other", "difference"])
    return Measure(
        name="compare",
        frame=pd.DataFrame(rows, columns=list(columns)),
        columns=columns,
        sources=(lit.ZOU_2008, lit.BELL_2002, lit.FRANCO_2019),
    )


def _parts(name: str, rows: pd.DataFrame, tail: str) -> list[dict[str, object]]:
    """Compare the countries' parts of all markets."""
    if rows.empty:
        return []
    part = rows[[f"own{tail}", f"other{tail}"]].to_numpy(float)
    of = rows[[f"every{tail}"]].to_numpy(float)
    got = share(part, of, rows["market"])
    return _rows("market", [name], got.at(slice(0, 1)), got.at(slice(1, 2)), part, of - part)


def _substances(rows: pd.DataFrame) -> list[dict[str, object]]:
    """Compare the parts of groups of substances in the countries' listings."""
    if rows.empty:
        return []
    tables = [
        rows.pivot_table(
            index=["market", "vendor_id"], columns="name", values=country, fill_value=0
        )
        for country in ("own", "other")
    ]
    part = np.hstack([table.to_numpy(float) for table in tables])
    k = tables[0].shape[1]
    of = np.repeat(np.stack([part[:, :k].sum(axis=1), part[:, k:].sum(axis=1)], 1), k, axis=1)
    own, other = share_of_each(part[:, :k], part[:, k:], tables[0].index.get_level_values("market"))
    names = [str(name) for name in tables[0].columns]
    return _rows("substance", names, own, other, part, of - part)


def _sale(rows: pd.DataFrame) -> list[dict[str, object]]:
    if rows.empty:
        return []
    eur = rows[["own_eur", "other_eur"]].to_numpy(float)
    priced = rows[["own_priced", "other_priced"]].to_numpy(float)
    got = mean(eur, priced, rows["market"])
    return _rows(
        "sale", ["eur"], got.at(slice(0, 1)), got.at(slice(1, 2)), priced, np.zeros_like(priced)
    )


def _rows(
    topic: str,
    names: list[str],
    own: Estimate,
    other: Estimate,
    part: np.ndarray,
    rest: np.ndarray,
) -> list[dict[str, object]]:
    off = difference(own, other)
    made = []
    for n, name in enumerate(names):
        row: dict[str, object] = {"topic": topic, "name": name}
        for key, each in (("own", own), ("other", other), ("difference", off)):
            row |= each.one(key, n)
        for key, column in (("own", n), ("other", len(names) + n)):
            row[f"vendors_{key}"] = int((part[:, column] > 0).sum())
            row[f"vendors_rest_{key}"] = int((rest[:, column] > 0).sum())
        made.append(row)
    return made
