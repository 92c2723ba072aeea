"""What the tools that save pages write into them: the address, and when they were saved.

Browsers (`saved from url=…`), SingleFile and HTTrack write it as a comment before the page's own
text, and only there is it looked for: what vendors write stands further down. `wget
--save-headers` puts the server's answer before the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from .http import Response, split_response
from .sidecar import without_credentials
from .timestamps import moment_of
from .when import StatedMoment

_HEAD = 16 << 10
_TOKENS = 40
_TOKEN = re.compile(
    r"\s+|<!--(?P<comment>.{0,4096}?)-->|<[!?]?(?:doctype|xml|html|head|meta)\b[^>]{0,4096}>",
    re.IGNORECASE | re.DOTALL,
)
_SAVED = re.compile(r"\s*saved from url=\(\d{1,6}\)(\S+)")
_SINGLE_FILE = re.compile(r"\s*Page saved with SingleFile")
_URL_LINE = re.compile(r"^[ \t]*url:[ \t]*(\S+)", re.MULTILINE)
_DATE_LINE = re.compile(r"^[ \t]*saved date:[ \t]*(\S[^\r\n]*)", re.MULTILINE)
_HTTRACK = re.compile(
    r"\s*Mirrored from (\S+) by HTTrack Website Copier/\S+ \[[^\]]{0,80}\](?:, ([^\r\n]{1,80}))?"
)
_ADDRESS = re.compile(r"(?:https?|ftp)://[^\s<>\"]{1,8000}", re.IGNORECASE)


_OWN_PAGES = re.compile(
    rb"<!-- (?:Mirror and index made|Created) by HTTrack Website Copier/", re.IGNORECASE
)


class Provenance(NamedTuple):
    """What a saved page says of itself; ``problem`` is why something it says is not used."""

    url: str | None = None
    moment: StatedMoment | None = None
    problem: str = ""
    status: int | None = None
    headers: Mapping[str, str] = {}


NONE = Provenance()


def provenance_of(body: bytes, saved: Response | None = None) -> Provenance:
    """Return what the tool that saved a page wrote into it.

    ``saved`` is the server's answer, if that stood before the page.
    """
    result = _in_comments(body)
    if saved is None:
        return result
    result = result._replace(status=saved.status, headers=saved.headers)
    if result.moment is None and "date" in saved.headers:
        result = result._replace(moment=moment_of(saved.headers["date"]))
    return result


def _in_comments(body: bytes) -> Provenance:
    head = body[:_HEAD]
    if b"<!--" not in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return NONE
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head.decode("utf-16", "replace")
    else:
        text = head.decode("utf-8", "replace").removeprefix("\ufeff")
    at = 0
    for _ in range(_TOKENS):
        match = _TOKEN.match(text, at)
        if match is None:
            break
        at = match.end()
        comment = match["comment"]
        result = None if comment is None else _stated(comment)
        if result is not None:
            return result
    return NONE


def _stated(comment: str) -> Provenance | None:
    if match := _SAVED.match(comment):
        return _provenance(match[1], None)
    if _SINGLE_FILE.match(comment):
        url, saved = _URL_LINE.search(comment), _DATE_LINE.search(comment)
        return _provenance(url and url[1], saved and saved[1])
    if match := _HTTRACK.match(comment):
        return _provenance("http://" + match[1], match[2])
    return None


def _provenance(url: str | None, saved: str | None) -> Provenance:
    moment, problem = None, ""
    if saved is not None:
        moment = moment_of(saved.strip())
        if moment is None:
            problem = f"it says that it was saved at {saved.strip()[:60]!r}, which is no time"
    if url is None or not _ADDRESS.fullmatch(url) or not url.isprintable():
        return Provenance(None, moment, problem)  # about:internet, a file: no address
    return Provenance(without_credentials(url), moment, problem)


def saved_response(data: bytes) -> Response | None:
    """Split a page from the server's answer that `wget --save-headers` put before it."""
    response = split_response(data) if data.startswith(b"HTTP/") else None
    if response is None or response.status is None or not response.headers:
        return None
    return response


def made_by_httrack(body: bytes) -> bool:
    """Tell whether a page is HTTrack's own: its index of mirrors, a note that a page moved."""
    return b"HTTrack" in body[:_HEAD] and _OWN_PAGES.search(body[:_HEAD]) is not None
