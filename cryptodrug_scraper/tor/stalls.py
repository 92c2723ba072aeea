"""What it means when Tor does not get on: its phases and warnings in words that help."""

from __future__ import annotations

import re
from collections.abc import Mapping

# As Tor words it: "Our clock is 3 hours behind the time published …", "… with skewed time …".
_CLOCK = re.compile(r"\b(?:our|your|system) clock\b|skewed time|clock just jumped", re.I)


def meaning(percent: int, phase: Mapping[str, str], log: str) -> str:
    """Say what a bootstrap that is stuck at ``percent`` means, and what can be done.

    ``phase`` holds the words of Tor's own line on it (``WARNING``, ``REASON``, …), ``log`` is
    what it wrote since its start.
    """
    said = f"Tor's own word on it: {phase['WARNING']}.\n" if phase.get("WARNING") else ""
    troubles = "\n".join(re.findall(r"\[(?:warn|err)\] (.*)", log))
    if _CLOCK.search(troubles) or phase.get("REASON") == "CLOCK_SKEW":
        return said + (
            "This machine's clock seems to be wrong, and Tor needs it right to some minutes: "
            "look with `date -u`, and let it be set (`timedatectl set-ntp true`)."
        )
    if percent < 15:
        return said + (
            "No relay of the Tor network could be reached: there is no network, or a firewall or "
            "the provider keeps Tor out. Try another network, or bridges "
            "(https://bridges.torproject.org) in a file for `cryptodrug tor run --torrc FILE`."
        )
    if percent < 75:
        return said + (
            "A relay was reached, but the directory of relays does not come through: the network "
            "is slow, breaks off, or lets little of Tor through. Try again, or another network."
        )
    return said + (
        "The directory of relays is there, but no circuit comes about: the relays first tried "
        "may be down or kept out by a firewall. Try again in some minutes."
    )


def last_lines(text: str, lines: int = 12) -> str:
    """Return the end of what Tor said, indented."""
    return "\n".join("  " + line for line in text.strip().splitlines()[-lines:])
