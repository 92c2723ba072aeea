# ruff: noqa: E501 - markup reads better on long lines
"""Wall Street Market: walls, saved copies, and pages that are broken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.reading.document import Document
from parsers import parse_page
from parsers.wall_street import MARKET
from tests.parsers.test_wall_street import PAGES, about, offer, records
from tests.parsers.test_wall_street_variants import CAPTURED, SITE, parse, profile_page

# -- walls and kinds -------------------------------------------------------------------------

FRAME = '<form action="/logout"></form><form><ol class="tree"><button name="menuCatT" value="1">A 1</button></ol></form>'


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<form><input name='form[username]'><input name='form[captcha]'></form>", "login"),
        ("<form><input name='form[captcha]'></form>", "challenge"),
        (f"{FRAME}<form><input name='form[captcha]'></form>", "challenge"),
        ("<div class='wms_captcha_field'><input id='captcha_input'></div>", "challenge"),
        ("<html><head><meta http-equiv='refresh' content='3'></head><body>Wait</body></html>", "challenge"),
        (f"{FRAME}<div class=alert>The offer could not be found.</div>", "not_found"),
        (f"{FRAME}<p>This user does not exist!</p>", "not_found"),
        (f"{FRAME}<p>This offer is no longer available</p>", "not_found"),
        ("<title>An Error Occurred: Not Found</title><h1>Oops! An Error Occurred</h1>"
         '<h2>The server returned a "404 Not Found".</h2>', "not_found"),
        ("<title>An Error Occurred: Internal Server Error</title><h1>Oops! An Error Occurred</h1>"
         '<h2>The server returned a "500 Internal Server Error".</h2>', "error"),
        ("<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1>"
         "</center><hr><center>nginx</center></body></html>", "error"),
        ("<html><head><title>504 Gateway Time-out</title></head><body></body></html>", "error"),
        ("<h1>Service Unavailable</h1>", "error"),
        ("<h1>THE HIDDEN SITE HAS BEEN SEIZED</h1>", "error"),
        ("<h1>Maintenance</h1><p>Back soon.</p>", "error"),
        (FRAME, "index"),
        (f"{FRAME}<h3>News</h3><p>Dream Market has been seized? No. Maintenance on Sunday. The vendor "
         "x was removed.</p>", "index"),
        (f"{FRAME}<form><select name='form[catT]'></select></form>No offers found", "search"),
        ("", "unknown"),
        ("<p>hello</p>", "unknown"),
    ],
)  # fmt: skip
def test_kinds(html: str, kind: str) -> None:
    page = parse_page(
        html.encode(), market="wall_street", url=f"{SITE}/index", captured_at=CAPTURED
    )
    if kind == "not_found":
        page = parse_page(html.encode(), market="wall_street", captured_at=CAPTURED)
    assert (page.kind, bool(page.kind_reason)) == (kind, True)
    assert page.vendors == [] and page.listings == []


def test_a_vendors_words_make_no_wall() -> None:
    words = "This offer does not exist. 404 not found. 502 Bad Gateway. Site has been seized. form[captcha]"
    got = parse(offer(tab=words))
    assert (got["kind"], got["listings"][0]["description"]) == ("listing", words)
    got = parse(profile_page("badge", "plain", "info", words))
    assert (got["kind"], got["vendors"][0]["profile"]) == ("vendor", words)


def test_a_profile_that_does_not_exist_is_no_profile() -> None:
    got = parse(f"{FRAME}<h2>The user ghost does not exist</h2>", f"{SITE}/profile/ghost")
    assert (got["kind"], got["vendors"]) == ("not_found", [])


def test_other_markets_and_other_pages_are_not_recognised(real_pages: Path) -> None:
    for page in sorted(real_pages.rglob("*.html")):
        assert not MARKET.recognises(Document(page.read_bytes())), page


@pytest.mark.parametrize(
    "html",
    [
        "", "<p>Wall Street Market</p>", "<title>Wall Street Market seized by police</title>",
        "<h1>menuCatT form[captcha] h1.fheading</h1>", '<a href="/offer/1">x</a>',
        '<pre>name="menuCatT" class="fheading" wms_captcha_field</pre>',
        "<h2>alice</h2><a href='/profile/alice'>x</a>", "<form><input name='form[_token]'></form>",
        '<title>News</title><p>Wall Street Market was seized.</p>' + "<p>Long text here.</p>" * 200,
    ],
)  # fmt: skip
def test_arbitrary_pages_are_not_recognised(html: str) -> None:
    assert not MARKET.recognises(Document(html.encode()))


# -- saved copies ----------------------------------------------------------------------------


def copies(html: str) -> dict[str, str]:
    """The same page as tools save it."""
    return {
        "lxml": str(BeautifulSoup(html, "lxml")),
        "html.parser": str(BeautifulSoup(html, "html.parser")),
        "pretty": re.sub(r">\s*\n\s*<", ">\n<", html),
        "minimal": BeautifulSoup(html, "lxml").decode(formatter="minimal"),
        "html entities": BeautifulSoup(html, "lxml").decode(formatter="html"),
        "tbody dropped": re.sub(r"</?tbody>", "", html),
        "tbody added": re.sub(r"(<table[^>]*>)(?!\s*<t(?:body|head))", r"\1<tbody>", html),
        "upper case": re.sub(r"</?[a-z][a-z0-9]*", lambda m: m[0].upper(), html),
        "single quotes": re.sub(r'="([^"\']*)"', r"='\1'", html),
        "links": re.sub(r'(href|action)="/', r'\1="./../', html),
        "crlf": html.replace("\n", "\r\n"),
        "space around tags": re.sub(r"(</?(?:div|p|table|tbody|thead|tr|ul|li|hr)\b[^>]*>)", r"\n\1\n", html),
    }  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_copies_of_a_page_read_alike(page: Path) -> None:
    html = page.read_text("utf-8")
    want = records(html.encode(), page)
    for name, copy in copies(html).items():
        got = records(copy.encode(), page)
        assert got == want, name
    declared = html.replace('charset="utf-8"', 'charset="iso-8859-1"')
    assert records(declared.encode(), page) == want


# -- broken pages ----------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_cut_anywhere_invents_nothing(page: Path) -> None:
    body = page.read_bytes()
    want = records(body, page)
    titles = {x["title"] for x in want["listings"]}
    handles = {x["vendor"] for x in want["listings"]} | {x["handle"] for x in want["vendors"]}
    for cut in range(0, len(body), 97):
        got = parse_page(body[:cut], market="wall_street", **about(page))
        assert not [w for w in got.warnings if w.field == "page"], got.warnings
        for listing in got.listings:
            assert any((title or "").startswith(listing.title or "") for title in titles)
            assert any((handle or "").startswith(listing.vendor or "") for handle in handles)
        assert len(got.listings) <= max(1, len(want["listings"]))
        assert len(got.reviews) <= len(want["reviews"]) + 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_mutation_of_a_page_is_too_much(data: st.DataObject) -> None:
    body = data.draw(st.sampled_from(PAGES)).read_bytes()
    tags = [m.span() for m in re.finditer(rb"<[^>]*>", body)]
    for _ in range(data.draw(st.integers(1, 6))):
        kind = data.draw(st.sampled_from(["cut", "double", "drop tag", "swap", "bytes"]))
        at, end = data.draw(st.sampled_from(tags))
        if kind == "cut":
            body = body[:at]
        elif kind == "double":
            body = body[:end] + body[at:]
        elif kind == "drop tag":
            body = body[:at] + body[end:]
        elif kind == "swap":
            other = data.draw(st.sampled_from(tags))
            body = body[:at] + body[other[0] : other[1]] + body[end:]
        else:
            body = body[:at] + data.draw(st.binary(max_size=30)) + body[at:]
    page = parse_page(body, market="wall_street", captured_at=CAPTURED)
    assert not [w for w in page.warnings if w.field == "page"], page.warnings
    page.to_dict()
    parse_page(body)


@pytest.mark.parametrize(
    "junk", ["<div>", "<p>", "<table><tr><td>", "<h2>", "<ol class=tree><li>", "<a href=/offer/1>"]
)
def test_nested_junk_costs_little(junk: str) -> None:
    body = ('<h1 class="fheading">x</h1><div id=tabcontent>' + junk * 3000).encode()
    page = parse_page(body, market="wall_street")
    assert not [w for w in page.warnings if w.field == "page"], page.warnings


@pytest.mark.parametrize(
    ("said", "level", "experience"),
    [
        ("<span>Level 1</span> <span>170 EXP</span>", 1, 170),
        ("<span>Level 5</span> <span>1 775 EXP</span>", 5, 1775),
        ("<span>775 EXP</span> <span>Level 5</span>", 5, 775),
    ],
)
def test_a_level_is_no_part_of_the_experience(said: str, level: int, experience: int) -> None:
    html = (
        "<h2>Bright_Side</h2><table><tr><td>Last online</td><td>online</td></tr>"
        f"<tr><td>Vendor-Level</td><td>{said}</td></tr></table><div id=tabcontent></div>"
    )
    vendor = parse(html, f"{SITE}/profile/Bright_Side")["vendors"][0]
    assert (vendor["level"], vendor["experience"]) == (level, experience)


def test_a_page_that_only_loads_itself_again_is_a_challenge_wherever_it_stands() -> None:
    html = (
        '<html><head><meta http-equiv="refresh" content="1; url=/offer/5">'
        "<title>Wall Street Market</title></head><body>One moment.</body></html>"
    )
    assert parse_page(html.encode(), url=f"{SITE}/offer/5").kind == "challenge"
