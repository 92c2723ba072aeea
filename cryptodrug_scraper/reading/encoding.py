"""Bytes to text: UTF-8 wherever the bytes are it, also where a few of them are damaged.

Saved copies lie about their charset, and half a letter in a comment makes no page another
charset's. So bytes are weighed: letters of several bytes that are valid UTF-8 hardly ever come
about by chance, and another charset is believed only where it explains the bytes better.
"""

from __future__ import annotations

import codecs
import re
from itertools import islice
from typing import NamedTuple

_DECLARED_WITHIN = 8_192  # bytes in which a page declares its charset
_AFTER_THE_END = 2_000  # bytes that tools add behind a page
_WESTERN = "cp1252"
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.I)
_IN_PAGE = re.compile(
    rb"<meta\b[^<>]{0,400}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})"
    rb"|^\s*<\?xml\b[^<>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})",
    re.I,
)
# No other codec of Python's: some are no charsets (zip, idna), and labels of Latin-1 mean
# windows-1252 on the web.
_CHARSET = re.compile(
    r"iso8859-\d+|cp125\d|cp866|koi8-[rtu]|mac-roman|shift_jis|cp932|euc_(?:jp|kr)|iso2022_jp|gb2312"
    r"|gbk|gb18030|big5|cp949|tis-620|utf-16(?:-[lb]e)?"
)
_LATIN_1 = frozenset({"iso8859-1", "ascii"})

_BOM_8 = codecs.BOM_UTF8
_BOMS_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}

# Halves of a letter that some exporters write one by one, each as three bytes.
_HALVES = re.compile(rb"(\xed[\xa0-\xaf][\x80-\xbf])(\xed[\xb0-\xbf][\x80-\xbf])")
_LONE_HALF = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_LOST = b"\xef\xbf\xbd"  # U+FFFD
_CUT_LETTER = re.compile(
    rb"(?:[\xc2-\xdf]|\xe0[\xa0-\xbf]?|[\xe1-\xef][\x80-\xbf]?|\xf0(?:[\x90-\xbf][\x80-\xbf]?)?"
    rb"|[\xf1-\xf4](?:[\x80-\xbf][\x80-\xbf]?)?)\Z"
)

_LONG_LEADS = bytes(range(0xE0, 0xF5))  # of letters that are three bytes or four
_SHORT_LEADS = bytes(
    range(0xC2, 0xDC)
)  # of two, up to Arabic; "\u00df\u201d" in windows-1252 is beyond

# What is written in windows-1252 and nothing else: an accent in a word, marks of print.
_PLAUSIBLE = re.compile(
    r"(?<=[a-zßà-ÿ'’-])[ßà-öø-üœšž](?![A-Z])|(?<![^\W\dA-ZÀ-Þ_])[ßà-öø-üœšž](?=[a-z])"
    r"|(?<![a-zà-ÿ])[À-ÖØ-ÜŒŠŽŸ](?=[A-Za-zà-ÿ])|(?<=[A-Z])[À-ÖØ-ÜŒŠŽ]"
    r"|(?<![^\W\d_])[éàèùôêÀÉ](?![^\W\d_])"
    r"|[“”„‘’‚«»–—…•™£©®°·\xa0½¼¾²³µ§¡¿]|€(?=\s?\d)|(?<=\d)€|(?<=\d\s)€"
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_ENOUGH = 2_000  # letters that are looked at to tell whether a text is plausible


class Decoded(NamedTuple):
    """A page's text, the bytes' invalid places (each is one U+FFFD in it), and a guess.

    ``charset`` is what the bytes were read as, and ``guessed`` the same where the page does not
    declare it, else None.
    """

    text: str
    invalid: int = 0
    guessed: str | None = None
    charset: str = "utf-8"


def decode(body: bytes, content_type: str | None = None) -> Decoded:
    """Return the text of a page's bytes. Never raises; the time grows as the bytes do.

    NUL behind the page is what a disk leaves of a block that was never written: each is an
    invalid place, and no part of the text. Elsewhere NUL, which neither a browser nor the
    database keeps, is an invalid place too. A letter that the end of the bytes cut in two is
    left out, and no invalid place.
    """
    holds_nul = b"\0" in body
    if holds_nul and (wide := _wide(body)):
        return _replaced(body.decode(wide, "replace").removeprefix("\ufeff"), body, wide)
    written = body.rstrip(b"\0") if holds_nul else body
    if len(written) < len(body):
        read = decode(written, content_type)
        return read._replace(invalid=read.invalid + len(body) - len(written))
    rest = body.removeprefix(_BOM_8)
    try:
        text = rest.decode("utf-8")
    except UnicodeDecodeError:
        return _weighed(rest, content_type)
    return _without_nul(Decoded(text)) if holds_nul else Decoded(text)


def _without_nul(read: Decoded) -> Decoded:
    count = read.text.count("\0")
    if not count:
        return read
    return read._replace(text=read.text.replace("\0", "\ufffd"), invalid=read.invalid + count)


def _wide(body: bytes) -> str | None:
    """Return the UTF-16 that a page is in: markup is ASCII, so every second byte is NUL."""
    start = body[:2048]
    for name, high in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros = start[high::2].count(0)
        if zeros * 2 >= len(start) // 2 and start[1 - high :: 2].count(0) * 8 <= zeros:
            return name
    for bom, name in _BOMS_16.items():
        if start.startswith(bom) and start.count(0) * 4 >= len(start) - 2:
            return name
    return None


def _replaced(text: str, body: bytes, charset: str) -> Decoded:
    """Count what a codec replaced; what the page itself writes as U+FFFD is no damage."""
    lost = text.count("\ufffd")
    if lost:
        lost -= body.decode(charset, "ignore").count("\ufffd")
    if lost and len(body) % 2 and text.endswith("\ufffd"):  # half a letter at the end
        text, lost = text[:-1], lost - 1
    return _without_nul(Decoded(text, lost, charset=charset))


def _weighed(body: bytes, content_type: str | None) -> Decoded:
    utf8, halves = _as_utf8(body)
    if utf8.invalid == halves:
        return utf8
    clean = utf8.text.encode()
    long = len(clean) - len(clean.translate(None, _LONG_LEADS)) - utf8.text.count("\ufffd")
    short = len(clean) - len(clean.translate(None, _SHORT_LEADS))
    declared = _declared(body, content_type)
    legacy = declared not in (None, "utf-8")
    # Two bytes become a letter by chance now and then, three almost never.
    if (
        long * (20 if legacy else 50) >= utf8.invalid
        or short * (1 if legacy else 4) >= utf8.invalid
    ):
        return utf8
    few = utf8.invalid <= 2
    other = _as_other(body, declared if declared is not None and legacy else _WESTERN)
    if legacy and not (few and declared == _WESTERN):
        # Stray bytes are letters of windows-1252 as well: amid letters that are UTF-8 they are
        # believed to be its writing only where they look like it.
        stray = declared == _WESTERN and long + short > 0 and not _is_western(other.text)
        return other if other.invalid * 10 <= utf8.invalid and not stray else utf8
    if other.invalid or (few and declared == "utf-8") or not _is_western(other.text):
        return utf8
    return other if legacy else other._replace(guessed="windows-1252")


def _as_utf8(body: bytes) -> tuple[Decoded, int]:
    """Return the bytes as UTF-8, and how many of its invalid places are halves of letters."""
    cut = _CUT_LETTER.search(body, max(0, len(body) - 3))
    if cut is not None and b"</html" not in body[-_AFTER_THE_END:].lower():
        before = body[: cut.start()]
        body = body if before.isascii() else before  # else it may as well be a Latin letter
    halves = 0
    if b"\xed" in body:
        body = _HALVES.sub(_joined, body)
        body, halves = _LONE_HALF.subn(_LOST, body)
    text = body.decode("utf-8", "replace")
    lost = text.count("\ufffd") - body.count(_LOST) + halves
    return _without_nul(Decoded(text, lost)), halves


def _joined(match: re.Match[bytes]) -> bytes:
    pair = match.group().decode("utf-8", "surrogatepass")
    return pair.encode("utf-16", "surrogatepass").decode("utf-16").encode()


def _as_other(body: bytes, charset: str) -> Decoded:
    text = body.decode(charset, "replace")
    return _without_nul(Decoded(text, text.count("\ufffd"), charset=charset))


def _is_western(text: str) -> bool:
    """Tell whether what is not ASCII in a text looks like the writing of western Europe."""
    places = [match.start() for match in islice(_NOT_ASCII.finditer(text), _ENOUGH)]
    plausible = sum(_PLAUSIBLE.match(text, at) is not None for at in places)
    return plausible * 10 >= len(places) * 9


def _declared(body: bytes, content_type: str | None) -> str | None:
    """Return the charset that the header or else the page names, ``utf-8`` or a legacy one."""
    header = _IN_HEADER.search(content_type or "")
    match = _IN_PAGE.search(body[:_DECLARED_WITHIN])
    names = [header.group(1)] if header is not None else []
    if match is not None:
        names.append((match.group(1) or match.group(2)).decode("ascii", "replace"))
    for name in names:
        try:
            charset = codecs.lookup(name).name
        except LookupError:
            continue
        if charset in _LATIN_1:
            return _WESTERN
        if charset.startswith("utf-"):
            return "utf-8"  # a page whose bytes could name UTF-16 is not in it
        if _CHARSET.fullmatch(charset):
            return charset
    return None
