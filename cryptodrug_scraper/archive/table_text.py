"""Tables as text: JSON Lines, an array in JSON, CSV with any of the usual separators."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator

from .columns import listed
from .context import ReadContext
from .json_items import json_items
from .page import Page, ReadIssue
from .source import Source
from .table_kinds import separator_in
from .tables import Row, pages_of
from .unpack import Bad

_GROWN = 3  # escapes and base64 make a page so much larger, at most
_SEPARATORS = "\t,;|"
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def read_jsonl(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the pages of JSON Lines: an object a line (``file#LINE``)."""
    yield from pages_of(_json_lines(source, context), source, context)


def read_json(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the pages of a JSON array of objects (``file#ITEM``, from 1)."""
    yield from pages_of(_json_array(source, context), source, context)


def read_csv(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the pages of a CSV file whose first row names the columns (``file#ROW``, from 1)."""
    yield from pages_of(_csv(source, context), source, context)


def _json_lines(source: Source, context: ReadContext) -> Iterator[Row]:
    source.file.seek(0)
    most = _GROWN * context.limits.page_bytes
    number = 0
    while line := source.file.readline(most + 1):
        number += 1
        context.at(source, source.file.tell())
        at = f"#{number}"
        if len(line) > most:
            yield Row(at, Bad("too_large", f"a line of more than {most:,} bytes"))
            while line and not line.endswith(b"\n"):
                line = source.file.readline(most)
            continue
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        try:
            found = json.loads(line.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError) as error:
            cut = not line.endswith(b"\n")
            code = "truncated" if cut else "broken_record"
            yield Row(at, Bad(code, f"{'the file ends within it' if cut else error}"))
            continue
        if isinstance(found, dict):
            yield Row(at, found)
        else:
            yield Row(at, Bad("broken_record", "the line is no JSON object"))


def _json_array(source: Source, context: ReadContext) -> Iterator[Row]:
    source.file.seek(0)
    items = json_items(source.file, (), _GROWN * context.limits.page_bytes)
    for number, found in enumerate(items, 1):
        context.at(source, source.file.tell())
        yield Row(f"#{number}", found)


def _csv(source: Source, context: ReadContext) -> Iterator[Row]:
    source.file.seek(0)
    head = source.file.read(3)
    source.file.seek(0)
    encoding = next((name for bom, name in _BOMS.items() if head.startswith(bom)), "utf-8")
    most = _GROWN * context.limits.page_bytes
    # Bytes that are not UTF-8 stand as surrogates, so that a cell gives its own bytes back.
    text = io.TextIOWrapper(
        source.file, encoding, "surrogateescape" if encoding[:5] == "utf-8" else "replace", ""
    )
    csv.field_size_limit(min(most, sys.maxsize))
    try:
        yield from _csv_rows(text, most, source, context)
    finally:
        text.detach()  # whoever made the source closes its file


def _csv_rows(
    text: io.TextIOWrapper, most: int, source: Source, context: ReadContext
) -> Iterator[Row]:
    first = text.readline(most)
    separator = separator_in(first)
    if separator:
        first = text.readline(most)
    separator = separator or max(_SEPARATORS, key=first.count)
    names = next(csv.reader([first], delimiter=separator), [])

    twice = listed(name for name, times in Counter(names).items() if times > 1)
    if twice:
        yield Row("", Bad("no_column", f"columns of the same name ({twice}), all but the first"))

    def lines() -> Iterator[str]:
        while line := text.readline(most):
            yield line

    reader = csv.reader(lines(), delimiter=separator, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            cut = "end of data" in str(error)
            reason = "the file ends within it" if cut else f"damaged CSV ({error})"
            yield Row(f"#{number}", Bad("truncated" if cut else "broken_record", reason))
            continue
        if cells is None:
            return
        context.at(source, source.file.tell())
        if not cells:
            continue
        if len(cells) != len(names):
            reason = f"{len(cells)} values for {len(names)} columns ({listed(names, 8)})"
            yield Row(f"#{number}", Bad("broken_record", reason))
            continue
        values = dict(zip(names, cells, strict=True))
        if twice:
            values |= dict(zip(reversed(names), reversed(cells), strict=True))
        yield Row(f"#{number}", values)
