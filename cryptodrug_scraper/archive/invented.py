"""Which pages were invented: those that say so, and those that this machine served.

A page of a simulator, a scenario or a test says nothing of a market. Its source marks it: a crawl
in its stamp and in each record of its files (:data:`FIELD`), a saved page in its sidecar
(``"invented": true``). A page that came from a loopback host is invented, whatever its source says.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cryptodrug_scraper.tor.address import is_loopback, is_onion, is_onion_of_version_2

FIELD = "WARC-Invented"
"""The field of a WARC record whose capture was invented; its value is ``yes``."""

_HOST = re.compile(
    r"(?:(?P<scheme>https?)://)?(?:[^/?#@\s]*@)?(?P<host>\[[0-9a-f:.]{2,45}\]|[^/?#@:\s\[\]]{1,253})"
    r"(?::[0-9]{1,5})?(?:[/?#]|$)",
    re.IGNORECASE,
)


def field_of(invented: bool) -> list[tuple[str, str]]:
    """Return the field that a record has, as a list of none or one."""
    return [(FIELD, "yes")] if invented else []


def says_invented(value: str | None) -> bool:
    """Tell whether the field of a record, None where it has none, says so."""
    return value is not None and value.strip().lower() not in ("", "no", "false", "0")


def of_this_machine(url: str | None) -> bool:
    """Tell whether an address is of a loopback host: nothing but a trial stands there."""
    host, _ = _host_of(url)
    return host is not None and _is_here(host)


def doubtful_host(url: str | None) -> str | None:
    """Return the host of an address if it is neither an onion service's nor this machine's.

    None also where the address names no host. Onion addresses are those of version 2 and of
    version 3, the latter with a right checksum.
    """
    host, is_absolute = _host_of(url)
    if host is None or not is_absolute or _is_here(host):
        return None
    return None if is_onion(host) or is_onion_of_version_2(host) else host


def _host_of(url: str | None) -> tuple[str | None, bool]:
    found = None if url is None else _HOST.match(url.lstrip(" <"))
    return (None, False) if found is None else (_plain(found["host"]), found["scheme"] is not None)


def _plain(host: str) -> str:
    return host.lower().removesuffix(".")


@lru_cache(maxsize=4096)
def _is_here(host: str) -> bool:
    return is_loopback(host) or host.endswith(".localhost")
