"""Pages that are built to be slow are refused, and no others."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from cryptodrug_scraper.reading.document import Document, TooCostly
from cryptodrug_scraper.reading.limits import MAX_BYTES, too_costly
from parsers import parse_page
from tests.reading.corpus import fixture_pages

ATTRIBUTES = b" ".join(b"a%d" % n for n in range(60_000))
FONTS = b"".join(b"<font color=%d>" % n for n in range(200_000))
TEXT = b"a word and another " * 20_000


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 1_000_000,
        b"<ul><li>" * 500_000,
        b"<b><i><a href=x><div>" * 200_000,
        FONTS,
        b"<DIV></x>" * 500_000,
        b"<select>" + b"<option>" * 20_000,
        b"<p " + ATTRIBUTES + b">",
        b'<p title=">" ' + ATTRIBUTES + b">",
        b'<p title="<" ' + ATTRIBUTES + b">",
        b"<p " + ATTRIBUTES.replace(b" ", b"/") + b">",
        b"<p " + ATTRIBUTES.replace(b" ", b'="x"') + b">",
        b" " * (MAX_BYTES + 1),
        b"".join(b"<p><font color=c%d>x" % n for n in range(1_000)),
        b"<b>" * 400 + b"<p>x<div></b>" * 1_000,
        FONTS[:8_000] + b"<p>x" * 20_000,
        b"<optgroup>x" * 20_000,
        b"<p>" + b"Price of it<th scope=row>" * 30_000,
        b"<p>" + b"Price of it</x>" * 40_000,
        b"<p>" + b"<th colspan=2>Price of it</th>" * 30_000,
        b"<p>" + b"<colgroup>Price of it<col></colgroup>" * 20_000,
        b"<select>" + b"of letters<b class=x>x</b>" * 30_000,
        b"<select>" + b"of letters<b class=x>" * 30_000,
        b"".join(b"<x%d></x%d>" % (n, n) for n in range(20_000)),
        b"".join(b"<i a%d=1></i>" % n for n in range(20_000)),
        b"".join(b"<i a%d></i>" % n for n in range(20_000)),
        b"".join(b"<body a%d=1>" % n for n in range(6_000)),
        b"<select>" + b"<!--<select>--><option>x" * 20_000,
        b"<select>" + b"<optgroup label=x><option>y</optgroup>" * 20_000,
        b"<span>" * 400 + TEXT * 2 + b"</span>" * 400,
        b"<div>" * 200 + b"<a href=x>y</a>" * 60_000,
        ("<div>" * 100_000).encode("utf-16"),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_pages_built_to_be_slow_are_refused(body: bytes) -> None:
    with pytest.raises(TooCostly):
        Document(body)
    page = parse_page(body)
    assert page.kind == "unknown"
    assert [notice.field for notice in page.warnings] == ["kind"]


@pytest.mark.parametrize(
    "body",
    [
        b"<p>" + TEXT + b"</p>",
        b'<p title="it\'s > that">' + TEXT + b"</p>",
        b'<img src="data:image/png;base64,' + b"iVBORw0/KGgo" * 40_000 + b'"><p>x</p>',
        b"<table>" + b"<tr><td>x<td>y<br>" * 20_000 + b"</table>",
        b"<p>" * 20_000,
        b"<ul>" + b"<li><a href=x>y</a></li>" * 20_000 + b"</ul>",
        b"<p><b>" + b"<p>x<br>" * 20_000,
        b"<p><font color=red><b>" + b"<p>word</b></x> " * 10_000,
        b"<table>" + b"<tr><td><font color=red>x</font></td></tr>" * 20_000 + b"</table>",
        b"".join(b'<a href="/x/%d" title="a word %d">x</a>' % (n, n) for n in range(20_000)),
        b"a < b and c > d " * 30_000,
        b"<select>" + b"<option value=12>Place" * 5_000 + b"</select>" + b"<option>x" * 700,
        b"<tr><td><select><option>1<option>2<option>3</select></table><table>" * 20_000,
        b"<div>" * 30 + TEXT * 10 + b"<a href=x>y</a>" * 60_000 + b"</div>" * 30,
        b"<div><p>a card that is never closed" * 130 + TEXT,
        b"<b>a mark that is left open" + b"<div><i>x</i></div>" * 200_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_large_honest_pages_are_read(body: bytes) -> None:
    assert too_costly(body) is None


MANY = 6_000


def test_as_many_reviews_as_a_page_has_are_read() -> None:
    tried = set()
    for sample in fixture_pages():
        page = sample.parsed()
        if not page.reviews or (sample.market, page.kind) in tried:
            continue
        for node in LexborHTMLParser(sample.body).css("tr"):
            row = (node.html or "").encode()
            few = sample.parsed(sample.body.replace(row, row * 3, 1))
            if row in sample.body and len(few.reviews) == len(page.reviews) + 2:
                many = sample.parsed(sample.body.replace(row, row * MANY, 1))
                assert len(many.reviews) == len(page.reviews) + MANY - 1, sample.name
                tried.add((sample.market, page.kind))
                break
    assert len(tried) > 2
