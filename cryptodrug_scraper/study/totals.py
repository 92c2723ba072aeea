"""How many vendors stand behind accounts: none linked, those surely linked, and all linked.

A vendor with accounts on three markets counts three times where accounts are counted. Which
accounts are one vendor's is known with three degrees of certainty (`vendors.py`), so the number of
vendors is a range.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.origins import WINDOW_DAYS
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.seen import build_origins, build_seen
from cryptodrug_scraper.study.vendors import SOURCES, build_same

# What was last stated: by any listing, in the last days of those on which an account stated it.
_ACCOUNTS = """
    WITH stated AS (
        SELECT l.vendor_id, o.places, least(o.last_day, :end) AS day,
               max(least(o.last_day, :end)) OVER (PARTITION BY l.vendor_id) AS last_day
        FROM s_origin o JOIN s_listing l USING (listing_id)
        WHERE l.vendor_id IS NOT NULL AND l.in_period
          AND o.within AND o.first_day <= :end AND o.places <> '{}'
    ), origin AS (
        SELECT vendor_id, bool_or(:country = ANY(places)) AS ever,
               bool_or(:country = ANY(places)) FILTER (WHERE day > last_day - :window) AS last
        FROM stated GROUP BY 1
    )
    SELECT s.market, s.vendor_id, coalesce(bool_or(o.ever), false) AS ever_from,
           coalesce(bool_or(o.last), false) AS last_from
    FROM s_seen s LEFT JOIN origin o USING (vendor_id)
    WHERE s.vendor_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
"""


def linked(accounts: Iterable[int], pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return for each account the least of all that are linked with it, over others too."""
    first = {account: account for account in accounts}

    def root(account: int) -> int:
        while (above := first.setdefault(account, account)) != account:
            first[account] = first[above]
            account = first[account]
        return account

    for one, other in pairs:
        a, b = root(one), root(other)
        first[max(a, b)] = min(a, b)
    return {account: root(account) for account in list(first)}


def vendor_totals(study: StudySession, *, country: str | None = None) -> Measure:
    """Return how many accounts there were, and how many vendors these are at most and at least.

    A row for all, with a `country` also those that ever stated to ship from it within the
    period and those that did so last; of each a row a market and one of all (without a market).
    Raises ValueError for a country that is no code.
    """
    country = check_country(country)
    prepare(study)
    study.ensure_built(build_same, build_seen, build_origins)
    accounts = study.frame(_ACCOUNTS, {"country": country, "window": WINDOW_DAYS})
    pairs = study.frame("SELECT a, b, rank FROM s_same_vendor WHERE a < b")
    names = {"accounts": 0, "vendors": 2, "vendors_linked": 3}
    for name, rank in names.items():
        some = pairs[pairs["rank"] <= rank][["a", "b"]].astype(int).itertuples(index=False)
        whose = linked(accounts["vendor_id"].astype(int), map(tuple, some))
        accounts[name] = [whose[int(account)] for account in accounts["vendor_id"]]
    accounts["offered"] = True
    rows = []
    for basis in ("offered", *(("ever_from", "last_from") if country else ())):
        there = accounts[accounts[basis].astype(bool)]
        parts = [(None, there), *there.groupby("market", sort=True)]
        rows += [(basis, market, *(part[n].nunique() for n in names)) for market, part in parts]
    columns = {
        "basis": "offered: a listing was seen in the period; ever_from: one stated within it to "
        "ship from the country; last_from: one did in the last "
        f"{WINDOW_DAYS} days on which the account stated an origin.",
        "market": "The market; nothing for all together.",
        "accounts": "Accounts (number): vendors if no two accounts are one vendor’s.",
        "vendors": "Vendors (number) if accounts are linked that are certainly or likely one’s.",
        "vendors_linked": "Vendors (number) if accounts are linked that are possibly one’s, too.",
    }
    return Measure(
        name="vendor_totals",
        frame=pd.DataFrame(rows, columns=list(columns)),
        columns=columns,
        method={"window": WINDOW_DAYS},
        assumptions=(Note.of_method("links_in_chains"), Note.of_method("truthful")),
        sources=SOURCES,
    )
