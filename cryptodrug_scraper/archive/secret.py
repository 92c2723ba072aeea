"""What signs a person in, and is never written: in headers, form fields, options, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_plus

from .sidecar import without_credentials

# Cookies and whatever else signs a person in: it never leaves the archive.
_SECRETS = """
    set-cookie set-cookie2 cookie cookie2 authorization proxy-authorization www-authenticate
    proxy-authenticate authentication-info proxy-authentication-info x-auth-token x-access-token
    x-csrf-token x-xsrf-token x-session-id x-api-key
"""
SECRETS = frozenset(_SECRETS.split())
"""Headers, in lower case, that never leave an archive and never enter one."""

LEFT_OUT = "LEFT-OUT"
"""Stands where a secret value stood."""

_HEADER = re.compile(r"cookie|token|secret|session|passw|csrf|xsrf|authori[sz]ation|api-?key")
_FIELD = re.compile(
    r"pass|pwd|secret|token|captcha|csrf|xsrf|nonce|auth|otp|2fa|mfa|mnemonic|phrase|answer|cookie"
    r"|credential|sess|(?<![a-z])(?:pin|sid|code|user|login|e?mail|key)(?![a-z])|user_?name"
    r"|(?:api|private|secret)[-_]?key"
)
_ADDRESSES = frozenset(("referer", "location", "content-location", "origin", "refresh"))
_FORM = "application/x-www-form-urlencoded"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
_NOT_TOKEN = re.compile(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADERS_LONGEST = 15 << 10  # characters: with the bytes of any, less than readers take
_USERINFO = re.compile(r"(//)[^/?#\s]*@")


def is_secret_header(name: str) -> bool:
    """Tell whether a header (in lower case) signs somebody in."""
    return name in SECRETS or _HEADER.search(name) is not None


def is_secret_field(name: str) -> bool:
    """Tell whether the name of a form field or option suggests a secret."""
    return _FIELD.search(name.lower()) is not None


def public_headers(
    headers: Iterable[tuple[str, str]], without: frozenset[str] = frozenset()
) -> Iterator[tuple[str, str]]:
    """Yield the headers that may be written, each on one line; ``without``: further ones to drop.

    They are held to 15,000 characters in all: what comes behind is dropped.
    """
    left = _HEADERS_LONGEST
    for name, value in headers:
        name = _NOT_TOKEN.sub("-", name.strip())
        lower = name.lower()
        if not name or lower in without or is_secret_header(lower):
            continue
        value = _CONTROL.sub(" ", value).strip()
        if lower in _ADDRESSES:
            value = _USERINFO.sub(r"\1", value)
        left -= len(name) + len(value) + 4
        if left < 0:
            return
        yield name, value


def public_body(body: bytes, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return a request's body as it may be written.

    Of a form, the values of fields whose name suggests a secret are replaced; a body of
    another kind, or one that is encoded, is left out: nothing tells what is in it.
    """
    if not body:
        return b""
    stated = {name.strip().lower(): value for name, value in headers}
    kind = stated.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM or "content-encoding" in stated:
        return f"{LEFT_OUT} ({len(body)} bytes)".encode()
    return b"&".join(_public_field(field) for field in body.split(b"&"))


def _public_field(field: bytes) -> bytes:
    name, equals, _ = field.partition(b"=")
    if not equals or is_secret_field(unquote_plus(name.decode("latin-1"))):
        # Without `=` nothing tells a name from a value.
        return (name + b"=" if equals else b"") + LEFT_OUT.encode() if field else b""
    return field


def public_value(name: str, value: str) -> str:
    """Return the text of an option as it may be written."""
    if is_secret_field(name):
        return LEFT_OUT
    return without_credentials(value)
