from __future__ import annotations

import json
import pickle
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.archive import CrawlArchive, CrawlEnd, CrawlStamp
from cryptodrug_scraper.archive.secret import LEFT_OUT
from cryptodrug_scraper.archive.stamp import (
    END_URI,
    LARGEST,
    end_block,
    end_in,
    stamp_block,
    stamp_in,
)
from cryptodrug_scraper.archive.write import digest_of

from .crawling import NOON, RUN, stamp, write
from .making import codes, gz, html, read, record

OTHER_RUN = "f" * 32


def test_a_stamp_is_read_back_as_it_was() -> None:
    made = stamp(options={"a": [1, 2.5, None, {"b": "é"}], "resume": True})
    assert stamp_in(stamp_block(made, "name")) == made
    assert pickle.loads(pickle.dumps(made)) == made
    end = CrawlEnd(RUN, NOON + timedelta(hours=1), "complete", {"pages/read": 3})
    assert end_in(end_block(end)) == end


def test_times_are_kept_in_utc_and_tuples_as_lists() -> None:
    zone = timezone(timedelta(hours=2))
    made = CrawlStamp(RUN, "dream", NOON.astimezone(zone), None, "1", {"a": (1, 2)})
    assert made.started_at == NOON
    assert made.started_at.tzinfo is UTC
    assert made.options == {"a": [1, 2]}
    assert stamp_in(stamp_block(made, "name")) == made


def test_secrets_in_options_are_left_out() -> None:
    made = stamp(
        options={
            "proxy": "socks5h://identity:s3cret@127.0.0.1:9050",
            "password": "s3cret",
            "login": {"session_cookie": ["s3cret"]},
            "captcha_waits": 3,
        }
    )
    assert "s3cret" not in repr(made)
    assert made.options["proxy"] == "socks5h://127.0.0.1:9050"
    assert made.options["password"] == LEFT_OUT
    assert made.options["captcha_waits"] == 3


DEEP: Any = 1
for _ in range(50):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "wrong",
    [
        {"run": "../../etc/passwd"},
        {"run": RUN.upper()},
        {"run": 5},
        {"market": "silk_road"},
        {"market": ["dream"]},
        {"market": None},
        {"started_at": "yesterday"},
        {"started_at": "0001-01-01T00:00:00+00:00"},
        {"started_at": "9999-12-31T23:59:59-12:00"},
        {"started_at": "2018-11-19T12:00:00"},
        {"started_at": 5},
        {"operator": "a\x1b[31m"},
        {"operator": "x" * 500},
        {"operator": 5},
        {"program_version": None},
        {"program_version": "a\nb"},
        {"options": None},
        {"options": ["a"]},
        {"options": {"a": "\x00"}},
        {"options": {"\x00": 1}},
        {"options": {"a": "\ud800"}},
        {"options": {"a": float("nan")}},
        {"options": {"a": 1 << 80}},
        {"options": {"a": DEEP}},
        {"options": {"a": "x" * 100_000}},
    ],
    ids=str,
)
def test_wrong_stamps_are_not_used(wrong: dict[str, Any], tmp_path: Path) -> None:
    made = stamp()
    values = {f.name: getattr(made, f.name) for f in fields(made)}
    values["started_at"] = values["started_at"].isoformat()
    block = b"software: x\r\ncryptodrug: " + json.dumps({**values, **wrong}).encode() + b"\r\n"
    found = stamp_in(block)
    assert isinstance(found, str)
    assert found.isprintable()
    _see_reported(tmp_path, block)


def _see_reported(tmp_path: Path, block: bytes) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(
        gz(_warcinfo(block), record(html(), extra="WARC-Warcinfo-ID: <urn:uuid:0>\r\n"))
    )
    pages, troubles, reader = read(path)
    assert codes(troubles) == ["bad_stamp"]
    assert [page.crawl for page in pages] == [None]
    assert reader.crawls == {}


def _warcinfo(block: bytes) -> bytes:
    return record(
        block,
        kind="warcinfo",
        head=b"",
        content_type="application/warc-fields",
        extra=f"WARC-Block-Digest: {digest_of(block)}\r\n",
    )


@pytest.mark.parametrize(
    "block",
    [
        b"cryptodrug: {}\r\n",
        b"cryptodrug: []\r\n",
        b"cryptodrug: {\r\n",
        b"cryptodrug:\r\n",
        b"cryptodrug: \xff\xfe\r\n",
        b"cryptodrug: " + b'{"a":' * 5_000 + b"\r\n",
        b"cryptodrug: {" + b" " * LARGEST + b"}\r\n",
    ],
    ids=range(7),
)
def test_what_is_no_stamp_at_all(block: bytes, tmp_path: Path) -> None:
    assert isinstance(stamp_in(block), str)
    _see_reported(tmp_path, block)


def test_other_programs_say_nothing_of_a_crawl(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(
        gz(
            _warcinfo(b"software: Heritrix\r\nformat: WARC File Format 1.1\r\n"),
            _warcinfo(b"software: \xff\r\nx-cryptodrug: {}\r\n" + b"a: b\r\n" * 50_000),
            record(b'{"a": 1}', kind="metadata", head=b"", content_type="application/json"),
            record(html()),
        )
    )
    pages, troubles, reader = read(path)
    assert not troubles
    assert [page.crawl for page in pages] == [None]
    assert reader.crawls == {}


def test_a_stamp_whose_bytes_were_changed_is_not_used(tmp_path: Path) -> None:
    block = stamp_block(stamp(), "name")
    changed = _warcinfo(block).replace(b"A. Researcher", b"B. Researcher")
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gz(changed, record(html(), extra="WARC-Warcinfo-ID: <urn:uuid:0>\r\n")))
    pages, troubles, _ = read(path)
    assert codes(troubles) == ["bad_stamp"]
    assert pages[0].crawl is None


def test_records_are_of_the_run_that_they_name(tmp_path: Path) -> None:
    for run in (RUN, OTHER_RUN):
        with CrawlArchive(tmp_path / run[0], stamp(run)) as archive:
            write(archive, html(run))
    joined = tmp_path / "joined.warc.gz"
    files = [next((tmp_path / run[0]).iterdir()) for run in (RUN, OTHER_RUN)]
    joined.write_bytes(b"".join(file.read_bytes() for file in files) + gz(record(html("strange"))))
    pages, troubles, reader = read(joined)
    assert not troubles
    assert [page.crawl and page.crawl.run for page in pages] == [RUN, OTHER_RUN, None]
    assert list(reader.crawls) == [RUN, OTHER_RUN]


def test_a_run_has_one_stamp(tmp_path: Path) -> None:
    for name, made in (("a", stamp()), ("b", stamp(market="empire"))):
        with CrawlArchive(tmp_path / name, made) as archive:
            write(archive, html(name))
    pages, troubles, reader = read(tmp_path)
    assert codes(troubles) == ["bad_stamp"]
    assert [page.crawl for page in pages] == [stamp(), None]
    assert reader.crawls == {RUN: (stamp(), None)}


def _end(block: bytes) -> bytes:
    return record(
        block,
        kind="metadata",
        head=b"",
        url=END_URI + RUN,
        content_type="application/json",
        extra=f"WARC-Block-Digest: {digest_of(block)}\r\n",
    )


def test_of_two_ends_the_later_is_kept(tmp_path: Path) -> None:
    ends = [CrawlEnd(RUN, NOON + timedelta(hours=h), f"end {h}", {}) for h in (1, 3, 2)]
    start = _warcinfo(stamp_block(stamp(), "name"))
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gz(start, *[_end(end_block(end)) for end in ends]))
    _, troubles, reader = read(path)
    assert not troubles
    assert reader.crawls == {RUN: (stamp(), ends[1])}


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"[]",
        b"{}",
        end_block(CrawlEnd(OTHER_RUN, NOON, "complete", {})),
        end_block(CrawlEnd(RUN, NOON, "complete", {})).replace(b"complete", b"\\u0000"),
        end_block(CrawlEnd(RUN, NOON, "complete", {})).replace(b"2018", b"1018"),
        end_block(CrawlEnd(RUN, NOON, "complete", {})) + b" " * LARGEST,
    ],
    ids=range(7),
)
def test_wrong_ends_are_not_used(block: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gz(_warcinfo(stamp_block(stamp(), "name")), _end(block), record(html())))
    pages, troubles, reader = read(path)
    assert codes(troubles) == ["bad_stamp"]
    assert reader.crawls == {RUN: (stamp(), None)}
    assert len(pages) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([f.name for f in fields(CrawlStamp)]) | st.text(), JSON))
def test_any_stamp(values: dict[str, Any]) -> None:
    made = stamp()
    whole = {f.name: getattr(made, f.name) for f in fields(made)} | {"started_at": NOON.isoformat()}
    for wrong in (values, {**whole, **values}):
        found = stamp_in(b"cryptodrug: " + json.dumps(wrong).encode())
        assert isinstance(found, str | CrawlStamp)
        if isinstance(found, CrawlStamp):
            assert stamp_in(stamp_block(found, "name")) == found


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    assert not isinstance(stamp_in(b"cryptodrug: " + data), CrawlStamp)
    assert isinstance(end_in(data), str)


def test_what_is_no_end() -> None:
    for wrong in ({"outcome": ""}, {"ended_at": datetime(2018, 1, 1)}, {"counters": [1]}):
        with pytest.raises(ValueError, match="`"):
            replace(CrawlEnd(RUN, NOON, "complete", {}), **wrong)  # type: ignore[arg-type]
