"""What an answer is, whoever asked for it: bounded in size, decoded, and known whole or cut short.

The crawl and what asks for single pages make their answers here, and pass the same gate before
they ask.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import urlsplit

from cryptodrug_scraper.archive.http import Response, decoded_body
from cryptodrug_scraper.archive.page import Limits
from cryptodrug_scraper.archive.unpack import ERRORS, Bad, zstd_pieces
from cryptodrug_scraper.tor.address import is_loopback, may_leave

REDIRECTS = (301, 302, 303, 307, 308)
_PIECE = 1 << 10  # what stands in a damaged piece is lost
_UNPACKED = 1 << 16


class NoAnswer(Exception):
    """No answer came. ``reason`` is the name of its counter; ``tor``: the proxy itself failed."""

    def __init__(self, reason: str, words: str, *, tor: bool = False) -> None:
        super().__init__(words)
        self.reason = reason
        self.tor = tor


class Refused(Exception):
    """The address must not be asked: it would leave the Tor network."""


@dataclass(slots=True)
class Answer:
    """An answer: ``body`` is decoded; ``cut_short`` says why it is not whole, or is None."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    cut_short: str | None
    seconds: float

    def header(self, name: str) -> str | None:
        """Return the first value of a header."""
        return next((v for k, v in self.headers if k.lower() == name), None)

    def all(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [v for k, v in self.headers if k.lower() == name]

    @property
    def redirect(self) -> str | None:
        """Where it sends on to, as it says that; None if it does not."""
        return self.header("location") if self.status in REDIRECTS else None


def check_way(url: str, proxy: str | None, *, loopback: bool) -> None:
    """Raise Refused for a URL that may not be asked through this proxy (None: without one).

    Nothing but an onion address leaves, and only through a proxy that resolves names itself;
    with ``loopback`` an address of this machine may be asked, and only that without a proxy.
    """
    why = may_leave(url, loopback=loopback)
    through_tor = (proxy or "").startswith("socks5h://")
    if why is None and not through_tor and not is_loopback(urlsplit(url).hostname or ""):
        why = "there is no Tor proxy for it"
    if why is not None:
        raise Refused(f"{url[:200]} is not asked for: {why}")


def answer_of(
    status: int,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    *,
    lost: bool,
    page_bytes: int,
    seconds: float,
) -> Answer:
    """Make an answer of a body as it came, transfer encodings undone and no others.

    ``lost``: the connection ended before the body did. Raises NoAnswer for one that is, or
    unpacks to, more than ``page_bytes``; never holds more than that beside the body.
    """
    by_name = {name.lower(): value for name, value in headers}
    by_name.pop("transfer-encoding", None)  # undone already
    cut_short = "disconnect" if lost else None
    try:
        unpacked = decoded_body(Response(status, by_name, body), Limits(page_bytes=page_bytes))
    except Bad as bad:
        if bad.code in ("bomb", "too_large"):
            raise NoAnswer("too_large", f"the page is too large: it {bad.reason}") from None
        unpacked = _beginning(body, by_name.get("content-encoding", ""), page_bytes)
        cut_short = cut_short or "unspecified"
    if len(unpacked) > page_bytes:
        raise too_large(page_bytes)
    html = "html" in by_name.get("content-type", "")
    if status == 200 and html and b"</html" not in unpacked[-4096:].lower():
        cut_short = cut_short or "unspecified"  # it ended early, and nobody said so
    return Answer(status, list(headers), unpacked, cut_short, seconds)


def too_large(page_bytes: int) -> NoAnswer:
    """Return the error for a body of more bytes than a page may have."""
    return NoAnswer("too_large", f"the page is too large: more than {page_bytes:,} bytes")


def too_late(timeout: float) -> NoAnswer:
    """Return the error for an answer that did not come within its time, in seconds."""
    return NoAnswer("timeout", f"no whole answer within {timeout:g} s")


def _beginning(body: bytes, encoding: str, most: int) -> bytes:
    """Unpack as much as there is of a compressed body that ends early or is damaged.

    Of one with an encoding that is not known here nothing is kept: its bytes are no page.
    """
    unpacked = _UNPACK.get(encoding.strip().lower())
    if unpacked is None:
        return b""
    out = bytearray()
    try:
        for piece in unpacked(body):
            out += piece
            if len(out) >= most:
                break
    except (Bad, *ERRORS):
        pass
    return bytes(out[:most])


def _inflated(body: bytes, wbits: int) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits)
    for at in range(0, len(body), _PIECE):
        piece = body[at : at + _PIECE]
        while piece and not unpacker.eof:
            yield unpacker.decompress(piece, _UNPACKED)
            piece = unpacker.unconsumed_tail


def _gzip(body: bytes) -> Iterator[bytes]:
    return _inflated(body, 31)


def _deflate(body: bytes) -> Iterator[bytes]:
    zlib_header = len(body) > 1 and body[0] & 15 == 8 and not (body[0] << 8 | body[1]) % 31
    return _inflated(body, 15 if zlib_header else -15)


def _brotli(body: bytes) -> Iterator[bytes]:
    import brotli  # type: ignore[import-untyped]

    unpacker = brotli.Decompressor()
    try:
        for at in range(0, len(body), _PIECE):
            made = unpacker.process(body[at : at + _PIECE], output_buffer_limit=_UNPACKED)
            while made:
                yield made
                made = unpacker.process(b"", output_buffer_limit=_UNPACKED)
    except brotli.error as error:
        raise ValueError(str(error)) from None


def _zstd(body: bytes) -> Iterator[bytes]:
    yield from zstd_pieces(BytesIO(body))


_UNPACK = {"gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate, "br": _brotli, "zstd": _zstd}
