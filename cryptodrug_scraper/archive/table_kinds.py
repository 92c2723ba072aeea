"""Which text is a table: JSON Lines, JSON, CSV. Its reader looks whether there are pages in it."""

from __future__ import annotations

import csv
import re

from .columns import ANY, SURE, choose

_LINES = re.compile(rb"\s{0,64}\{.*?\}\s{0,8}\n\s{0,64}\{", re.DOTALL)
_ARRAY = re.compile(rb"\s{0,64}\[\s{0,1024}\{")
_KEY = re.compile(rb'"(?:%s)"\s{0,8}:\s{0,8}"' % "|".join(SURE).encode(), re.IGNORECASE)
_JSON_LINES = (".jsonl", ".ndjson", ".jl", ".jsonlines")
_CSV = (".csv", ".tsv", ".tab", ".psv")
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def table_kind(head: bytes, name: str) -> str:
    """Tell from the start of a file which table it may be; nothing if it is none."""
    lower = name.lower()
    plain = head.removeprefix(b"\xef\xbb\xbf")
    start = plain.lstrip()[:1]
    if start == b"[" and _ARRAY.match(plain):
        return "json"
    if start == b"{" and (lower.endswith(_JSON_LINES) or _LINES.match(plain) or _KEY.search(plain)):
        return "jsonl"
    if lower.endswith(_CSV):
        return "csv"
    return "csv" if _names_pages(head) else ""


def _names_pages(head: bytes) -> bool:
    """Tell whether the first line names the columns of a table of pages."""
    encoding = next((word for bom, word in _BOMS.items() if head.startswith(bom)), "utf-8")
    line, newline, _ = head.decode(encoding, "replace").partition("\n")
    if not newline or not 4 < len(line) < 4096 or not line.strip().isprintable():
        return False
    separator = max("\t,;|", key=line.count)
    names = next(csv.reader([line.strip()], delimiter=separator), [])
    if len(names) < 2 or any(len(word) > 64 for word in names):
        return False
    choice = choose(names, ANY)
    return bool(choice.body) and bool(choice.url or choice.time)
