"""Which crawl captured a page: the stamp at the start of its files, and the end of the run.

A stamp is one JSON field, ``cryptodrug``, of the ``warcinfo`` record that begins each file of a
crawl; records say with WARC-Warcinfo-ID which one is theirs. The end is the JSON block of a
``metadata`` record, the last of the run's last file. A run has one stamp.

Archives are hostile: what is read back is held to the same rules as what is written.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, TypeVar

from cryptodrug_scraper.reading.market import markets

from .secret import public_value
from .when import EARLIEST, LATEST, in_range

FIELD = "cryptodrug"
"""The field of a warcinfo record that holds the stamp."""

END_URI = "urn:cryptodrug:crawl-end:"
"""What the WARC-Target-URI of a run's end begins with; the run follows."""

LARGEST = 128 << 10
"""Most bytes of a stamp's or an end's record."""

_LARGEST_JSON = 64 << 10
_DEEPEST = 16
_RUN = re.compile(r"[0-9a-f]{32}")
_STAMP = re.compile(rb"^cryptodrug:[ \t]*(\{[^\r\n]*)\r?$", re.MULTILINE)
_OURS = re.compile(rb"^cryptodrug:", re.MULTILINE)
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(slots=True, frozen=True)
class CrawlStamp:
    """The crawl run that captured a page. Raises ValueError for what no stamp may hold.

    ``run`` is 32 hex digits (of ``uuid4``), ``market`` a market's name, ``started_at`` aware
    (it is kept in UTC), ``operator`` who ran it. ``options`` are plain JSON values; those whose
    name suggests a secret, and credentials in addresses, are left out. ``invented`` is whether it
    crawled a simulator.
    """

    run: str
    market: str
    started_at: datetime
    operator: str | None
    program_version: str
    options: Mapping[str, Any]
    invented: bool = False

    def __post_init__(self) -> None:
        _check_run(self.run)
        if self.invented is None:  # of a crawl before there was a mark
            object.__setattr__(self, "invented", False)
        elif not isinstance(self.invented, bool):
            raise ValueError("`invented` is neither true nor false")
        if not isinstance(self.market, str) or self.market not in markets():
            raise ValueError("`market` names no market that is known here")
        if self.operator is not None:
            _check_text("operator", self.operator)
        _check_text("program_version", self.program_version)
        object.__setattr__(self, "started_at", _moment("started_at", self.started_at))
        object.__setattr__(self, "options", _object("options", self.options))


@dataclass(slots=True, frozen=True)
class CrawlEnd:
    """How a crawl run ended. Raises ValueError for what no end may hold.

    ``outcome`` is a line of text, ``counters`` plain JSON values.
    """

    run: str
    ended_at: datetime
    outcome: str
    counters: Mapping[str, Any]

    def __post_init__(self) -> None:
        _check_run(self.run)
        _check_text("outcome", self.outcome)
        object.__setattr__(self, "ended_at", _moment("ended_at", self.ended_at))
        object.__setattr__(self, "counters", _object("counters", self.counters))


def stamp_block(stamp: CrawlStamp, name: str) -> bytes:
    """Return the block of the warcinfo record that begins each file of the series ``name``."""
    lines = {
        "software": f"cryptodrug-scraper/{stamp.program_version}",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "isPartOf": name,
        "operator": stamp.operator,
        FIELD: _dumped(stamp),
    }
    return "".join(f"{key}: {text}\r\n" for key, text in lines.items() if text).encode()


def stamp_in(block: bytes) -> CrawlStamp | str | None:
    """Read the stamp in a warcinfo block: None if it has none, what is wrong if it is wrong."""
    if _OURS.search(block) is None:
        return None
    if len(block) > LARGEST:
        return "it is too large"
    match = _STAMP.search(block)
    if match is None:
        return "it is not a JSON object"
    values = _loaded(match[1])
    return values if isinstance(values, str) else _made(CrawlStamp, values, "started_at")


def end_block(end: CrawlEnd) -> bytes:
    """Return the block of the metadata record that ends a run."""
    return _dumped(end).encode()


def end_in(block: bytes) -> CrawlEnd | str:
    """Read the block of the record that ends a run; if it is wrong, return why."""
    if len(block) > LARGEST:
        return "it is too large"
    values = _loaded(block)
    return values if isinstance(values, str) else _made(CrawlEnd, values, "ended_at")


def _dumped(what: CrawlStamp | CrawlEnd) -> str:
    values = {field.name: getattr(what, field.name) for field in fields(what)}
    return json.dumps(values, default=datetime.isoformat, sort_keys=True)


def _loaded(data: bytes) -> dict[str, Any] | str:
    try:
        values = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return "it is not JSON"
    return values if isinstance(values, dict) else "it is not a JSON object"


_Made = TypeVar("_Made", CrawlStamp, CrawlEnd)


def _made(kind: type[_Made], values: dict[str, Any], moment: str) -> _Made | str:
    known: dict[str, Any] = {field.name: values.get(field.name) for field in fields(kind)}
    try:
        known[moment] = datetime.fromisoformat(known[moment])
        return kind(**known)
    except (TypeError, ValueError, OverflowError) as error:
        reason = str(error)
        return reason if reason.startswith("`") else f"`{moment}` is not a moment"


def _check_run(run: object) -> None:
    if not isinstance(run, str) or _RUN.fullmatch(run) is None:
        raise ValueError("`run` is not 32 hex digits")


def _check_text(name: str, text: object) -> None:
    if not isinstance(text, str) or not 0 < len(text) <= 200 or not text.isprintable():
        raise ValueError(f"`{name}` is not a line of 1 to 200 printable characters")


def _moment(name: str, at: object) -> datetime:
    if not isinstance(at, datetime) or at.tzinfo is None or not in_range(at):
        raise ValueError(f"`{name}` is not a moment with a time zone, from {EARLIEST} to {LATEST}")
    return at.astimezone(UTC)


def _object(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"`{name}` is not an object")
    clean: dict[str, Any] = _clean(name, "", value, 0)
    if len(json.dumps(clean)) > _LARGEST_JSON:
        raise ValueError(f"`{name}` is larger than {_LARGEST_JSON:,} bytes")
    return clean


def _clean(name: str, key: str, value: object, depth: int) -> Any:
    """Return a JSON value that PostgreSQL can hold, in plain types."""
    if depth > _DEEPEST:
        raise ValueError(f"`{name}` is nested too deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if _UNFIT.search(value):
            raise ValueError(f"`{name}` holds control characters")
        return public_value(key, str.__str__(value))
    if isinstance(value, int) and abs(value) < 1 << 63:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, Mapping):
        if not all(isinstance(k, str) and not _UNFIT.search(k) for k in value):
            raise ValueError(f"`{name}` has a key that is not a plain text")
        return {k: _clean(name, k, v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(name, key, v, depth + 1) for v in value]
    raise ValueError(f"`{name}` holds a value that JSON cannot hold")
