"""Each kind of archive, made by the real tool, gives the pages of the plain folder."""

from __future__ import annotations

import pytest

from cryptodrug_scraper.archive import Page
from tests.archive.making import read
from tests.conftest import FIXTURES

ARCHIVES = FIXTURES / "archives"

SAME = [
    "httrack",
    "har/session.har",
    "packed/nested.7z",
    "packed/pages.7z",
    "packed/pages.tar.xz",
    "packed/pages.zip",
    "scrapy/gzip",
    "scrapy/plain",
    "tables/packed.tsv",
    "tables/pages.csv.gz",
    "tables/pages.jsonl.gz",
    "tables/pages.parquet",
    "tables/pages.sqlite",
    "warc/at-once.warc.gz",
    "warc/crawl.wacz",
    "warc/crawl.warc.open",
    "warc/crawl.warc.bz2",
    "warc/crawl.warc.xz",
    "warc/crawl.warc.zst",
    "warc/old.arc",
    "warc/old.arc.gz",
    "warc/recompressed.warc.gz",
    "warc/warcio.warc.gz",
    "warc/wget.warc.gz",
]
"""Archives whose tool keeps the bytes, the address and the time."""

NO_ADDRESS = ["wget", "wget-k-K-E", "wget-save-headers"]
"""These keep the bytes, and not the address."""

REWRITTEN = ["mhtml", "saved-as", "singlefile"]
"""These write a page of their own, and say of what page it is."""


def facts(pages: list[Page]) -> list[tuple[object, ...]]:
    return sorted((p.url, p.captured_at, p.captured_precision, p.body) for p in pages)


@pytest.fixture(scope="module")
def plain() -> list[Page]:
    pages, troubles, _ = read(ARCHIVES / "plain")
    assert troubles == []
    assert len(pages) == 5
    return pages


@pytest.mark.parametrize("name", SAME)
def test_an_archive_gives_the_pages_of_the_folder(name: str, plain: list[Page]) -> None:
    pages, troubles, _ = read(ARCHIVES / name)
    assert troubles == []
    assert facts(pages) == facts(plain)
    assert {page.status for page in pages} == {200}
    assert all(page.location.startswith(str(ARCHIVES / name)) for page in pages)
    assert len({page.location for page in pages}) == 5


@pytest.mark.parametrize("name", NO_ADDRESS)
def test_where_the_tool_keeps_no_address_the_bytes_are_the_same(
    name: str, plain: list[Page]
) -> None:
    pages, troubles, _ = read(ARCHIVES / name)
    assert troubles == []
    assert sorted(page.body for page in pages) == sorted(page.body for page in plain)
    assert {page.url for page in pages} == {None}


@pytest.mark.parametrize("name", REWRITTEN)
def test_where_the_tool_rewrites_the_address_is_what_it_states(
    name: str, plain: list[Page]
) -> None:
    pages, troubles, _ = read(ARCHIVES / name)
    assert troubles == []
    assert pages
    known = {page.url: page for page in plain}
    for page in pages:
        assert page.url in known
        assert page.captured_at is not None
        assert abs((page.captured_at - known[page.url].captured_at).total_seconds()) < 60  # type: ignore[operator]


def test_no_sample_tells_of_the_machine_it_was_made_on() -> None:
    for path in ARCHIVES.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(word in data for word in (b"/tmp/", b"/home/", b"/root/", b"/work/"))
            assert len(data) < 1 << 20
