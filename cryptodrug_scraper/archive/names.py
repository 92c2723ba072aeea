"""What a name says: the kind of file, and whether a member of an archive may be trusted."""

from __future__ import annotations

import re
import stat
from collections.abc import Container
from enum import Enum

from .page import Limits


class FileKind(Enum):
    """What a file is, by its name."""

    PAGE = "page"
    PACKED = "packed"  # one compressed file, which may be a page
    ARCHIVE = "archive"
    JSON = "json"
    OTHER = "other"
    UNKNOWN = "unknown"  # the content decides


_PAGE_SUFFIXES = """
    .html .htm .xhtml .xht .shtml .dhtml .phtml .php .php3 .php4 .php5 .php7 .asp .aspx .ashx
    .jsp .jspx .jsf .do .cgi .cfm .action
"""
PAGE_SUFFIXES = frozenset(_PAGE_SUFFIXES.split())
PACKED_SUFFIXES = {".gz": "gz", ".bz2": "bz2", ".xz": "xz", ".zst": "zst", ".br": "br"}
_OTHER_SUFFIXES = """
    .md .txt .csv .tsv .json .jsonl .ndjson .xml .rss .atom .css .less .scss .js .mjs .map .ts
    .png .jpg .jpeg .gif .webp .svg .ico .bmp .tif .tiff .avif .woff .woff2 .ttf .otf .eot .mp3
    .mp4 .webm .ogg .wav .avi .mkv .pdf .doc .docx .xls .xlsx .odt .ods .rtf .epub .py .pyc .sh
    .sql .sqlite .db .log .yml .yaml .toml .ini .cfg .lock .cdx .cdxj .idx .asc .sig .md5 .sha1
    .sha256 .torrent .part .tmp .bak .exe .dll .so .bin .rar .7z .iso .parquet
"""
OTHER_SUFFIXES = frozenset(_OTHER_SUFFIXES.split())
ARCHIVES = {
    ".zip": "zip",
    ".wacz": "zip",
    ".tar": "tar:",
    ".tar.gz": "tar:gz",
    ".tgz": "tar:gz",
    ".tar.xz": "tar:xz",
    ".txz": "tar:xz",
    ".tar.bz2": "tar:bz2",
    ".tbz2": "tar:bz2",
    ".tbz": "tar:bz2",
    ".tar.zst": "tar:zst",
    ".tzst": "tar:zst",
    ".warc": "warc",
    ".warc.gz": "warc",
    ".warc.zst": "warc",
}

_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _suffixes(name: str) -> tuple[str, str]:
    """Return the last suffix of a name and the last two together, in lower case."""
    name = name.lower()
    head, dot, last = name.rpartition(".")
    if not dot or not head:
        return "", ""
    middle = head.rpartition(".")
    return "." + last, f".{middle[2]}.{last}" if middle[0] else "." + last


def kind_of(name: str) -> tuple[FileKind, str]:
    """Return what a file of this (base) name is, with the way it is packed.

    ``viewlisting.php?id=7`` and ``index.html?page=2``, as wget saves them, are pages.
    """
    last, two = _suffixes(name)
    if not last:
        return FileKind.UNKNOWN, ""
    if last in PAGE_SUFFIXES:
        return FileKind.PAGE, ""
    packing = ARCHIVES.get(two) or ARCHIVES.get(last)
    if packing is not None:
        return FileKind.ARCHIVE, packing
    if last in PACKED_SUFFIXES:
        inner = kind_of(name[: -len(last)])[0]
        return (
            FileKind.OTHER if inner in (FileKind.OTHER, FileKind.JSON) else FileKind.PACKED
        ), PACKED_SUFFIXES[last]
    if last == ".json":
        return FileKind.JSON, ""
    if last in OTHER_SUFFIXES:
        return FileKind.OTHER, ""
    if "?" in name:
        return kind_of(name.partition("?")[0])
    return FileKind.UNKNOWN, ""


HIDDEN = "hidden"
"""The sort of hidden files and folders, which are not read."""

_SORTS = {
    "styles": ".css .less .scss .map",
    "scripts": ".js .mjs .ts",
    "images": ".png .jpg .jpeg .gif .webp .svg .ico .bmp .tif .tiff .avif",
    "fonts": ".woff .woff2 .ttf .otf .eot",
    "sound and film": ".mp3 .mp4 .webm .ogg .wav .avi .mkv",
}
_SORT_OF = {suffix: sort for sort, suffixes in _SORTS.items() for suffix in suffixes.split()}
_PLAIN_SUFFIX = re.compile(r"\.[a-z0-9_+-]{1,10}")


def what_it_is(name: str) -> str:
    """Return the sort of file that is no page, to count it: ``images``, ``.pdf``, ``no suffix``."""
    last, _ = _suffixes(name)
    if last in _SORT_OF:
        return _SORT_OF[last]
    if "?" in name:
        return what_it_is(name.partition("?")[0])
    if _PLAIN_SUFFIX.fullmatch(last):
        return last
    return "other suffixes" if last else "no suffix"


def hidden(name: str) -> bool:
    """Tell whether a file or folder is hidden, or made by macOS beside the real one."""
    return name.startswith(".") or name == "__MACOSX"


ORIGINAL = ".orig"
"""What `wget -K` calls the page as it came, where it rewrote the links of the other."""

LOST_ORIGINAL = (
    "kept as a page as it came, and is none (empty or damaged); its copy is read, if there is one"
)
REWRITTEN = "pages whose original is beside them"


def original_of(name: str, beside: Container[str]) -> str:
    """Return the name of a page as it came, beside its copy by `wget -k -K`; else nothing.

    With `-E`, `offer?n=1.html` is the copy of `offer?n=1.orig`.
    """
    for original in (name + ORIGINAL, name.removesuffix(".html") + ORIGINAL):
        if original in beside:
            return original
    return ""


def is_rewritten(name: str, beside: Container[str]) -> bool:
    """Tell whether a page was rewritten by `wget -k -K`: as it came, it stands beside."""
    return bool(original_of(name, beside))


def is_plain_file(mode: int) -> bool:
    """Tell whether a file's mode is that of a regular file."""
    return stat.S_ISREG(mode)


def is_page_name(name: str) -> bool:
    """Tell whether a name says that a file is a page, compressed (``page.html.gz``) or not."""
    kind, _ = kind_of(name)
    if kind is FileKind.PACKED:
        kind, _ = kind_of(name.rpartition(".")[0])
    return kind is FileKind.PAGE


def member_parts(name: str, limits: Limits) -> tuple[list[str], str, str]:
    """Take apart the name of an archive's member: its parts, and what is wrong (code, reason).

    The parts are never used to touch the file system; they tell kinds, dates and sidecars.
    """
    if _CONTROL.search(name):
        return [], "bad_name", "the name holds control characters"
    if len(name) > limits.name_bytes:
        return [], "bad_name", f"the name is longer than {limits.name_bytes:,} characters"
    name = name.replace("\\", "/")
    if name.startswith("/") or _DRIVE.match(name):
        return [], "traversal", "the name is an absolute path"
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        return [], "traversal", "the name points out of the archive"
    if not parts:
        return [], "bad_name", "the name is empty"
    if len(parts) > limits.depth:
        return [], "bad_name", f"the name is deeper than {limits.depth} folders"
    return parts, "", ""


def shown(name: str) -> str:
    """Make a name fit to print and to store: no surrogates, no control characters."""
    if name.isascii() and name.isprintable():
        return name
    return "".join(c if c.isprintable() else _escaped(ord(c)) for c in name)


def _escaped(code: int) -> str:
    # Python stands U+DC80…U+DCFF for the bytes 80…FF of names that are not UTF-8.
    return f"\\x{code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code:02x}"
