"""Text is decoded as the market meant it, and cut into lines where the page breaks them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cryptodrug_scraper.reading.document import (
    block_text,
    fold,
    lines,
)
from cryptodrug_scraper.reading.encoding import decode
from parsers import parse_page


@settings(deadline=None)  # the first page loads the markets
@given(st.binary(max_size=400))
def test_any_bytes_can_be_decoded_and_parsed(body: bytes) -> None:
    decode(body)
    page = parse_page(body)
    assert not any(notice.field == "page" for notice in page.warnings)


@given(
    st.lists(
        st.sampled_from(
            [
                "<div>",
                "</div>",
                "<table>",
                "<tr>",
                "<td>",
                "</table>",
                "<form>",
                "<a href='x'>",
                "</a>",
                "<p class=content>",
                "<pre>",
                "text",
                "<br>",
                "<!--",
                "-->",
                "<ul>",
                "<li>",
                "<select>",
                "<option>",
                "\x00",
                "é",
                "<h1>",
                "<h4>",
                "&amp;",
                "<b>",
                "<script>",
            ]
        ),
        max_size=60,
    )
)
def test_tag_soup_is_read_by_every_market_without_a_defect(soup: list[str]) -> None:
    from parsers import markets

    body = "".join(soup).encode()
    for market in markets():
        page = parse_page(body, market=market)
        assert not any(notice.field == "page" for notice in page.warnings), page.warnings


def test_white_space() -> None:
    assert fold(" a\xa0 b\n\tc ") == "a b c"
    assert fold("Ã\x85 a") == "Ã\x85 a", "a piece of a broken accent"
    assert lines("\r\n a  \r\n  b \n") == "a  \n  b"
    assert lines(" \n ") is None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<pre>a\n  b </pre>", "a\n  b"),
        ("<div>a<br>b<br/>c</div>", "a\nb\nc"),
        ("<div><p>a</p><p>b <i>c</i></p></div>", "a\nb c"),
        ("<div> </div>", None),
    ],
)
def test_block_text_breaks_lines_where_the_page_does(html: str, text: str | None) -> None:
    node = LexborHTMLParser(html).css_first("body > *")
    assert node is not None
    assert block_text(node) == text
