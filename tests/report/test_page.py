"""A page made of parts: whole, self-contained, everything escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.language import CODES, language
from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.page import Report, render
from cryptodrug_scraper.report.parts import (
    SUPPRESSED,
    Column,
    Drawing,
    Method,
    Section,
    Table,
    build_table,
)

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("<>&\"'`=/\u202e\u2066\u2069\u200f\u061c\x00\x1b\x85\ud800\n{}%"),
        st.characters(),
    ),
    min_size=1,
    max_size=20,
)
TRICKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title></svg><b>",
    "{{ 7*7 }}{% raw %}",
    "\u202egnp.exe\u2066",
    "a&lt;b&#x202e;",
]


DRAWN = {"g", "path", "use", "defs", "clippath", "rect", "pattern"}


def page(handle: str, code: str = "en") -> str:
    """Return a page with a text of a market in every place that can hold one."""
    lang = language(code)
    columns = [Column("who", handle), Column("n", "n", "count"), Column("what", handle)]
    rows: list[dict[str, Any]] = [
        {"who": handle, "n": 7, "what": handle},
        {"who": handle, "n": SUPPRESSED, "what": None},
    ]
    series = [figures.Series(handle, [1.0, None]), figures.Series("b", [2.0, 3.0])]
    svg = figures.bars(lang, [handle, "b"], series, kind="count", label=handle)
    section = Section(
        "one",
        handle,
        findings=[handle],
        caveats=[handle],
        drawings=[Drawing("first", svg, handle), Drawing("second", svg, handle)],
        tables=[build_table(lang, "t", handle, columns, rows, [handle])],
        methods=[
            Method(handle, handle, [handle], handle, [("work-1", handle)], [(handle, "1")]),
        ],
    )  # fmt: skip
    return render(
        Report(
            handle,
            handle,
            [("one", handle, handle)],
            [section],
            [handle],
            5,
            "0",
            [handle],
            [("work-1", handle)],
        ),
        lang,
    )


class Reader(HTMLParser):
    """Collects what a browser would see of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.drawing = False
        self.asked: list[str] = []
        self.drawn: list[str] = []  # ids in drawings

    def handle_endtag(self, tag: str) -> None:
        self.drawing &= tag != "svg"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if self.drawing and (tag in DRAWN or tag == "svg"):
            self.drawn += [value or "" for name, value in attributes if name == "id"]
            self.asked += [value or "" for name, value in attributes if name.endswith("href")]
            return  # of letters drawn as paths there are as many as a text has
        self.drawing |= tag == "svg"
        self.tags.append(tag)
        self.attributes += attributes
        self.ids += [value or "" for name, value in attributes if name == "id"]

    def handle_data(self, data: str) -> None:
        self.words += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


PLAIN = read(page("plain"))


@pytest.mark.parametrize("trick", TRICKS)
def test_texts_of_pages_are_shown_and_nothing_else(trick: str) -> None:
    got = read(page(trick))
    assert got.tags == PLAIN.tags
    assert not [v for n, v in got.attributes if n != "aria-label" and "alert" in str(v)]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", got.words)
    if "script" in trick:
        assert trick in got.words


@settings(deadline=None, max_examples=25)
@given(HOSTILE)
def test_hostile_texts_change_no_tag(text: str) -> None:
    raw = page(text)
    raw.encode("utf-8")
    got = read(raw)
    assert got.tags == PLAIN.tags
    assert [name for name, _ in got.attributes] == [name for name, _ in PLAIN.attributes]
    assert got.ids == PLAIN.ids
    assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x00\x1b]", raw)


def test_the_page_asks_for_nothing() -> None:
    raw = page("plain")
    assert "<script" not in raw
    assert "default-src 'none'" in raw
    assert not re.search(r"https?:|//[a-z]|@import|@font-face|<link|<img|<iframe", raw)
    for address in re.findall(r"url\(([^)]*)\)", raw):
        assert address.startswith("#")
    got = read(raw)
    asked = [v or "" for n, v in got.attributes if n in ("src", "href", "xlink:href", "action")]
    assert got.asked
    assert [address for address in asked + got.asked if not address.startswith("#")] == []


@pytest.mark.parametrize("code", CODES)
def test_structure(code: str) -> None:
    got = read(page("plain", code))
    assert ("lang", code) in got.attributes
    assert len(got.ids + got.drawn) == len({*got.ids, *got.drawn})
    targets = {value for name, value in got.attributes if name in ("href", "xlink:href")}
    assert {(t or "#").removeprefix("#") for t in targets} <= set(got.ids)
    assert got.tags.count("caption") == got.tags.count("table") == 1
    assert got.tags.count("th") == len([value for name, value in got.attributes if name == "scope"])
    assert got.tags.count("h1") == 1


def test_the_same_parts_make_the_same_page() -> None:
    assert page("plain") == page("plain")


def test_works_are_in_english_wherever_they_stand() -> None:
    assert '<ul class="literature" lang="en">\n<li id="work-1">words</li>' in page("words", "fr")


COLUMNS = [Column("who", "Who"), Column("n", "N", "count"), Column("part", "Part", "share")]


@pytest.mark.parametrize("code", CODES)
def test_a_group_without_a_number_to_show_is_named_alone(code: str) -> None:
    lang = language(code)
    rows: list[dict[str, Any]] = [
        {"of": "Shut", "who": "first row", "n": SUPPRESSED, "part": SUPPRESSED},
        {"of": "Shut", "who": "second row", "n": SUPPRESSED, "part": None},
        {"of": "Open", "who": "third row", "n": 0, "part": SUPPRESSED},
        {"of": "Bare", "who": "fourth row", "n": None, "part": None},
    ]
    table = build_table(lang, "some", "Some", COLUMNS, rows, group="of")
    assert [heading for heading, _ in table.shown] == ["Open", "Bare"]
    assert table.hidden == ["Shut"]
    html = render(one_table(table), lang)
    assert "first row" not in html
    assert "third row" in html
    assert lang.text("table.untold_groups", groups=["Shut"]) in html


def test_a_table_without_a_number_to_show_says_so() -> None:
    lang = language("en")
    rows = [{"who": "first row", "n": SUPPRESSED, "part": SUPPRESSED}]
    html = render(one_table(build_table(lang, "some", "Some", COLUMNS, rows)), lang)
    assert "first row" not in html
    assert "Every number of this table rests on fewer than 5 vendors" in html
    assert "c: confidential" not in html


def one_table(table: Table) -> Report:
    section = Section("one", "One", tables=[table])
    return Report("Title", "Scope", [("one", "One", "Said.")], [section], [], 5, "1")
