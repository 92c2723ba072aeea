"""Which hosts and URLs may be requested: onion services, and for tests loopback.

Only version 3 addresses count as onion hosts: 56 letters that hold a public key, a version and
a checksum, so a mistyped or invented address is known before anything is sent. Addresses of
version 2 (16 letters) are recognised and refused: Tor dropped them in 2021, so whoever links to
one today links to nothing, or expects a tool that resolves it elsewhere.

A URL passes only if it is plain: nothing in it that two readers could read differently. It is
matched as a whole by one narrow pattern rather than parsed, and so there is no host that
`urllib` and `urllib3` could see where this module saw another.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re

LONGEST_URL = 8_000  # characters; servers and proxies refuse longer ones

_SUFFIX = ".onion"
_V3 = re.compile(r"[a-z2-7]{56}", re.ASCII)
_V2 = re.compile(r"[a-z2-7]{16}", re.ASCII)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_URL = re.compile(r"(?P<scheme>[^:/?#]*)://(?P<authority>[^/?#]*)(?:[/?#].*)?", re.DOTALL)
_AUTHORITY = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[::1\])(?P<port>:[1-9][0-9]{0,4})?", re.ASCII)
# Space and controls (ASCII's and Unicode's), and lone surrogates, which no encoding takes.
_UNPRINTABLE = re.compile(
    "[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ud800-\udfff]"
)


def is_onion(host: str) -> bool:
    """Say whether a host is, or is below, a version 3 onion address with a right checksum.

    Case does not matter. A trailing dot, a port or anything around the host makes it false.
    """
    return _onion_problem(host) is None


def is_onion_of_version_2(host: str) -> bool:
    """Say whether a host is, or is below, an onion address of version 2: markets had them."""
    *_, address, suffix = ("." + host.lower()).rsplit(".", 2)
    return host.isascii() and suffix == "onion" and _V2.fullmatch(address) is not None


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine: 127.0.0.0/8 in full dotted form, ::1, localhost.

    An IPv6 address may stand in its brackets. Short, octal, hexadecimal and decimal spellings
    of 127.0.0.1 are not taken for it: not every program reads them so.
    """
    if host.lower() == "localhost":
        return True
    if host in ("::1", "[::1]"):
        return True
    if not host.isascii():
        return False
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False


def may_leave(url: str, *, loopback: bool = False) -> str | None:
    """Return why a URL must not be requested, or None if it may be.

    Allowed are absolute ``http`` and ``https`` URLs of version 3 onion hosts, and with
    ``loopback`` those of this machine as well. The reason is a phrase without the URL, so
    that it can be logged: ``it is of no onion service``.
    """
    if len(url) > LONGEST_URL:
        return f"it is longer than {LONGEST_URL} characters"
    if _UNPRINTABLE.search(url):
        return "there are spaces or control characters in it"
    parts = _URL.fullmatch(url)
    if parts is None:
        return "it is no absolute URL (https://host/…)"
    if parts["scheme"].lower() not in ("http", "https"):
        return "its scheme is neither http nor https"
    authority = parts["authority"]
    if "@" in authority:
        return "there are credentials in it"
    if not authority.isascii() or "\\" in authority or "%" in authority:
        return "there are characters in its host that no onion address has"
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return "its host or port is malformed"
    if match["port"] and int(match["port"][1:]) > 65535:
        return "its port is out of range"
    if loopback and is_loopback(match["host"]):
        return None
    return _onion_problem(match["host"])


def _onion_problem(host: str) -> str | None:
    """Return what is wrong with an onion host, or None."""
    if not host.isascii():
        return "it is of no onion service"
    name = host.lower()
    if not name.endswith(_SUFFIX):
        return "it is of no onion service"
    *below, address = name.removesuffix(_SUFFIX).split(".")
    if _V2.fullmatch(address):
        return "its onion address is of version 2, which Tor does not reach any more"
    if not _V3.fullmatch(address):
        return "its onion address is malformed"
    raw = base64.b32decode(address.upper())
    key, checksum, version = raw[:32], raw[32:34], raw[34:]
    if version != b"\x03":
        return "its onion address is of an unknown version"
    if hashlib.sha3_256(b".onion checksum" + key + version).digest()[:2] != checksum:
        return "its onion address is mistyped or invented: the checksum is wrong"
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in below):
        return "the name before its onion address is malformed"
    return None


def host_and_port(address: str) -> tuple[str, int]:
    """Split ``127.0.0.1:9050``, ``tor:9050`` or ``[::1]:9050``; raise ValueError otherwise."""
    host, colon, port = address.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
        ipaddress.IPv6Address(host)
    elif not re.fullmatch(r"[A-Za-z0-9._-]+", host, re.ASCII):
        colon = ""
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port, re.ASCII):
        raise ValueError(f"{address!r} is no address such as 127.0.0.1:9050")
    if not 0 < int(port) <= 65535:
        raise ValueError(f"the port in {address!r} is not between 1 and 65535")
    return host, int(port)


def as_address(host: str, port: int) -> str:
    """Join what :func:`host_and_port` splits."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
