"""Which column of a table of pages holds what: found by its name, or as the user says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

_BODY = """
    html raw_html page_html full_html html_content content_html html_body page_source source_html
    html_source response_body raw_body body raw_content page_content response_content content
    response raw source page payload data text
"""
_URL = """
    url uri page_url source_url request_url response_url original_url target_uri warc_target_uri
    address link href
"""
_TIME = """
    captured_at crawled_at fetched_at scraped_at retrieved_at downloaded_at saved_at visited_at
    collected_at capture_time crawl_time fetch_time scrape_time capture_date crawl_date fetch_date
    scrape_date warc_date started_date_time timestamp captured crawled fetched scraped datetime
    date_time time date ts seen
"""
_STATUS = "status status_code http_status http_status_code response_status response_code"
_TYPE = "content_type mime_type mimetype mime media_type response_content_type"
SURE = _BODY.split()[:15]
"""Names of columns that say for themselves that pages are in them."""
_DEEPEST = 3


class Columns(NamedTuple):
    """The names of the columns, each None where it is to be found by its name."""

    body: str | None = None
    url: str | None = None
    time: str | None = None
    status: str | None = None
    content_type: str | None = None

    def __str__(self) -> str:
        return ",".join(f"{k}={v}" for k, v in self._asdict().items() if v is not None)


ANY = Columns()


def parse_columns(text: str) -> Columns:
    """Read ``body=raw,url=link,time=seen``. Raises ValueError, whose text is for users."""
    found: dict[str, str] = {}
    for part in text.split(","):
        key, equals, name = (piece.strip() for piece in part.partition("="))
        if not equals or not name or key not in Columns._fields:
            raise ValueError(
                f"{part.strip()!r} is not understood: write for instance `body=raw,url=link`; "
                f"left of the sign can stand {', '.join(Columns._fields)}"
            )
        if key in found:
            raise ValueError(f"{key!r} stands there twice")
        found[key] = name
    return Columns(**found)


class Choice(NamedTuple):
    """The columns of one table that may hold each thing, the likeliest first."""

    body: list[str]
    url: list[str]
    time: list[str]
    status: list[str]
    content_type: list[str]
    missing: list[str]  # what the user named and the table does not have

    def all(self) -> list[str]:
        """Return every column that is to be read."""
        return list(dict.fromkeys(name for names in self[:5] for name in names))

    def sure(self) -> bool:
        """Tell whether the names alone say that the table is meant to hold pages."""
        plain = {_plain(name) for name in self.body}
        return bool(plain & {_plain(name) for name in SURE}) and bool(self.url or self.time)


def choose(names: Sequence[str], columns: Columns) -> Choice:
    """Choose among the names of a table's columns."""
    chosen: list[list[str]] = []
    missing: list[str] = []
    for wanted, words in zip(columns, (_BODY, _URL, _TIME, _STATUS, _TYPE), strict=True):
        if wanted is None:
            chosen.append(_by_name(names, words.split()))
            continue
        same = [name for name in names if name == wanted]
        same = same or [name for name in names if name.lower() == wanted.lower()]
        chosen.append(same[:1])
        if not same:
            missing.append(wanted)
    body, url, time, status, content_type = chosen
    return Choice(body, url, time, status, content_type, missing)


def listed(names: Iterable[str], most: int = 20) -> str:
    """Return names as a text for people."""
    found = [repr(name[:60])[1:-1] for name in names]
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if found[most:] else "")


def flat(row: Mapping[str, object], depth: int = _DEEPEST) -> dict[str, object]:
    """Return a row whose values may be objects with each of their values under `outer.inner`."""
    out: dict[str, object] = {}
    for key, value in row.items():
        if isinstance(value, Mapping) and depth > 1:
            for inner, found in flat(value, depth - 1).items():
                out[f"{key}.{inner}"] = found
        else:
            out[key] = value
    return out


def _by_name(names: Sequence[str], words: Sequence[str]) -> list[str]:
    known: dict[str, str] = {}
    for name in names:
        known.setdefault(_plain(name), name)
    for name in names:
        known.setdefault(_plain(name.rpartition(".")[2]), name)
    return list(dict.fromkeys(known[_plain(word)] for word in words if _plain(word) in known))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())
