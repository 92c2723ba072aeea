"""What a link leads to, whoever saved the page that it stands on.

A saved page holds its links as the market wrote them, or as the tool that saved it did:
absolute, relative to a file, with the ``?`` as ``%3F`` or ``@`` and ``.html`` behind the
address (``wget``), with the query turned into four digits (HTTrack), or behind the address of
a replay (``/web/20181118000000/http://…``). :func:`address` gives what the market wrote, as
far as the link still holds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote, urljoin

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.memoize import memoized
from cryptodrug_scraper.reading.nodes import attribute
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Link, ParsedPage

LONGEST = 2000
"""Longer links are none that a server would answer; vendors' tags of 6 KB were met."""


class Address(NamedTuple):
    """An address of the web: ``path`` begins with ``/``, whatever folder a copy lay in.

    ``origin`` is ``http://host`` in lower case, or empty for a link that names no host;
    ``fragment`` is what stands behind ``#``.
    """

    origin: str
    path: str
    query: str
    fragment: str

    @property
    def place(self) -> str:
        """The path and, where there is one, the query behind ``?``."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def script(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    def get(self, name: str) -> str:
        """Return the first value of the query's field of this name, as written, or ``""``."""
        for pair in self.query.split("&") if self.query else ():
            key, _, value = pair.partition("=")
            if key == name:
                return value
        return ""

    def has(self, name: str) -> bool:
        """Say whether the query has a field of this name, empty or not."""
        return f"&{name}=" in f"&{self.query}"

    def lost(self, script: str) -> bool:
        """Tell a link to ``script`` whose query a mirror turned into four hexadecimal digits."""
        return not self.query and _HASHED.fullmatch(self.script.removeprefix(script)) is not None


NOWHERE = Address("", "", "", "")
"""What leads to no page: no address, one with bad places, a mail address, a script, a picture."""

_HASHED = re.compile(r"[0-9a-f]{4}(?:-\d+)?", re.I)
_REPLAYED = re.compile(
    r"(?:https?://[^/?#]+)?[\w./-]*?/(?:\d{4,14}(?:[a-z]{2}_)?|[a-z]{2}_)"
    r"/(https?:/{1,2}[^/].*)",
    re.I | re.S,
)
_ORIGIN = re.compile(r"(https?:)?//([^/?#\\]+)", re.I)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
_ABOVE = re.compile(r"(?:\.{0,2}/)+|\.{1,2}$")
_HOST_FOLDER = re.compile(r"(?:.*/)?([a-z2-7]{16,56}\.onion(?:[:+]\d+)?)(?=/|$)", re.I)
_QUERY_IN_NAME = re.compile(r"%(?:25)?3F|@(?=[\w%\[\]-]+=)", re.I)  # behind the last stroke
_ADDED_TO_VALUE = re.compile(r"(?<=[\w.%-])\.html?$", re.I)
_ADDED_TO_ID = re.compile(r"(=[\d.]*\d)\.html?$", re.I)
_ADDED_TO_PATH = re.compile(r"(?:/index)?\.html?$", re.I)
_ESCAPED_MARK = re.compile(r"%(?:25)?(26|3D)", re.I)
_NO_HOST = "http://0"
_CONTROL = re.compile(r"[\t\r\n]")
_BAD = re.compile(r"[\x00-\x1f\x7f\ufffd]|%EF%BF%BD", re.I)  # of what it was, a part is lost


@memoized
def address(written: str | None, base: str | None = None) -> Address:
    """Return what a link leads to; :data:`NOWHERE` if it leads to no page of the web.

    A relative link is taken from the root, since copies lie in folders of their own; with
    ``base``, the page's own address, it is taken from there as a browser does.
    """
    link = _CONTROL.sub("", written or "").strip()
    if not link or len(link) > LONGEST or link[0] == "#" or _BAD.search(link):
        return NOWHERE
    if "http" in link[1:] and (replayed := _REPLAYED.fullmatch(link)):
        link = re.sub(r"^(https?:)/+", r"\1//", replayed[1], flags=re.I)
    host = _ORIGIN.match(link)
    if host is None and base and not _SCHEME.match(link):
        try:
            link = urljoin(_plain_base(base), link).removeprefix(_NO_HOST)
        except ValueError:  # "http://[x"
            return NOWHERE
        host = _ORIGIN.match(link)
    origin = ""
    if host is not None:
        origin = f"{(host[1] or 'http:').lower()}//{host[2].lower()}"
        link = link[host.end() :]
    elif (scheme := _SCHEME.match(link)) is not None:
        if scheme[0].lower() != "file:":
            return NOWHERE
        link = link[scheme.end() :].lstrip("/")
    place, _, fragment = link.partition("#")
    path, mark, query = place.partition("?")
    if not host:
        path = _ABOVE.sub("", path, count=1) if _ABOVE.match(path) else path
        if ".onion" in path and (folder := _HOST_FOLDER.match(path)) is not None:
            origin, path = f"http://{folder[1].lower().replace('+', ':')}", path[folder.end() :]
    if not path.startswith("/"):
        path = f"/{path}"
    if not mark and (named := _QUERY_IN_NAME.search(path, path.rfind("/") + 1)) is not None:
        path, query = path[: named.start()], path[named.end() :]
        query = _ADDED_TO_VALUE.sub("", query)
        query = _ESCAPED_MARK.sub(lambda m: unquote(f"%{m[1]}"), query).replace("%25", "%")
    elif mark:
        query = _ADDED_TO_ID.sub(r"\1", query)
    if path[-5:].lower().endswith((".html", ".htm")):
        path = _ADDED_TO_PATH.sub("", path) or "/"
    return Address(origin, path, query.replace("&amp;", "&"), fragment)


@memoized
def _plain_base(base: str) -> str:
    """Return the page's own address without what a replay put before it."""
    own = address(base)
    return f"{own.origin or _NO_HOST}{own.path}"


_RELATIVE = re.compile(r"^\.\./|\.html?$", re.M)


def is_mirrored(hrefs: Iterable[str]) -> bool:
    """Say whether a tool made a page's links relative to it, as to a file in a mirror."""
    links = "\n".join(hrefs)
    return ("../" in links or ".htm" in links) and _RELATIVE.search(links) is not None


def mirror_base(hrefs: Iterable[str], url: str | None, reader: Reader) -> str | None:
    """Return what a page's relative links are taken from, if a mirror's tool wrote them.

    That is the page's own address, where it has links such as ``../offer/1`` or ``2.html``. Without
    it those beside the page (``34.html``) are lost, which is a warning.
    """
    if not is_mirrored(hrefs):
        return None
    if url is None:
        reader.warn("links", "are relative to the page, and its address is not known")
    return url


def path_of(link: LexborNode) -> str:
    """Return the path that a link leads to, with its query; empty for what leads nowhere."""
    return address(attribute(link, "href")).place


def image_name(source: str | None) -> str:
    """Return an image's file name without its folder; empty where it is lost.

    Copies hold images within the page (``data:``), or leave them out.
    """
    if not source or source.lstrip()[:5].lower() == "data:":
        return ""
    return unquote(address(source).script)


# -- the links of a page -------------------------------------------------------------------

Shows = Callable[[Address], Link | None]
"""What an address of the market shows, by its path and query alone: the url of such a link
begins with ``/``. One of kind :data:`LOST_LINK` showed something, and does not tell what."""

LOST_LINK = "lost"
_NETWORK_HOST = re.compile(r"(?:[^/:]+\.onion|localhost|127\.0\.0\.1)(?::\d+)?")


def read_links(
    hrefs: Iterable[str],
    page: ParsedPage,
    reader: Reader,
    shows: Shows,
    *,
    base: str | None = None,
    other_host: str = "",
) -> None:
    """Add the pages of the market that a page's links lead to, each address once.

    A link that names a host counts if that is the host of the page or ``other_host``; where
    neither is known, any in the network does. With ``base`` links that show nothing by themselves
    are taken from there (:func:`mirror_base`).
    """
    root = address(page.url).origin
    hosts = tuple([host for host in (_host(root), other_host) if host])
    links = dict.fromkeys(map(_leads_from(shows, root, base, hosts), hrefs))
    lost = sorted({link.url for link in links if link is not None and link.kind == LOST_LINK})
    page.links += [link for link in links if link is not None and link.kind != LOST_LINK]
    if lost:
        reader.warn("links", f"{len(lost)} were rewritten, and have lost their ids", lost[0])


def _host(origin: str) -> str:
    return origin.partition("//")[2]


@lru_cache(16)
def _leads_from(
    shows: Shows, root: str, base: str | None, hosts: tuple[str, ...]
) -> Callable[[str], Link | None]:
    """Return what tells where an address leads within the market."""

    @memoized
    def leads(href: str) -> Link | None:
        to = address(href)
        link = shows(to)
        if link is None and base:
            to = address(href, base)
            link = shows(to)
        if link is None or link.kind == LOST_LINK:
            return link
        host = _host(to.origin)
        if host and not (host in hosts if hosts else _NETWORK_HOST.fullmatch(host)):
            return None
        return Link(link.kind, link.external_id, f"{to.origin or root}{link.url}")

    return leads
