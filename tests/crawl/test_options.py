"""Lengths of time, sizes, hours and moments, as they are written on a command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cryptodrug_scraper.crawl.options import (
    CrawlOptions,
    read_quiet,
    read_since,
    read_size,
    read_span,
)

NOW = datetime(2019, 3, 5, 12, tzinfo=UTC)


def test_spans_and_sizes() -> None:
    assert [read_span(t) for t in ("90s", "30m", "2h", "1.5 d", "1w")] == [
        90,
        1800,
        7200,
        129600,
        604800,
    ]
    assert [read_size(t) for t in ("512", "500K", "8M", "1GB")] == [512, 512000, 8 << 20, 1 << 30]


def test_since() -> None:
    assert read_since("2d", NOW) == NOW - timedelta(days=2)
    assert read_since("2019-03-01", NOW) == datetime(2019, 3, 1, tzinfo=UTC)
    assert read_since("2019-03-01T10:00:00+01:00", NOW) == datetime(2019, 3, 1, 9, tzinfo=UTC)


def test_quiet_hours_go_over_midnight() -> None:
    night = read_quiet("22:00-06:30")
    at = datetime(2019, 3, 5)
    assert [night.contains(at.replace(hour=h)) for h in (21, 22, 23, 0, 6, 7)] == [
        False,
        True,
        True,
        True,
        True,
        False,
    ]
    assert str(night) == "22:00-06:30"
    assert read_quiet("12:00-13:00").contains(at.replace(hour=12, minute=59))


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_span, "5"),
        (read_span, "-5m"),
        (read_span, "soon"),
        (read_size, "big"),
        (read_size, "8T"),
        (read_since, "yesterday"),
        (read_since, "2019-13-01"),
        (read_quiet, "22:00"),
        (read_quiet, "25:00-06:00"),
    ],
)
def test_nonsense_is_named(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(ValueError, match=repr(text)):
        read(text)


def test_what_is_told_of_a_run_has_no_credentials() -> None:
    options = CrawlOptions(Path("data"), dsn="postgresql://user:secret@host/db")
    assert "secret" not in repr(options.as_record()) + repr(options)
