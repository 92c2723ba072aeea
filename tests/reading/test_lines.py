"""A page is cut into the lines that a reader sees, whatever elements hold them."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from cryptodrug_scraper.reading.lines import (
    NO_LIMIT,
    Icon,
    cell_text,
    heading_text,
    inline_text,
    lines_of,
    long_text,
    plain_label,
)
from cryptodrug_scraper.reading.nodes import class_names


def first(markup: str, selector: str = "body") -> LexborNode:
    node = LexborHTMLParser(markup).css_first(selector)
    assert node is not None
    return node


@pytest.mark.parametrize(
    "markup",
    [
        "Views: 7<br>Stock: <b>9</b> pieces",
        "<p>Views: 7</p><div><span>Stock:</span> 9 pieces</div>",
        "<ul><li> Views:  7<li>Stock:\n9 pieces</ul>",
        "<table><tr><td>Views:<td>7<tr><td>Stock:<td>9 pieces</table>",
    ],
    ids=["breaks", "blocks", "list", "table"],
)
def test_lines_end_at_breaks_and_blocks(markup: str) -> None:
    assert [line.text for line in lines_of(first(markup))] == ["Views: 7", "Stock: 9 pieces"]


def test_icons_links_rules_and_headings_are_kept() -> None:
    markup = (
        "<h2>Info</h2><hr><p><i class='x ion-log-out' title=From></i> Oz <a href=/u>u</a></p>"
        "<p>to <i class=ion-ios-infinite></i></p>"
    )
    heading, line, endless = lines_of(first(markup))
    assert (heading.heading, heading.rules, line.heading, line.rules) == (True, 0, False, 1)
    assert line.icons == [Icon("ion-log-out", "From")] and len(line.links) == 1
    assert endless.text == f"to {NO_LIMIT}"


def test_menus_and_buttons_are_no_lines_and_a_market_may_name_others() -> None:
    page = first("<nav>n</nav><p>a <button>buy</button></p><ol class=own><li>b</ol><ol><li>c</ol>")
    assert [line.text for line in lines_of(page)] == ["a", "b", "c"]
    mine = lines_of(page, skip={"ol": lambda node: "own" in class_names(node)})
    assert [line.text for line in mine] == ["a buy", "c"]


def test_lines_after_an_element_end_where_they_are_stopped() -> None:
    page = first("<div><h1>t</h1></div><p>a</p><p>b</p><table><tr><td>c</table>")
    start, stop = page.css_first("h1"), page.css_first("table")
    assert start is not None and stop is not None
    lines = lines_of(start, after=True, stops={stop.mem_id})
    assert [line.text for line in lines] == ["a", "b"]


def test_texts_on_one_line() -> None:
    cell = first("<table><tr><td>1 - <i class=ion-ios-infinite></i></table>", "td")
    assert cell_text(cell) == f"1 - {NO_LIMIT}"
    title = first("<h1>Ma<b>ny</b> <i>words</i></h1>", "h1")
    assert inline_text(title) == "Many words"
    assert heading_text(first("<h2> Prices : </h2>", "h2")) == "prices"
    assert plain_label(" Last-Online: ") == "last online"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<div>a\nb</div>", "a\nb"),
        ("<div>a\nb<br>c<br>d</div>", "a b\nc\nd"),
        ("<div><p>a</p><p>b<br>c</p></div>", "a\nb\nc"),
        ("<div><pre>a\n b</pre><p>c</p><p>d</p></div>", "a\n b\nc\nd"),
        ("<div> </div>", None),
    ],
    ids=["source", "breaks", "blocks", "kept", "empty"],
)
def test_long_texts_break_where_a_browser_breaks_them(markup: str, text: str | None) -> None:
    assert long_text(first(markup, "div")) == text


def test_what_is_no_text_of_the_vendors_is_left_out() -> None:
    node = first("<div><h3>Refund</h3><p>a</p></div>", "div")
    heading = node.css_first("h3")
    assert heading is not None
    assert long_text(node, leave_out={heading.mem_id}) == "a"
