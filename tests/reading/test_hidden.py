"""Comments and scripts are left out of a page's markup, and no element is ever hidden with them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.hidden import markup_of
from cryptodrug_scraper.reading.limits import too_costly
from tests.reading.corpus import all_pages

_PIECES = """
    <!-- --> <!--> <!---> --!> <!--! <! <? </ < > -- - ! " ' = =" =' ="> <div> <div <DIV></div> x /
    <script> <SCRIPT> </script> </script </scripty> <script/> <style> </style> <title> </title>
    <textarea> </textarea> <noscript> </noscript> <select> </select> <option> <table> <tr> </table>
    <svg> </svg> <math> </math> <a> <a <p> <xmp> </xmp> <iframe> </iframe> <template> </template>
    <frameset> <body> <head> </head> <plaintext>
"""
PIECES = _PIECES.split()
soups = st.lists(st.sampled_from([*PIECES, " ", "\n", "\v"]), max_size=24).map("".join)


@settings(max_examples=1_500, deadline=None)
@given(soups)
def test_no_element_is_hidden(soup: str) -> None:
    markup = markup_of(soup.encode())
    if markup is not None:
        elements = LexborHTMLParser(f"<body>{soup}").css("div")
        assert len(elements) <= markup.count(b"<div")


def test_what_is_hidden_in_pages_is_left_out() -> None:
    hidden = b"<!-- <div><b> --><script>x = '<div><i>'; // <!--\n</script>"
    for page in all_pages():
        if (markup := markup_of(page.body)) is None:
            continue
        changed = page.body.replace(b"</head>", b"</head>" + hidden).replace(
            b"</a>", b"</a>" + hidden
        )
        assert (markup_of(changed) or b"").count(b"<div") == markup.count(b"<div"), page.name


@pytest.mark.parametrize(
    "hidden",
    [
        b"<!-- <div> -->",
        b"<script>document.write('<div>')</script>",
        b"<SCRIPT type='text/javascript'><!-- '<div>' // --></SCRIPT>",
        b"<!-- <b> --><p>x</p>",
    ],
)
def test_tags_in_comments_and_scripts_are_no_reason_to_refuse(hidden: bytes) -> None:
    page = b"<html><body>" + hidden * 3_000 + b"<div>x</div></body></html>"
    assert too_costly(page) is None
    assert len(Document(page).css("div")) == 1
    assert too_costly(page + b"<div>" * 1_000) is not None
    assert too_costly(page.replace(b"<body>", b"<body>" + b"<div>" * 1_000)) is not None
