"""Which of a page's links are the market's own, and what they lead to."""

from __future__ import annotations

from cryptodrug_scraper.reading.links import LOST_LINK, Address, read_links
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Link, Notice, ParsedPage


def shows(to: Address) -> Link | None:
    if to.lost("offer"):
        return Link(LOST_LINK, None, to.place)
    if to.script.isdigit():
        return Link("listing", to.script, f"/offer/{to.script}")
    return None


def links(
    *hrefs: str, url: str | None = None, base: str | None = None, other_host: str = ""
) -> tuple[list[str], list[Notice]]:
    page = ParsedPage("dale", url=url)
    reader = Reader(None, page.warnings)
    read_links(hrefs, page, reader, shows, base=base, other_host=other_host)
    return [link.url for link in page.links], page.warnings


def test_links_are_absolute_where_the_page_or_the_link_is_and_each_address_counts_once() -> None:
    here = "http://dale.onion/list"
    urls, warnings = links("/offer/1", "offer/1", "http://DALE.onion/offer/2", "/help", url=here)
    assert urls == ["http://dale.onion/offer/1", "http://dale.onion/offer/2"]
    assert links("/offer/1")[0] == ["/offer/1"]
    assert not warnings


def test_links_to_other_hosts_are_none_of_the_market() -> None:
    copies = ("http://da1e.onion/offer/1", "https://shop.example/offer/2", "//127.0.0.1:80/offer/3")
    assert links(*copies, url="http://dale.onion/")[0] == []
    assert links(*copies, url="http://dale.onion/", other_host="da1e.onion")[0] == [copies[0]]
    # Where the page's own host is not known, those of the network count.
    assert links(*copies)[0] == [copies[0], "http://127.0.0.1:80/offer/3"]


def test_a_relative_link_is_taken_from_the_base_only_if_it_shows_nothing_itself() -> None:
    assert links("x/../7.html", base="http://dale.onion/offer/")[0] == ["/offer/7"]


def test_links_that_lost_their_ids_are_one_warning() -> None:
    urls, warnings = links("/offer1f2e", "/offer0a9b", "/offer0a9b", "/offer/4")
    assert urls == ["/offer/4"]
    assert warnings == [Notice("links", "2 were rewritten, and have lost their ids", "/offer0a9b")]
