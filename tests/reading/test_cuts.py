"""Of a page that was cut off, what is read is what the whole page says, or nothing.

Every page of every market is cut at many places: at tags' ends, and amid tags, texts, entities
and letters. More places are tried with ``CUTS_A_PAGE=200``.
"""

from __future__ import annotations

import os
import random
import re
import time

import pytest

from cryptodrug_scraper.reading.cuts import parse_open
from cryptodrug_scraper.reading.document import Document
from parsers import markets, parse_page
from tests.reading.corpus import Sample, all_pages
from tests.reading.cutting import differences

CUTS = int(os.environ.get("CUTS_A_PAGE", "8"))
_END = re.compile(rb"</html\s*>", re.I)


def _places(page: Sample) -> list[int]:
    """Places before the page's end, the same in every run: half of them where a tag ends."""
    ending = _END.search(page.body)
    stop = ending.start() + 6 if ending is not None else len(page.body) - 10
    chance = random.Random(page.name)
    ends = [found.end() for found in re.finditer(rb">", page.body) if found.end() < stop]
    places = set(chance.sample(ends, min(len(ends), CUTS // 2)))
    return sorted(places | {chance.randrange(1, stop) for _ in range(CUTS // 2)})


@pytest.mark.parametrize("market", markets())
def test_a_cut_page_says_nothing_that_the_whole_page_does_not(market: str) -> None:
    wrong = []
    kept = 0
    for page in all_pages():
        if page.market != market:
            continue
        full = page.parsed()
        for at in _places(page):
            cut = page.parsed(page.body[:at])
            kept += len(cut.listings) + len(cut.vendors) + len(cut.reviews) + len(cut.links)
            wrong += [(page.name, at, said) for said in differences(cut, full)]
            of_itself = parse_page(page.body[:at], url=page.url, captured_at=page.captured_at)
            if of_itself.market not in (None, market) or not of_itself.cut_off:
                wrong.append((page.name, at, f"taken for a page of {of_itself.market}"))
    assert wrong == []
    assert kept  # what stands before the cut is read


def test_no_page_that_ends_is_called_cut_off() -> None:
    assert [page.name for page in all_pages() if page.parsed().cut_off] == []


@pytest.mark.parametrize(
    "page",
    [
        "502 Bad Gateway",
        "a < b",
        "",
        "<h1>503 Service Unavailable</h1>",
        "<title>404</title><p>not here",
        "<!doctype html><title>x</title><p>one<p>two",
        "<ul><li>one<li>two</ul>",
        "<body><p>hello</body>",
        "<html><body></body></html>",
        "<HTML><BODY>x</BODY></HTML\n>\n",
        "<html><body>x</body></html><!-- Mirrored from x by a tool on Monday -->\n",
        "<html><body>x</body></html><!-- " + "kept " * 500 + "--><script>var a</script>",
        "<html><body></body></html><p>a hoster's line",
        "<!DOCTYPE html> <html lang=en><!--\n Page saved with SingleFile \n url: x\n--><p>1<p>2",
    ],
)
def test_whole_pages(page: str) -> None:
    assert not Document(page.encode()).cut_off


@pytest.mark.parametrize(
    "page",
    [
        "<",
        "<!DOC",
        '<!DOCTYPE html PUBLIC "-//W3C',
        "<!DOCTYPE html>\n",
        "<html>",
        "<html><head><title>Somethi",
        "<html><body><p>one</p></body></htm",
        "<body><p>one</p>",
        "<div><p>one</p>",
        "<html><!--\n Page saved with SingleFile \n--><div><p>one",
        "<html><body><p><!-- Page saved with SingleFile -->one",
        "<p>one<!-- two",
        "<p>one <a href='x",
        "<p>one</p><script>if (a > b) {",
        "<p>one</p><textarea>two",
    ],
)
def test_pages_that_end_early(page: str) -> None:
    assert Document(page.encode()).cut_off
    got = parse_page(page.encode())
    assert [str(w).startswith("document: the page is cut off: ") for w in got.warnings] == [True]


@pytest.mark.parametrize(
    ("source", "kept", "opened"),
    [
        ("<html><body><div><p>a <b>12</b>", "<html><body><div><p>a <b>12</b>", "p div"),
        ("<html><body><table><tr><td>x</td> 12", "<html><body><table><tr><td>x</td>", "tr table"),
        ("<html><head><meta x=y><title>abc", "<html><head><meta x=y>", "head"),
        ("<html><body><i>a<a title='x > y", "<html><body><i>", "i"),
        ('<html><body><div>a<a title="<b>x', "<html><body><div>a", "div"),
        ("<html><body>x<!-- a <b> c", "<html><body>", "body"),
        ("<html><body><p>x</p><script>a<b", "<html><body><p>x</p>", "body"),
    ],
)
def test_what_is_left_and_what_was_open(source: str, kept: str, opened: str) -> None:
    left = parse_open(source)
    assert left.source == kept
    tags = [n.tag for n in left.tree.css("*") if n.mem_id in left.opened]
    for tag in opened.split():
        assert tag in tags
    assert "b" not in tags


@pytest.mark.parametrize(
    "unit", ["<", "<a ", "<a '", "<script>", "<!--", '="', "<p x='", "</html", "a", "<p>a</p>"]
)
def test_time_grows_as_the_page_does(unit: str) -> None:
    def seconds(count: int) -> float:
        body = b"<html><body>" + (unit * (count // len(unit))).encode()
        start = time.process_time()
        parse_page(body)
        return time.process_time() - start

    small, large = 10_000, 40_000
    assert seconds(large) < 4 * 2.5 * max(min(seconds(small) for _ in range(3)), 0.05)
