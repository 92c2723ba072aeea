"""Each kind of archive, made by the real tool, gives the pages of the plain folder."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cryptodrug_scraper.archive import Page
from parsers import parse_page
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

NO_ADDRESS = {
    "wget": ("path", 3, None),
    "wget-k-K-E": ("path", 3, None),
    "wget-save-headers": ("page", 0, 200),
}
"""These keep the bytes, and not the address: what tells their time, the second of it, and the
status (the server's own answer states its date)."""

REWRITTEN = {"mhtml": (5, "archive", 4), "saved-as": (2, "path", 0), "singlefile": (5, "page", 0)}
"""These write a page of their own, and say of what page it is: how many there are, what tells their
time, and by how many seconds that may differ (a browser took them one after the other)."""


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
    source, second, status = NO_ADDRESS[name]
    pages, troubles, _ = read(ARCHIVES / name)
    assert troubles == []
    assert sorted(page.body for page in pages) == sorted(page.body for page in plain)
    at = datetime(2019, 4, 29, 12, 0, second, tzinfo=UTC)
    assert {(p.url, p.captured_at, p.captured_precision, p.captured_from) for p in pages} == {
        (None, at, "second", source)
    }
    assert {page.status for page in pages} == {status}


def stated(page: Page, at: datetime | None) -> dict[str, object]:
    """All that is read of a page; which addresses it points to, tools change, and are left out."""
    read = parse_page(page.body, url=page.url, captured_at=at, content_type=page.content_type)
    return {key: value for key, value in read.to_dict().items() if key != "links"}


@pytest.mark.parametrize("name", REWRITTEN)
def test_where_the_tool_rewrites_all_that_is_read_of_the_page_is_the_same(
    name: str, plain: list[Page]
) -> None:
    number, source, apart = REWRITTEN[name]
    pages, troubles, _ = read(ARCHIVES / name)
    assert troubles == []
    assert len({page.url for page in pages}) == len(pages) == number
    known = {page.url: page for page in plain}
    for page in pages:
        whole = known[page.url]
        assert page.captured_at is not None and whole.captured_at is not None
        assert 0 <= (page.captured_at - whole.captured_at).total_seconds() <= apart
        assert (page.captured_precision, page.captured_from) == ("second", source)
        assert stated(page, whole.captured_at) == stated(whole, whole.captured_at)


def test_no_sample_tells_of_the_machine_it_was_made_on() -> None:
    for path in ARCHIVES.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(word in data for word in (b"/tmp/", b"/home/", b"/root/", b"/work/"))
            assert len(data) < 1 << 20
