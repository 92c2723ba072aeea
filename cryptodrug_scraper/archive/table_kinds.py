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
TABLES = (*_JSON_LINES, *_CSV)
"""What names of tables as text end in."""

_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def table_kind(head: bytes, name: str) -> str:
    """Tell from the start of a file which table it may be; nothing if it is none."""
    lower = name.lower()
    plain = head.removeprefix(b"\xef\xbb\xbf")
    start = plain.lstrip()[:1]
    if start == b"[" and _ARRAY.match(plain):
        return "json"
    if start and lower.endswith(_JSON_LINES):
        return "jsonl"  # whose reader names the lines that are no objects
    if start == b"{" and (_LINES.match(plain) or _KEY.search(plain)):
        return "jsonl"
    if lower.endswith(_CSV):
        return "csv"
    return "csv" if start not in (b"[", b"{") and _names_pages(head) else ""


def separator_in(line: str) -> str:
    """Return the separator that the first line of a CSV file states (`sep=;`, for Excel)."""
    match = _SEPARATOR.fullmatch(line.strip("\r\n"))
    return "" if match is None else match[1]


def _names_pages(head: bytes) -> bool:
    """Tell whether the first line names the columns of a table of pages."""
    encoding = next((word for bom, word in _BOMS.items() if head.startswith(bom)), "utf-8")
    line, newline, rest = head.decode(encoding, "replace").partition("\n")
    if separator_in(line):
        line, newline, _ = rest.partition("\n")
    if not newline or not 4 < len(line) < 4096 or not line.strip().isprintable():
        return False
    separator = max("\t,;|", key=line.count)
    names = next(csv.reader([line.strip()], delimiter=separator), [])
    if len(names) < 2 or any(len(word) > 64 for word in names):
        return False
    choice = choose(names, ANY)
    return bool(choice.body) and bool(choice.url or choice.time)
