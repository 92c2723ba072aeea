"""What is said when Tor does not get on."""

from __future__ import annotations

import pytest

from cryptodrug_scraper.tor.stalls import last_lines, meaning


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


def test_last_lines() -> None:
    assert last_lines("a\nb\nc\n", 2) == "  b\n  c"
