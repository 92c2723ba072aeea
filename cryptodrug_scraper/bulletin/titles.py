"""Substances and words that titles of a period name, and no title named before.

The name of a substance is what everybody knows, so it is told however few offer it, with the page
that showed it first; how many is hidden where they are few. Any other word may be a handle, a
brand of one vendor or a slip that gives one away: it is told only if enough vendors use it and
no handle holds it. What few use is for those who have the pages: `few` keeps it apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from cryptodrug_scraper.bulletin.numbers import Hiding, Row
from cryptodrug_scraper.bulletin.spans import Span
from cryptodrug_scraper.normalise.text import RAW, fold
from cryptodrug_scraper.report.guard import TOTAL
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.listings import ListingRules
from cryptodrug_scraper.study.substance_names import WEAK
from cryptodrug_scraper.study.substances import NOT_DRUGS, SubstanceMap

MOST_WORDS = 40
_TITLES = """
    SELECT l.market, o.title, l.from_countries, min(o.observed_at) AS first_at,
           array_agg(DISTINCT coalesce(l.vendor_id, -l.listing_id)) AS sellers
    FROM listing_observation o JOIN s_listing l USING (listing_id)
    WHERE o.title IS NOT NULL AND CAST(o.observed_at AS date) <= :end
    GROUP BY 1, 2, 3 ORDER BY 4, 1, 2, 3
"""
_PAGES = """
    SELECT DISTINCT ON (l.market, o.title, l.from_countries) l.market, o.title, l.from_countries,
           p.page_id, p.place, a.paths[1] AS path
    FROM listing_observation o
    JOIN s_listing l USING (listing_id)
    JOIN page p USING (page_id)
    JOIN archive a USING (archive_id)
    WHERE o.title = ANY(:titles) AND CAST(o.observed_at AS date) BETWEEN :first AND :end
    ORDER BY l.market, o.title, l.from_countries, o.observed_at, p.page_id
"""
_HANDLES = "SELECT DISTINCT folded FROM vendor"
_WORD = re.compile(r"[a-z0-9]*[a-z]{3,}[a-z0-9]*")
_OFFSET = re.compile(r"#\d+(\+\d+)?")
_LONGEST = 32
_SHORT = 4


class Title(NamedTuple):
    """A title of listings of some countries on a market, first seen at a moment."""

    market: str
    title: str
    countries: Sequence[str]
    first_at: Any
    sellers: Sequence[int]


class Titles:
    """The titles seen until a period's end, and which of them are of the period."""

    def __init__(self, study: Study, span: Span, began: Mapping[str, bool]) -> None:
        """`began` says of each market whether it was captured before: if not, all of it is new."""
        rows = [Title(*row) for row in study.frame(_TITLES).itertuples(index=False)]
        self.study, self.span, self.began = study, span, began
        self.new = [row for row in rows if row.first_at.date() >= span.start]
        self.old = [row for row in rows if row.first_at.date() < span.start]
        rules = study.notes.get("listing_rules") or ListingRules()
        self._mapping: SubstanceMap = rules.mapping

    def substances(self, countries: Sequence[str], lines: Hiding) -> list[Row]:
        """Return substances never named before: everywhere, on a market, or from a country."""
        cells: dict[tuple[str, str, str], list[Title]] = defaultdict(list)
        for row in self.new:
            for cell in self._cells(row, countries):
                cells[cell].append(row)
        unseen = set(cells)
        for row in self.old:
            if not unseen:
                break
            unseen.difference_update(self._cells(row, countries))
        made = []
        for (name, market, country), titles in cells.items():
            # What is new everywhere is new on each market and from each country too.
            wider = market or country
            if (name, market, country) not in unseen or (wider and (name, TOTAL, "") in unseen):
                continue
            if not (self.began.get(market) if market else any(self.began.values())):
                continue
            sellers = {seller for row in titles for seller in row.sellers}
            made.append({
                "substance": name, "group": self._mapping.details[name], "market": market,
                "country": country, **self._first(titles[0]),
                "vendors": None if lines.few(len(sellers)) else len(sellers),
            })  # fmt: skip
        return sorted(made, key=lambda row: (row["market"], row["country"], row["substance"]))

    def words(self, lines: Hiding) -> tuple[list[Row], list[Row]]:
        """Return words never seen before in titles: those that enough vendors use, and the rest."""
        cells: dict[str, list[Title]] = defaultdict(list)
        for row in self.new:
            for word in words_of(row.title):
                cells[word].append(row)
        for row in self.old:
            for word in words_of(row.title):
                cells.pop(word, None)
        handles = [handle for handle in handles_of(self.study) if len(handle) >= _SHORT]
        shown: list[Row] = []
        few: list[Row] = []
        for word, titles in cells.items():
            if not any(self.began.get(row.market) for row in titles):
                continue
            sellers = {seller for row in titles for seller in row.sellers}
            private = lines.few(len(sellers)) or any(h in word or word in h for h in handles)
            first = {"word": word, "market": titles[0].market, **self._first(titles[0])}
            (few if private else shown).append(first | {"vendors": len(sellers)})
        for rows in (shown, few):
            rows.sort(key=lambda row: (-row["vendors"], row["word"]))
        return shown[:MOST_WORDS], few

    def _cells(self, row: Title, countries: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        """Yield what a title names, each with where that may be new."""
        for name in sorted(self._named(row.title)):
            yield name, TOTAL, ""
            yield name, row.market, ""
            for country in countries:
                if country in row.countries:
                    yield name, TOTAL, country

    def _named(self, title: str) -> set[str]:
        return {
            one.substance
            for one in self._mapping.find(title[:RAW])
            if one.level > WEAK and self._mapping.details[one.substance] != NOT_DRUGS
        }

    @cached_property
    def _pages(self) -> dict[tuple[str, str, tuple[str, ...]], Row]:
        """The first page of each title of the period."""
        given = {"titles": [row.title for row in self.new], "first": self.span.start}
        rows = self.study.frame(_PAGES, given).to_dict("records")
        return {(row["market"], row["title"], tuple(row["from_countries"])): row for row in rows}

    def _first(self, title: Title) -> Row:
        page = self._pages[title.market, title.title, tuple(title.countries)]
        day = title.first_at.date()
        return first_page(title.market, day, page["page_id"], page["path"], page["place"])


def first_page(market: str, day: date, page: int, archive: str, place: str) -> Row:
    """Return when and where something was first seen, as far as it may be published.

    A file's name may hold a handle or a listing's number: of the place in an archive only an
    offset is told, and of the archive its own name. The page's key finds the rest.
    """
    offset = _OFFSET.fullmatch(place)
    inside = offset or place.startswith("!/")
    return {
        "first_on": market, "day": str(day), "page": int(page),
        "archive": archive.rstrip("/").rpartition("/")[2] if inside else None,
        "place": place if offset else None,
    }  # fmt: skip


def handles_of(study: Study) -> set[str]:
    """Return the handles of all vendors, folded and without what parts their words."""
    return {fold(handle).replace(" ", "") for handle in study.frame(_HANDLES)["folded"]}


def words_of(title: str) -> set[str]:
    """Return the words of a title that may be news: of letters, not of an amount."""
    return {
        word
        for word in fold(title).split()
        if len(word) >= _SHORT and len(word) <= _LONGEST and _WORD.fullmatch(word)
    }
