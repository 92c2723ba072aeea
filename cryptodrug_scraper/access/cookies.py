"""The cookies that a researcher hands over, in the forms that browsers and add-ons write them.

- ``cookies.txt`` in Netscape's format, as add-ons, curl and yt-dlp write it;
- JSON: a list of ``{"name", "value", "domain", …}``, the same under ``"cookies"``, and the
  list with ``"Name raw"`` of Cookie Quick Manager;
- a bare line ``Cookie: a=b; c=d``, as the browser's network inspector shows it.

Nothing that is said about a file (errors, notices) holds a cookie's value.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptodrug_scraper.common.private import NotUsable

_LARGEST = 1 << 20  # bytes of a file
_MOST = 180  # cookies of one host, as in Firefox
_NAME = re.compile(r"[!#-+\--:<>-\[\]-~]{1,256}")  # visible ASCII without  " , ; = \
_VALUE = re.compile(r"(?:[!-:<-~](?:[ -:<-~]{0,4094}[!-:<-~])?)?")  # printable ASCII without ;
_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,9})?")
_MILLISECONDS = 100_000_000_000  # a later expiry than this, in the year 5138, is not in seconds

Warn = Callable[[str], None]


class BadCookies(NotUsable):
    """What was given are no cookies that can be used; says where, and never a value."""


@dataclass(slots=True)
class _Cookie:
    where: str
    name: str
    value: str = field(repr=False)
    domain: str | None = None
    subdomains: bool = False
    path: str = "/"
    expires: float = 0.0


def check_cookies(cookies: dict[str, str], where: str = "a cookie") -> None:
    """Refuse names and values that cannot stand in a request's header. Raises BadCookies."""
    if len(cookies) > _MOST:
        raise BadCookies(f"{where}: {len(cookies)} cookies, more than the {_MOST} a site may set.")
    for name, value in cookies.items():
        _check(name, value, where)


def updated(cookies: dict[str, str], changes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return cookies after a site set some; what cannot stand in a header is passed over."""
    changed = dict(cookies)
    for name, value in changes:
        if can_be_sent(name, value) and (name in changed or len(changed) < _MOST):
            changed[name] = value
    return changed


def can_be_sent(name: str, value: str) -> bool:
    """Say whether a cookie can stand in a request's header."""
    return _NAME.fullmatch(name) is not None and _VALUE.fullmatch(value) is not None


def _check(name: str, value: str, where: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadCookies(
            f"{where}: a cookie's name is empty, too long, or holds a blank, a separator, a "
            "control character or one that is not ASCII."
        )
    if not _VALUE.fullmatch(value):
        raise BadCookies(
            f"{where}: the value of cookie {name!r} is too long, or holds a semicolon, a control "
            "character or one that is not ASCII."
        )


def read_cookies(
    source: Path | str | bytes,
    hosts: Collection[str] | None,
    *,
    warn: Warn | None = None,
    now: float | None = None,
) -> dict[str, str]:
    """Return the cookies of a file (a path, or the bytes themselves) by name.

    ``hosts`` are the host names of the market's mirrors (without port); cookies of others are
    left out, and so are expired ones (at ``now``, seconds since 1970): ``warn`` is told how
    many. With None or no hosts all must be of one host, an onion service or this machine. A
    bare ``Cookie:`` line names no host: it is taken as it is.

    Raises BadCookies for what is not understood, for two values of one name, and if no cookie
    is left; FileNotFoundError and other OSErrors for a path that cannot be read.
    """
    warn = warn or logging.getLogger(__name__).warning
    if not isinstance(source, bytes):
        with Path(source).open("rb") as file:
            source = file.read(_LARGEST + 1)
    if len(source) > _LARGEST:
        raise BadCookies(f"This is larger than {_LARGEST:,} bytes: it is no file of cookies.")
    cookies = list(_cookies(_text(source)))
    for cookie in cookies:
        _check(cookie.name, cookie.value, cookie.where)
    kept = _of_hosts(_fresh(cookies, time.time() if now is None else now, warn), hosts, warn)
    chosen = _one_each(kept)
    if not chosen:
        raise BadCookies(
            "There is no cookie left in it for this market. Sign in with Tor Browser, and export "
            "the cookies while the market's page is open."
        )
    check_cookies(chosen)
    return chosen


def _text(data: bytes) -> str:
    bad = -1
    text = ""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad = error.start
    if bad >= 0:  # raised here: the decoder's exception holds all of the bytes
        raise BadCookies(f"Line {data.count(10, 0, bad) + 1} is not text in UTF-8.")
    return text


def _cookies(text: str) -> Iterator[_Cookie]:
    start = text.lstrip()
    if start[:1] in ("[", "{"):
        yield from _json(text)
        return
    lines = [(n, line.rstrip("\r")) for n, line in enumerate(text.split("\n"), 1)]
    stated = [(n, line) for n, line in lines if line.strip() and not _is_comment(line)]
    if not stated:
        raise BadCookies("There is no cookie in it.")
    if any("\t" in line for _, line in stated):
        for n, line in stated:
            yield _netscape(f"Line {n}", line)
        return
    if len(stated) > 1:
        raise BadCookies(
            f"Line {stated[1][0]}: this is no line of a cookies.txt (seven fields with tabs "
            "between them; a copy through an editor may have turned tabs into blanks)."
        )
    yield from _header(*stated[0])


def _is_comment(line: str) -> bool:
    return line.startswith("#") and not line.startswith("#HttpOnly_")


def _netscape(where: str, line: str) -> _Cookie:
    fields = line.removeprefix("#HttpOnly_").split("\t")
    if len(fields) == 6:  # an empty value whose tab was taken for white space
        fields.append("")
    if len(fields) != 7:
        raise BadCookies(
            f"{where}: {len(fields)} fields and not the seven of a cookies.txt: host, TRUE or "
            "FALSE, path, TRUE or FALSE, expiry, name, value, with tabs between them."
        )
    domain, flag, path, _, expires, name, value = fields
    return _Cookie(
        where,
        name.strip(" "),
        value.strip(" "),
        _domain(domain, where),
        flag.strip().upper() == "TRUE" or domain.startswith("."),
        path.strip(),
        _expiry(expires.strip(), where),
    )


def _domain(text: str, where: str) -> str:
    domain = text.strip().lower().lstrip(".").rstrip(".")
    if not re.fullmatch(r"[a-z0-9._-]{1,253}|\[?[0-9a-f:]{2,45}\]?", domain):
        raise BadCookies(f"{where}: the cookie's host is empty or no host name.")
    return domain.strip("[]")


def _expiry(text: str, where: str) -> float:
    """Return seconds since 1970; 0 for a cookie that lives as long as the browser runs."""
    if not text:
        return 0.0
    if not _NUMBER.fullmatch(text):
        raise BadCookies(f"{where}: the expiry is no number of seconds since 1970.")
    seconds = float(text)
    return max(0.0, seconds / 1000 if seconds > _MILLISECONDS else seconds)


def _header(number: int, line: str) -> Iterator[_Cookie]:
    stated = re.sub(r"(?i)^\s*cookie\s*:", "", line)
    for n, piece in enumerate(stated.split(";"), 1):
        if not piece.strip():
            continue
        name, equals, value = piece.partition("=")
        where = f"Line {number}, cookie {n}"
        if not equals:
            raise BadCookies(
                f"{where}: neither NAME=VALUE of a Cookie line, nor a line of a cookies.txt, nor "
                "JSON."
            )
        yield _Cookie(where, name.strip(" "), value.strip(" "))


# -- JSON ------------------------------------------------------------------------------------

_KEYS = {
    "name": ("name", "Name raw"),
    "value": ("value", "Content raw"),
    "domain": ("domain", "host", "Host raw"),
    "path": ("path", "Path raw"),
    "expires": ("expirationDate", "expires", "expiry", "Expires raw"),
}


def _json(text: str) -> Iterator[_Cookie]:
    value: Any = None
    wrong = ""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        wrong = f"Line {error.lineno}: this is no JSON from column {error.colno} on."
    except (ValueError, RecursionError):
        wrong = "This is no JSON that can be read."
    if wrong:  # raised here: the decoder's exception holds the text
        raise BadCookies(wrong)
    if isinstance(value, dict):
        value = value.get("cookies")
    if not isinstance(value, list):
        raise BadCookies("This JSON is no list of cookies.")
    for n, item in enumerate(value, 1):
        where = f"Cookie {n} of the list"
        if not isinstance(item, dict):
            raise BadCookies(f"{where} is no object with a name and a value.")
        yield _of_object(item, where)


def _of_object(item: dict[str, Any], where: str) -> _Cookie:
    stated = {
        what: next((item[key] for key in keys if item.get(key) is not None), None)
        for what, keys in _KEYS.items()
    }
    for what in ("name", "value", "domain"):
        if not isinstance(stated[what], str):
            raise BadCookies(f"{where} states no {what}, or one that is no text.")
    domain = re.sub(r"^https?://", "", str(stated["domain"])).partition("/")[0]
    expires = stated["expires"]
    if isinstance(expires, bool) or not isinstance(expires, (int, float, str)):
        expires = ""
    path = stated["path"]
    return _Cookie(
        where,
        str(stated["name"]),
        str(stated["value"]),
        _domain(domain, where),
        domain.startswith(".") or item.get("hostOnly") is False,
        path if isinstance(path, str) else "/",
        0.0 if item.get("session") is True else _expiry(_plain(expires), where),
    )


def _plain(expires: int | float | str) -> str:
    if isinstance(expires, str):
        return expires.strip()
    if not -1e17 < expires < 1e17:  # also what JSON's NaN becomes
        return "?"
    return f"{expires:.3f}"


# -- which of them ---------------------------------------------------------------------------


def _fresh(cookies: list[_Cookie], now: float, warn: Warn) -> list[_Cookie]:
    fresh = [cookie for cookie in cookies if not 0 < cookie.expires <= now]
    if len(fresh) < len(cookies):
        n = len(cookies) - len(fresh)
        warn(f"Left out {n} expired {_noun(n)}.")
    return fresh


def _of_hosts(cookies: list[_Cookie], hosts: Collection[str] | None, warn: Warn) -> list[_Cookie]:
    known = {host.lower() for host in hosts or ()}
    kept, others = [], Counter[str]()
    for cookie in cookies:
        if cookie.domain is None or _is_for(cookie, known):
            kept.append(cookie)
        else:
            others[cookie.domain] += 1
    if others:
        named = ", ".join(f"{host} ({n})" for host, n in sorted(others.items())[:20])
        named += ", …" if len(others) > 20 else ""
        n = others.total()
        warn(f"Left out {n} {_noun(n)} of hosts that are no mirror of this market: {named}.")
    sites = sorted({_site(c.domain) for c in kept if c.domain is not None})
    if not known and len(sites) > 1:
        raise BadCookies(
            f"There are cookies of several hosts in it ({', '.join(sites[:10])}), and no mirror "
            "of this market is known that would tell which are meant: add the market's addresses "
            "with `cryptodrug mirror add`."
        )
    return kept


def _is_for(cookie: _Cookie, hosts: set[str]) -> bool:
    domain = cookie.domain or ""
    if not hosts:
        return domain.endswith(".onion") or domain in ("localhost", "::1") or _is_loopback(domain)
    if domain in hosts:
        return True
    beneath = cookie.subdomains and "." in domain
    return beneath and any(host.endswith("." + domain) for host in hosts)


def _is_loopback(domain: str) -> bool:
    return re.fullmatch(r"127(?:\.\d{1,3}){3}", domain) is not None


def _site(domain: str) -> str:
    """Return the onion service of a host name; other hosts stand for themselves."""
    return ".".join(domain.split(".")[-2:]) if domain.endswith(".onion") else domain


def _noun(n: int) -> str:
    return "cookie" if n == 1 else "cookies"


def _one_each(cookies: list[_Cookie]) -> dict[str, str]:
    """Return one value a name: of several paths that of the whole site; else they must agree."""
    by_name: dict[str, list[_Cookie]] = {}
    for cookie in cookies:
        by_name.setdefault(cookie.name, []).append(cookie)
    chosen = {}
    for name, several in by_name.items():
        general = [cookie for cookie in several if cookie.path in ("", "/")] or several
        if len({cookie.value for cookie in general}) > 1:
            raise BadCookies(
                f"{general[1].where}: cookie {name!r} stands there with another value than before "
                f"({general[0].where.lower()}). Keep those of the mirror where you are signed in."
            )
        chosen[name] = general[0].value
    return chosen
