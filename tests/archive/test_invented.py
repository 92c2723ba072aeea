"""Pages that were invented: which addresses say so, and that every archive keeps the mark."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.archive import CrawlArchive, Page, read_pages
from cryptodrug_scraper.archive.invented import doubtful_host, of_this_machine
from cryptodrug_scraper.archive.stamp import stamp_block, stamp_in
from tests.archive.crawling import check_valid, stamp, write
from tests.archive.warc_writer import WarcWriter
from tests.tor.onions import onion_of

BODY = b"<html><head><title>x</title></head><body>" + b"an offer " * 200 + b"</body></html>"
NOON = datetime(2018, 11, 19, 12, tzinfo=UTC)
V2 = "abcdefghijklmn23.onion"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.8.0.1:8080/viewProduct?offer=1.2",
        "HTTP://LocalHost:8080",
        "http://user@localhost./x",
        "http://dream.localhost/?a=@b",
        "https://[::1]:9/",
        "127.0.0.1:8080/offer",
    ],
)
def test_addresses_of_this_machine(url: str) -> None:
    assert of_this_machine(url)
    assert doubtful_host(url) is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (f"http://{V2}/a", None),
        (f"http://www.{V2}:8080/a", None),
        (f"https://{onion_of()}/", None),
        (f"https://{onion_of().upper()}./", None),
        (None, None),
        ("", None),
        ("/viewProduct?offer=1.2", None),
        ("file:///home/ann/page.html", None),
        ("about:internet", None),
        ("http://market.onion/", "market.onion"),
        ("http://abcdefghijklmn01.onion/", "abcdefghijklmn01.onion"),
        (f"http://{onion_of(version=2)}/", onion_of(version=2)),
        (f"http://{'a' * 56}.onion/", f"{'a' * 56}.onion"),
        (f"http://{V2}.to/", f"{V2}.to"),
        ("http://127.0.0.1.example.org/", "127.0.0.1.example.org"),
        ("http://10.0.0.7/x", "10.0.0.7"),
        ("http://127.0.0.1@example.org/", "example.org"),
    ],
)
def test_hosts_that_no_market_has(url: str | None, host: str | None) -> None:
    assert not of_this_machine(url)
    assert doubtful_host(url) == host


@given(st.text(max_size=60) | st.text("http:/@[].127onion0?#", max_size=40))
def test_any_text_is_an_address_or_none(url: str) -> None:
    assert not (of_this_machine(url) and doubtful_host(url))


def pages_of(folder: Path) -> list[Page]:
    return [item for item in read_pages([folder]) if isinstance(item, Page)]


@pytest.mark.parametrize("invented", [True, False], ids=["invented", "real"])
def test_a_crawl_marks_its_stamp_and_its_records(tmp_path: Path, invented: bool) -> None:
    with CrawlArchive(tmp_path / "crawl", replace(stamp(), invented=invented)) as archive:
        written = [write(archive, BODY), write(archive, BODY), write(archive, b"<html>small")]
    assert check_valid(tmp_path / "crawl") == 7
    (path,) = (tmp_path / "crawl").iterdir()
    data = gzip.decompress(path.read_bytes())
    assert (data.count(b"\r\nWARC-Invented: yes\r\n") == 6) == invented  # requests too
    pages = pages_of(tmp_path / "crawl")
    assert pages == [w.page for w in written]
    assert b"revisit" in data
    assert [page.invented for page in pages] == [invented] * 3

    # The field alone is enough: another program may copy the records into files of its own.
    without = re.sub(rb"WARC/1.1\r\nWARC-Type: warcinfo.*?(?=WARC/1.1\r\n)", b"", data, flags=re.S)
    (tmp_path / "copy.warc").write_bytes(without)
    copies = pages_of(tmp_path / "copy.warc")
    assert [page.invented for page in copies] == [invented] * 3
    assert [page.crawl for page in copies] == [None] * 3


def test_what_this_machine_served_is_marked_in_any_crawl(tmp_path: Path) -> None:
    with CrawlArchive(tmp_path / "crawl", stamp()) as archive:
        write(archive, BODY, url="http://127.0.0.1:8080/offer?n=1")
        write(archive, BODY + b" ", url=f"http://{V2}/offer?n=1")
    assert [page.invented for page in pages_of(tmp_path / "crawl")] == [True, False]
    with WarcWriter(tmp_path / "plain.warc") as plain:
        plain.write_response("http://localhost/", NOON, 200, {"Content-Type": "text/html"}, BODY)
    assert b"WARC-Invented: yes" in (tmp_path / "plain.warc").read_bytes()
    assert [page.invented for page in pages_of(tmp_path / "plain.warc")] == [True]


def test_stamps_state_it_and_older_ones_do_not() -> None:
    marked = replace(stamp(), invented=True)
    assert stamp_in(stamp_block(marked, "x")) == marked
    older = stamp_block(stamp(), "x").replace(b'"invented": false, ', b"")
    assert b"invented" not in older
    assert stamp_in(older) == stamp()
    wrong = stamp_block(stamp(), "x").replace(b'"invented": false', b'"invented": "no"')
    assert stamp_in(wrong) == "`invented` is neither true nor false"


@pytest.mark.parametrize("value", ["true", "false", '"yes"', "1", None])
def test_sidecars_state_it(tmp_path: Path, value: str | None) -> None:
    (tmp_path / "a.html").write_bytes(BODY)
    about = '{"status": 200' + (f', "invented": {value}' if value else "") + "}"
    (tmp_path / "a.json").write_text(about)
    items = list(read_pages([tmp_path]))
    (page,) = [item for item in items if isinstance(item, Page)]
    assert page.invented == (value == "true")
    assert (len(items) == 2) == (value in ('"yes"', "1"))  # a wrong one is named
