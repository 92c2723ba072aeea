"""What tools do to the links and images of a page that they save, and archives that replay it.

A page of a site is taken to lie at its own address; the files that links lead to lie beside
it as the tool names them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote, urljoin, urlsplit
from zlib import crc32

from cryptodrug_scraper.reading.cuts import parse_open
from tests.reading.changes import Page
from tests.reading.markup import Token, quoted, tokens, written

HERE = "http://copyexampleexample.onion/"
"""Where a page lies whose address is not known."""
OTHER = "http://otherexampleexample.onion"
PICTURE = "data:image/png;base64,iVBORw0KGgo="

_ADDRESSES = ("href", "src", "action")
_NO_PAGE = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:|#|$", re.I)
_NO_FOLDERS = re.compile(r"(?:\.{0,2}/)+")


def absolute(written_link: str, url: str) -> str | None:
    """Return the address that a link of a fixture stands for, or None if it is none.

    Fixtures spell links from their root in several ways, ``./../offer/1`` too.
    """
    if _NO_PAGE.match(written_link):
        return None
    if re.match(r"(?:https?:)?//", written_link, re.I):
        return urljoin(url, written_link)
    if written_link.startswith("?"):
        return urljoin(url, written_link)
    return urljoin(urljoin(url, "/"), _NO_FOLDERS.sub("/", written_link, count=1))


def _links(page: Page, url: str, change: Callable[[str, str], str], *tags: str) -> list[Token]:
    """Change the addresses in a page; ``change`` takes the tag's name and the address."""
    found = []
    for token in page:
        if token.kind == "start" and (not tags or token.name.lower() in tags):
            for name in _ADDRESSES:
                value = token.get(name)
                to = absolute(value, url) if value is not None else None
                if to is not None:
                    token = token.changed(name, change(token.name.lower(), to))
        found.append(token)
    return found


def _same_site(to: str, url: str) -> bool:
    return urlsplit(to).netloc.lower() == urlsplit(url).netloc.lower()


def absolute_links(page: Page, url: str) -> str:
    """Write all links in full."""
    return written(_links(page, url, lambda tag, to: to))


def links_without_scheme(page: Page, url: str) -> str:
    """Write links from ``//`` on."""
    return written(_links(page, url, lambda tag, to: to.partition(":")[2]))


def links_from_the_root(page: Page, url: str) -> str:
    """Write the site's own links from the root."""

    def rooted(tag: str, to: str) -> str:
        return to[len(urljoin(to, "/")) - 1 :] if _same_site(to, url) else to

    return written(_links(page, url, rooted))


def links_without_a_stroke(page: Page, url: str) -> str:
    """Write the site's own links without the stroke of the root."""

    def bare(tag: str, to: str) -> str:
        rest = to[len(urljoin(to, "/")) :]
        return rest if rest and _same_site(to, url) else to

    return written(_links(page, url, bare))


def links_with_dots(page: Page, url: str) -> str:
    """Write the site's own links as ``./../offer/1``, as saved copies do."""

    def dotted(tag: str, to: str) -> str:
        rest = to[len(urljoin(to, "/")) :]
        return f"./../{rest}" if rest and _same_site(to, url) else to

    return written(_links(page, url, dotted))


def _host_changed(page: Page, url: str, root: str) -> str:
    def moved(tag: str, to: str) -> str:
        return root + to[len(urljoin(to, "/")) - 1 :] if _same_site(to, url) else to

    return written(_links(page, url, moved))


def links_of_another_host(page: Page, url: str) -> str:
    """Write links in full, with the host of another mirror of the market."""
    return _host_changed(page, url, OTHER)


def links_with_a_port(page: Page, url: str) -> str:
    """Write links in full, with a port, as of a replay on this machine."""
    return _host_changed(page, url, "http://localhost:8080")


def links_by_tls(page: Page, url: str) -> str:
    """Write links in full, encrypted."""
    return _host_changed(page, url, OTHER.replace("http:", "https:"))


def replayed(page: Page, url: str) -> str:
    """Put the address of a replay before every link, with its mark before images."""
    return written(
        _links(
            page,
            url,
            lambda tag, to: f"/web/20181118000000{'im_' if tag == 'img' else ''}/{to}",
        )
    )


def replayed_in_full(page: Page, url: str) -> str:
    """Put the full address of a replay before every link."""
    return written(_links(page, url, lambda tag, to: f"http://localhost:8080/all/2018mp_/{to}"))


def _file(to: str, *, suffix: bool, windows: bool) -> str:
    """Return the name of the file that ``wget`` keeps an address in, from the host's folder."""
    parts = urlsplit(to)
    path = parts.path.lstrip("/")
    if not path or path.endswith("/"):
        path += "index.html"
    name = f"{path}{'@' if windows else '?'}{parts.query}" if parts.query else path
    if suffix and not re.search(r"\.(?:html?|css|png|jpe?g|ico|gif|js)$", name):
        name += ".html"
    return name


def _by_wget(page: Page, url: str, *, suffix: bool, windows: bool = False) -> str:
    here = posixpath.dirname(_file(url, suffix=suffix, windows=windows))

    def converted(tag: str, to: str) -> str:
        if tag == "form" or not _same_site(to, url):
            return to
        fragment = urlsplit(to).fragment
        file = _file(to, suffix=suffix, windows=windows)
        relative = posixpath.relpath(file, here or ".")
        return quote(relative, safe="/=&@.;+,'()!*~$-_%:") + (f"#{fragment}" if fragment else "")

    return written(_links(page, url, converted))


def by_wget_k(page: Page, url: str) -> str:
    """``wget -k``: links to the files, the question mark escaped."""
    return _by_wget(page, url, suffix=False)


def by_wget_e_k(page: Page, url: str) -> str:
    """``wget -E -k``: the files also end in ``.html``."""
    return _by_wget(page, url, suffix=True)


def by_wget_for_windows(page: Page, url: str) -> str:
    """``wget -E -k --restrict-file-names=windows``: ``@`` for the question mark."""
    return _by_wget(page, url, suffix=True, windows=True)


def by_httrack(page: Page, url: str) -> str:
    """HTTrack: relative files, a query turned into four digits."""

    def file(to: str) -> str:
        parts = urlsplit(to)
        path = parts.path.strip("/") or "index"
        path = re.sub(r"\.html?$", "", path)
        if re.search(r"\.(?:css|png|jpe?g|ico|gif|js)$", path):
            return path
        digits = f"{crc32(parts.query.encode()) & 0xFFFF:04x}" if parts.query else ""
        return f"{path}{digits}.html"

    here = posixpath.dirname(file(url))

    def mirrored(tag: str, to: str) -> str:
        if not _same_site(to, url):
            return to
        fragment = urlsplit(to).fragment
        relative = posixpath.relpath(file(to), here or ".")
        return relative + (f"#{fragment}" if fragment else "")

    source = written(_links(page, url, mirrored))
    mark = f"<!-- Mirrored from {url[7:]} by HTTrack Website Copier/3.x -->"
    return re.sub(r"(<html[^>]*>)", rf"\1\n{mark}", source, count=1, flags=re.I)


def _images(page: Page, change: Callable[[Token], Token]) -> str:
    return written([change(t) if t.name.lower() == "img" else t for t in page])


def by_a_browser(page: Page, url: str) -> str:
    """A browser's "save as": links in full, images in a folder beside the page."""

    def saved(tag: str, to: str) -> str:
        if tag not in ("img", "link", "script"):
            return to
        return f"./A page_files/{posixpath.basename(urlsplit(to).path)}"

    source = written(_links(page, url, saved))
    mark = f"<!-- saved from url=({len(url):04d}){url} -->"
    return re.sub(r"(<html)", rf"{mark}\n\1", source, count=1, flags=re.I)


def by_a_browser_with_numbers(page: Page, url: str) -> str:
    """The same, where images of one name were met before and are numbered."""
    source = by_a_browser(page, url)
    return re.sub(r"(_files/[^\"]*)(\.\w+\")", r"\1(1)\2", source)


def images_within_the_page(page: Page, url: str) -> str:
    """Put images into the page, where their names are lost."""
    return _images(page, lambda image: image.changed("src", PICTURE))


def images_without_sources(page: Page, url: str) -> str:
    """Leave out where images lie."""

    def bare(image: Token) -> Token:
        kept = tuple((n, v) for n, v in image.attributes if n.lower() != "src")
        return replace(image, attributes=kept)

    return _images(page, bare)


def by_singlefile(page: Page, url: str) -> str:
    """SingleFile: images within, links in full, attributes bare, scripts gone, a base given.

    Ends that may be left out are: those of the body and of the document.
    """

    def kept() -> Iterator[Token]:
        scripted = False
        for token in _links(page, url, lambda tag, to: to):
            name = token.name.lower()
            if name in ("script", "noscript"):
                scripted = token.kind == "start"
            elif name == "link" and token.kind == "start":
                continue
            elif not scripted and not token.text.startswith("<!--"):
                yield token
                if name == "head" and token.kind == "start":
                    yield from tokens(f'<meta charset="utf-8"><base href="{url}">')

    def bare(name: str, value: str | None) -> str:
        plain = value is not None and re.fullmatch(r"[^\s\"'=<>`&]+[^\s\"'=<>`&/]", value)
        return f"{name}={value}" if plain else quoted(name, value)

    images = [
        t.changed("src", PICTURE) if t.name.lower() == "img" and t.kind == "start" else t
        for t in kept()
    ]
    source = written([replace(t, slash=False) for t in images], bare)
    mark = f"<!--\n Page saved with SingleFile \n url: {url} \n-->"
    source = re.sub(r"</(?:body|html)\s*>\s*", "", source, flags=re.I)
    # It writes what the browser made of the page, in which all else is closed.
    left = parse_open(source).within
    source += "".join(f"</{tag}>" for tag in left if tag not in ("body", "html"))
    return re.sub(r"(<html[^>]*>)", rf"\1{mark}", source, count=1, flags=re.I)


Copy = Callable[[Page, str], str]

COPIES: tuple[Copy, ...] = (
    absolute_links,
    links_without_scheme,
    links_from_the_root,
    links_without_a_stroke,
    links_with_dots,
    links_of_another_host,
    links_with_a_port,
    links_by_tls,
    replayed,
    replayed_in_full,
    by_wget_k,
    by_wget_e_k,
    by_wget_for_windows,
    by_httrack,
    by_a_browser,
    by_a_browser_with_numbers,
    images_within_the_page,
    images_without_sources,
    by_singlefile,
)
