"""Panels that are known are left out of a page's tree, and nothing is read otherwise."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.panels import LONGEST, MOST, CachedPanel
from cryptodrug_scraper.reading.reader import Reader
from parsers import markets, parse_page
from tests.reading.corpus import all_pages

MENU = """<ul class="menu"><li><a href="/c/1">One<span>1</span></a></li>
<li><a href="/c/2">Two</a><li><a href="/c/1">One</a></ul>"""
OPENING = '<ul class="menu"'


def page(before: str = "", behind: str = "", menu: str = MENU) -> bytes:
    return f"<html><body>{before}{menu}{behind}</body></html>".encode()


def texts(node: LexborNode) -> tuple[tuple[str, ...], bool]:
    return tuple([link.text() for link in node.css("a")]), True


class Reads:
    """Reads pages with one panel, and counts how often the panel itself was read."""

    def __init__(self, opening: str = OPENING, selector: str = "ul.menu") -> None:
        self.panel = CachedPanel[tuple[str, ...]](opening, selector)
        self.count = 0

    def page(
        self, body: bytes, read: Callable[[LexborNode], tuple[tuple[str, ...], bool]] = texts
    ) -> tuple[tuple[str, ...] | None, list[str]]:
        def counted(node: LexborNode) -> tuple[tuple[str, ...], bool]:
            self.count += 1
            return read(node)

        document = Document(body, None, [self.panel])
        value = self.panel.read(document, Reader(None, []), counted)
        return value, document.hrefs(document.css("a"))


def test_a_panel_is_read_once_and_its_links_stand_in_their_place() -> None:
    reads = Reads()
    body = page('<a href="/a">a</a>', '<a href="/b">b</a><a href="/c/2">again</a>')
    expected = (("One1", "Two", "One"), ["/a", "/c/1", "/c/2", "/b"])
    assert [reads.page(body) for _ in range(4)] == [expected] * 4
    assert reads.count == 1
    other = page("<p>of another page</p>", '<a href="/d">d</a>')
    assert reads.page(other) == (expected[0], ["/c/1", "/c/2", "/d"])
    assert reads.page(page(menu=MENU.replace("Two", "Three")))[0] == ("One1", "Three", "One")
    assert reads.count == 2
    assert reads.page(b"<html><body>none</body></html>") == (None, [])


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("<!-- ", " -->"),
        ("<script>", "</script>"),
        ("<textarea>", "</textarea>"),
        ("<title>", "</title>"),
        ("<p title='", "'>x</p>"),
        ("<select>", "</select>"),
        ("<!-- ", f" -->{MENU.replace('Two', 'Three')}"),
        ("<div title='", f"'>{MENU.replace('Two', 'Three')}</div>"),
    ],
)
def test_a_panel_that_is_none_on_its_page_is_none(before: str, behind: str) -> None:
    reads = Reads()
    reads.page(page())
    body = page(before, behind)
    assert reads.page(body) == Reads().page(body)


@pytest.mark.parametrize(
    ("opening", "closing"),
    [(f"<{name}>", "") for name in ("a", "p", "b", "form", "button", "h2", "table", "i", "li")]
    + [('<table><tr><td><a href="/x">', "</table>"), ("<b><p>", "</b>"), ("<form>", "</form>")],
)
def test_what_is_open_before_a_panel_ends_where_it_did(opening: str, closing: str) -> None:
    """The texts behind it stand in the same elements, whether the panel is left out or not."""

    def around(document: Document) -> list[str]:
        behind = document.first("em")
        above = behind.parent if behind is not None else None
        found = []
        while above is not None and above.tag not in ("html", "-undef"):
            found.append(above.tag or "")
            above = above.parent
        return found

    menu = '<div class="menu"><form><a href="/1">1</a><p>x<li>y<button>z</button></form></div>'
    menus = (MENU, menu, menu.replace("form>", "h2>").replace("button", "label"))
    for markup in menus:
        reads = Reads(markup[:17], ".menu")
        reads.page(page(menu=markup))
        body = page(opening, f"<em>x</em>{closing}", markup)
        short = Document(body, None, [reads.panel])
        assert around(short) == around(Document(body))


def test_what_rests_on_more_than_the_panel_is_read_each_time() -> None:
    reads = Reads()
    for _ in range(3):
        reads.page(page(), lambda node: (texts(node)[0], False))
    assert reads.count == 3


def test_what_gives_a_notice_gives_it_each_time() -> None:
    panel = CachedPanel[None](OPENING, "ul.menu")

    def notices() -> int:
        reader = Reader(None, [])
        document = Document(page(), None, [panel])
        panel.read(document, reader, lambda _: (reader.warn("x", "odd"), True))
        return len(reader.notices)

    assert [notices() for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(
    "menu",
    [
        MENU.removesuffix("</ul>"),
        MENU.replace("Two", "<b>Two"),
        MENU.replace("Two", "<script>Two</script>"),
        MENU.replace("Two", "<plaintext>"),
        MENU.replace("</ul>", "</ul </li>"),
        MENU.replace("Two", "x" * LONGEST),
        MENU.replace("<li>", "</div><li>", 1),
    ],
)
def test_a_panel_that_reaches_beyond_itself_reads_as_it_does_alone(menu: str) -> None:
    reads = Reads()
    body = page("<div>", '</div><a href="/z">z</a>', menu)
    alone = Reads().page(body)
    assert [reads.page(body) for _ in range(4)] == [alone] * 4


def test_a_panel_within_another() -> None:
    inner = '<div class="rates">own<table><tr><td>1</table><a href="/r">r</a></div>'
    outer = f'<div class="side">side<a href="/1">1</a>{inner}<a href="/2">2</a></div>'
    panels = [
        CachedPanel[str]('<div class="side"', ".side"),
        CachedPanel[str]('<div class="rates"', ".rates"),
    ]

    def own(node: LexborNode) -> tuple[str, bool]:
        return node.text(deep=False), True

    found = []
    for body in [page(menu=outer)] * 4 + [page(menu=inner)] * 2 + [page(menu=outer)] * 2:
        document = Document(body, None, panels)
        reader = Reader(None, [])
        values = [panel.read(document, reader, own) for panel in panels]
        found.append((values, document.hrefs(document.css("a"))))
    assert found[0] == (["side", "own"], ["/1", "/r", "/2"])
    assert found[1:4] == [found[0]] * 3
    assert found[4:6] == [([None, "own"], ["/r"])] * 2
    assert found[6:8] == [found[0]] * 2
    assert len(Document(page(menu=outer), None, panels).known) == 2


def test_few_are_kept_and_those_that_never_come_back_cost_little() -> None:
    reads = Reads()
    for n in range(40 * MOST):
        menu = MENU.replace("Two", f"Number {n}")
        assert reads.page(page(menu=menu))[0] == ("One1", f"Number {n}", "One")
    assert len(reads.panel._kept) <= 32  # it is tried less and less often


TAGS = [
    "a",
    "b",
    "form",
    "select",
    "textarea",
    "p",
    "div",
    "li",
    "svg",
    "button",
    "h1",
    "option",
    "dd",
]
PIECES = st.sampled_from(
    [
        MENU,
        MENU[:30],
        "<table><tr><td>",
        "</table>",
        "<!--",
        "-->",
        "</ul>",
        "text",
        "<a href='/x'>",
    ]
    + [f"<{end}{name}>" for end in ("", "/") for name in TAGS]
)


@given(st.lists(PIECES, max_size=12))
def test_any_page_reads_the_same_with_a_known_panel(pieces: list[str]) -> None:
    warm = Reads()
    warm.page(page())
    body = f"<html><body>{''.join(pieces)}<em>x</em></body></html>".encode()
    assert warm.page(body) == Reads().page(body)
    short, full = Document(body, None, [warm.panel]), Document(body)
    path = []
    for document in (short, full):
        node = document.first("em")
        tags = []
        while node is not None:
            tags.append(node.tag)
            node = node.parent
        path.append(tags)
    assert path[0] == path[1]


def test_pages_read_after_others_give_what_they_give_alone() -> None:
    samples = all_pages()
    first = {}
    for sample in samples:
        page = sample.parsed()
        first[sample.name] = page.to_dict()
        page.categories.clear()
        page.listings.clear()
        page.links.clear()
    for seed in range(3):  # the first time they come back, panels are made known
        random.Random(seed).shuffle(samples)
        for sample in samples:
            assert sample.parsed().to_dict() == first[sample.name], sample.name


def test_panels_are_met_on_the_pages_of_their_market() -> None:
    for market in markets().values():
        samples = [sample for sample in all_pages() if sample.market == market.name]
        for sample in samples:
            for _ in range(3):
                parse_page(sample.body, market=market.name)
        for panel in market.panels:  # some stand on real pages only, which may not be here
            bodies = [s.body for s in samples if LexborHTMLParser(s.body).css_first(panel.selector)]
            assert any(map(panel.find, bodies)) == bool(bodies), panel.selector
