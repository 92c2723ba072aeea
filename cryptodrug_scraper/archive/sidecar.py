"""Sidecars: ``page.json`` or ``page.html.json`` beside ``page.html``.

A JSON object with any of ``url``, ``captured_at``, ``status`` and ``invented``; other keys are not
looked at.
A sidecar with a wrong value is not used at all: what it says of the page is not to be trusted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from .when import StatedMoment, from_text, in_range, why_none


class Sidecar(NamedTuple):
    """What a sidecar says of its page."""

    url: str | None = None
    moment: StatedMoment | None = None
    status: int | None = None
    invented: bool = False


_USERINFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*@")
_PACKED = re.compile(r"\.(?:gz|bz2|xz|zst|br)$", re.IGNORECASE)


def sidecar_names(name: str) -> Iterator[str]:
    """Yield the names that a page's sidecar may have, the surest first."""
    yield name + ".json"
    plain = _PACKED.sub("", name)
    if plain != name:
        yield plain + ".json"
    if plain.endswith(".orig"):  # of `wget -K`
        yield plain.removesuffix(".orig") + ".json"
    stem, dot, _ = plain.rpartition(".")
    if dot and stem:
        beside = stem + ".json"
        if is_sidecar_name(beside):
            yield beside


def is_sidecar_name(name: str) -> bool:
    """Tell whether a file may be a sidecar; expected records (``x.expected.json``) are none."""
    name = name.lower()
    return name.endswith(".json") and not name.endswith(".expected.json")


def without_credentials(url: str) -> str:
    """Take user and password out of an address."""
    return _USERINFO.sub(lambda m: f"{m[1] or ''}//", url) if "@" in url else url


def read_sidecar(data: bytes) -> Sidecar | str:
    """Read a sidecar; if it is wrong, return why."""
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return "it is not JSON"
    if not isinstance(found, dict):
        return "it is not a JSON object"
    url, at, status = found.get("url"), found.get("captured_at"), found.get("status")
    if url is not None:
        if not isinstance(url, str) or not 0 < len(url) <= 8192 or not url.isprintable():
            return "its `url` is not an address"
        url = without_credentials(url)
    moment = None
    if at is not None:
        moment = from_text(at) if isinstance(at, str) else None
        if moment is None or not in_range(moment.at):
            return f"its `captured_at` is {why_none(str(at))}"
    if status is not None and (
        not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 599
    ):
        return "its `status` is not an HTTP status"
    invented = found.get("invented", False)
    if not isinstance(invented, bool):
        return "its `invented` is neither true nor false"
    return Sidecar(url, moment, status, invented)
