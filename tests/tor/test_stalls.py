"""What is said when Tor does not get on."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cryptodrug_scraper.common.processes import last_lines
from cryptodrug_scraper.tor.control import TorStatus
from cryptodrug_scraper.tor.stalls import meaning, standing


@pytest.mark.parametrize(
    ("percent", "phase", "log", "said"),
    [
        (5, {}, "", "No relay of the Tor network"),
        (10, {"WARNING": "Connection refused"}, "", "word on it: Connection refused.\nNo relay"),
        (30, {}, "", "directory of relays does not come through"),
        (80, {}, "", "no circuit comes about"),
        (14, {"REASON": "CLOCK_SKEW"}, "", "clock"),
        (
            30,
            {},
            "Jan 01 [warn] Our clock is 3 hours, 2 minutes behind the time published in the "
            "consensus network status document. Tor needs an accurate clock to work correctly.",
            "timedatectl",
        ),
        (
            14,
            {},
            "Jan 01 [warn] Received NETINFO cell with skewed time (OR:1.2.3.4:443): It seems that "
            "our clock is behind by 1 days, 0 hours, 0 minutes, or that theirs is ahead.",
            "date -u",
        ),
        (5, {}, "Jan 01 [notice] the clock is fine", "No relay"),
    ],
)
def test_meaning(percent: int, phase: dict[str, str], log: str, said: str) -> None:
    assert said in meaning(percent, phase, log)


def status(percent: int, **more: object) -> TorStatus:
    values: dict[str, object] = {
        "version": "0.4", "percent": percent, "summary": "Connecting", "warning": "",
        "circuits": 0, "socks": (), "live": False, "read": 0, "written": 0,
    }  # fmt: skip
    return TorStatus(**{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("percent", [0, 5, 14, 30, 75, 95, 100])
def test_a_stage_is_named_with_the_way_out(percent: int, tmp_path: Path) -> None:
    words = standing(status(percent), tmp_path)
    assert f"Tor stands at {percent}% (Connecting)" in words
    assert "bridges (https://bridges.torproject.org)" in words
    assert "log" in words


def test_since_when_and_where_the_log_is(tmp_path: Path) -> None:
    own = tmp_path / "tor"
    own.mkdir()
    at = datetime.now() - timedelta(minutes=3, seconds=5)
    (own / "tor.log").write_text(
        f"{at:%b %d %H:%M:%S}.123 [notice] Bootstrapped 5% (conn): Connecting to a relay\n"
    )
    words = standing(status(5, data=str(own / "data")), own)
    assert re.search(rf"since {at:%H:%M:%S} \(3 min \d+ s\)", words)
    assert f"Its log is {own / 'tor.log'}." in words
    other = standing(status(5, log="/var/log/tor/log", uptime=42.0), own)
    assert "it was started 42 s ago" in other and "Its log is /var/log/tor/log." in other


def test_last_lines() -> None:
    assert last_lines("a\nb\nc\n", 2) == "  b\n  c"
