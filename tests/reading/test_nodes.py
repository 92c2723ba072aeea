"""Elements are told apart by where they stand, whatever else stands between."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.links import path_of
from cryptodrug_scraper.reading.nodes import (
    cells_of,
    children,
    enclosing,
    in_menu,
    inner,
    labelled,
    own_text,
    topmost,
    words,
)
from cryptodrug_scraper.reading.reader import Reader


def first(markup: str, selector: str) -> LexborNode:
    node = LexborHTMLParser(markup).css_first(selector)
    assert node is not None
    return node


def ids(nodes: list[LexborNode]) -> list[str | None]:
    return [node.id for node in nodes]


def test_children_are_of_the_tags_that_are_named_and_no_deeper() -> None:
    node = first(
        "<div><p id=a>x<b><p id=no></b></p><!-- c -->t<i id=b></i><p id=c></p></div>", "div"
    )
    assert ids(list(children(node, "i", "p")))[0] == "a"
    assert ids(list(children(node, "i"))) == ["b"]
    assert list(children(node, "td")) == []


def test_cells_are_headings_and_data() -> None:
    row = first("<table><tr><th id=a>x<td id=b><table><tr><td id=no></table></table>", "tr")
    assert ids(cells_of(row)) == ["a", "b"]


def test_an_inner_element_is_a_child_before_one_that_stands_deeper() -> None:
    node = first("<div><p><a id=deep></a></p><a id=child></a></div>", "div")
    assert (child := inner(node, "a")) is not None and child.id == "child"
    deep = inner(first("<div><p><a id=deep></a></p></div>", "div"), "a")
    assert deep is not None and deep.id == "deep"
    assert inner(node, "td") is None


def test_texts_of_an_element_with_and_without_what_is_in_it() -> None:
    node = first("<p> Level\xa0 <b>7 </b>\n of 9</p>", "p")
    assert words(node) == "Level 7 of 9"
    assert " ".join(own_text(node).split()) == "Level of 9"


def test_the_nearest_element_around() -> None:
    button = first("<form id=f><ul><li id=i><span><button>", "button")
    assert (item := enclosing(button, "form", "li")) is not None and item.id == "i"
    assert (form := enclosing(button, "form")) is not None and form.id == "f"
    assert enclosing(button, "table") is None


def test_none_of_the_topmost_stands_in_another() -> None:
    node = first(
        "<main><p id=a><div id=b class=x><div class=x></div></div><i class=x id=c>", "main"
    )
    assert ids(topmost(node, ".x")) == ["b", "c"]
    deep = first("<main>" + "<div class=x>" * 300 + "</main>", "main")
    assert len(topmost(deep, ".x")) == 1


def test_links_of_menus_are_known_at_any_depth_and_by_what_was_seen_before() -> None:
    tree = LexborHTMLParser(
        "<nav><ul><li><a id=a></ul></nav><div class='my-navbar'><a id=b></a></div>"
        "<main><p><a id=c></a><a id=d></a></p></main><footer><a id=e></a></footer>"
    )
    known: dict[int, bool] = {}
    assert [a.id for a in tree.css("a") if in_menu(a, known)] == ["a", "b", "e"]
    assert [a.id for a in tree.css("a") if in_menu(a, known)] == ["a", "b", "e"]


def test_the_path_of_a_link_has_its_query_and_no_host() -> None:
    assert path_of(first("<a href='http://x.onion/offer/7?page=2#top'>", "a")) == "/offer/7?page=2"
    assert path_of(first("<a href='mailto:x@y'>", "a")) == ""
    assert path_of(first("<a>", "a")) == ""


def test_rows_have_cells_and_the_row_of_a_cut_is_none() -> None:
    markup = "<html><body><table><tr><th>a<td>b</tr><tr></tr><tr><td>c</tr><tr><td>d"
    for end, count in (("</table></body></html>", 3), ("", 2)):
        document, reader = Document((markup + end).encode()), Reader(None, [])
        reader.open_page(document)
        table = document.first("table")
        assert table is not None
        assert [words(row[-1]) for row in reader.rows(table)] == ["b", "c", "d"][:count]


def test_rows_of_label_and_value() -> None:
    def rows(markup: str) -> list[tuple[str, str | None]]:
        block = first(f"<section>{markup}</section>", "section > *")
        pairs = labelled(block)
        return [(label, words(value) if value is not None else None) for label, value in pairs]

    expected: list[tuple[str, str | None]] = [("Price", "5 USD"), ("Views", None), ("Sold", "3")]
    assert expected == rows(
        "<dl><dt>Price:</dt><!-- 1 --><dd>5 <b>USD</b></dd><dt>Views</dt><dt>Sold :<dd>3</dl>"
    )
    assert expected[::2] == rows(
        "<dl><div><dt>Price</dt><dd>5 USD</dd></div><div><dt>Sold</dt><dd>3</dd></div></dl>"
    )
    assert [*expected, ("a text", None)] == rows(
        "<div><p><label>Price:</label><span>5 USD</span></p><p><label>Views</label></p>"
        "<p><i><label>Sold</label></i><span>3</span></p><p>a text</p><p></p></div>"
    )
    assert list(labelled(None)) == []
