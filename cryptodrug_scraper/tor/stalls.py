"""What it means when Tor does not get on: its phases and warnings in words that help."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from cryptodrug_scraper.tor.control import TorStatus

BRIDGES = (
    "bridges (https://bridges.torproject.org) in a file for `cryptodrug tor run --torrc FILE`: "
    "the lines UseBridges 1 and Bridge …"
)

# As Tor words it: "Our clock is 3 hours behind the time published …", "… with skewed time …".
_CLOCK = re.compile(r"\b(?:our|your|system) clock\b|skewed time|clock just jumped", re.I)


def meaning(percent: int, phase: Mapping[str, str], log: str) -> str:
    """Say what a bootstrap that is stuck at ``percent`` means, and what can be done.

    ``phase`` holds the words of Tor's own line on it (``WARNING``, ``REASON``, …), ``log`` is
    what it wrote since its start.
    """
    warning = f"Tor's own word on it: {phase['WARNING']}.\n" if phase.get("WARNING") else ""
    troubles = "\n".join(re.findall(r"\[(?:warn|err)\] (.*)", log))
    if _CLOCK.search(troubles) or phase.get("REASON") == "CLOCK_SKEW":
        return warning + (
            "This machine's clock seems to be wrong, and Tor needs it right to some minutes: "
            "look with `date -u`, and let it be set (`timedatectl set-ntp true`)."
        )
    if percent < 15:
        return warning + (
            "No relay of the Tor network could be reached: there is no network, or a firewall or "
            f"the provider keeps Tor out. Try another network, or {BRIDGES}."
        )
    if percent < 75:
        return warning + (
            "A relay was reached, but the directory of relays does not come through: the network "
            "is slow, breaks off, or lets little of Tor through. Try again, or another network; if "
            f"it blocks Tor, {BRIDGES}."
        )
    return warning + (
        "The directory of relays is there, but no circuit comes about: the relays first tried "
        "may be down or kept out by a firewall. Try again in some minutes; if the network blocks "
        f"Tor, {BRIDGES}."
    )


def standing(now: TorStatus, own_folder: Path) -> str:
    """Say at which stage of its bootstrap a Tor stands, since when, why perhaps, and what to do.

    ``own_folder`` is the folder of a Tor of our own, whose log is looked for there.
    """
    log = Path(now.log) if now.log else None
    if now.data is not None and Path(now.data) == own_folder.absolute() / "data":
        log = own_folder.absolute() / "tor.log"
    text = ""
    if log is not None:
        with contextlib.suppress(OSError):
            text = log.read_text(errors="replace")
    since = _since(text, now.percent)
    if since is not None:
        passed = (datetime.now() - since).total_seconds()
        when = f"since {since:%H:%M:%S} ({_span(passed)})"
    elif now.uptime is not None:
        when = f"it was started {_span(now.uptime)} ago"
    else:
        when = "since when it does not say"
    where = (
        f"Its log is {log}."
        if log is not None
        else (
            "Where its log is it does not say (of Debian's service: `journalctl -u tor@default`)."
        )
    )
    phase = {"WARNING": now.warning, "REASON": now.reason}
    if now.percent == 100:
        what = (
            "It was connected, and lost its network: look whether this machine is online. If the "
            f"network now blocks Tor, {BRIDGES}."
        )
    else:
        what = meaning(now.percent, phase, text)
    return f"Tor stands at {now.percent}% ({now.summary}), {when}.\n{what}\n{where}"


def _since(log: str, percent: int) -> datetime | None:
    """Return when a Tor reached a stage, in local time, by its log, which states no year."""
    found = re.findall(
        rf"^(\w{{3}} \d\d \d\d:\d\d:\d\d)\.\d+ \[notice\] Bootstrapped {percent}%", log, re.M
    )
    if not found:
        return None
    now = datetime.now()
    try:
        at = datetime.strptime(f"{now.year} {found[-1]}", "%Y %b %d %H:%M:%S")
    except ValueError:
        return None
    return at.replace(year=now.year - 1) if at > now + timedelta(days=1) else at


def _span(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    if minutes >= 120:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
