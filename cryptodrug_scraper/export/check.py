"""A walk over every cell of a pseudonymised export: no handle of the database may be in it.

It reads the written files, not what was meant to be written, and knows of each column only
what its cells may be:

- **Keyed hashes** must be exactly a letter and 32 hexadecimal digits, and none is a handle.
- **Numbers, times, yes and no** must be exactly that. No handle can be looked for in them: a
  vendor may be named ``2018``.
- **Words of ours and of tables of reference** (kinds, places, currencies, markets …): a word
  of the list is harmless whoever has it for a handle; any other is searched.
- **Words of the markets' pages** (categories, other markets, periods): all are searched.

Searched is without regard to case, and to forms that look alike (Unicode NFKC): a handle that
is a whole word of the list, or stands inside it; a handle of up to three characters only where
it stands by itself. What is found is an alarm, unless the market itself uses that word: it
stands in the market's menu of categories, or on pages of at least two vendors who do not have
that handle. (``Cannabis`` the category gives no alarm, though a vendor is named so; a name
that only its owner's pages show does.) ``allowed`` words are never an alarm.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptodrug_scraper.export import cells
from cryptodrug_scraper.export.columns import ExportTable, Variable
from cryptodrug_scraper.export.package import pattern_of

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)

SHORT = 3  # handles up to this long are found only where they stand by themselves
_AT_ONCE = 20_000
_OTHERS = 2  # handles other than it whose pages must have a word, for it to be the market's

_GRAMMAR = {
    "integer": re.compile(r"-?[0-9]+"),
    "number": re.compile(r"-?[0-9]+(?:\.[0-9]+)?|NaN|-?Infinity"),
    "boolean": re.compile(r"true|false"),
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "moment": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{6})?Z"),
}
_HARMLESS = {  # words of a vocabulary that are no words at all
    "version": re.compile(r"[0-9]+(?:\.[0-9]+)*(?:\.?(?:a|b|rc|dev|post)[0-9]+)*(?:\+[0-9a-f]+)?"),
    "count": re.compile(r"[#~0-9.,+<> -]+"),
}
_ON_PAGES = {
    "category": "public.listing_observation o",
    "period": "public.feedback_count t JOIN public.vendor_observation o USING (page_id, ordinal)",
    "star": "public.star_rating t JOIN public.vendor_observation o USING (page_id, ordinal)",
    "external_market": "public.external_rating t"
    " JOIN public.vendor_observation o USING (page_id, ordinal)",
}
_IS = {
    "category": "%(word)s = ANY(o.category_path)",
    "period": "t.period = %(word)s",
    "star": "t.name = %(word)s",
    "external_market": "t.from_market = %(word)s",
}


class HandleFound(Exception):
    """A pseudonymised export would have told a handle, or holds what its column cannot hold."""


@dataclass
class HandleCheck:
    """What was walked over."""

    cells: int = 0
    handles: int = 0
    words_cleared: set[str] = field(default_factory=set)
    """Words that are somebody's handle and the market's own as well."""


def fold(text: str) -> str:
    """Return a text as handles are compared."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


class Handles:
    """All handles that a database knows, for finding them in texts."""

    def __init__(self, handles: Iterable[str]) -> None:
        self.written: dict[str, set[str]] = defaultdict(set)
        for handle in handles:
            if folded := fold(handle):
                self.written[folded].add(handle)
        self._lengths = sorted({len(handle) for handle in self.written})

    def __len__(self) -> int:
        return len(self.written)

    def __contains__(self, text: str) -> bool:
        """Whether a text is a handle as a whole."""
        return fold(text) in self.written

    def inside(self, text: str) -> Iterator[str]:
        """Yield the handles (folded) that a text is or holds."""
        folded = fold(text)
        for length in self._lengths:
            if length > len(folded):
                break
            for start in range(len(folded) - length + 1):
                part = folded[start : start + length]
                if part in self.written and (
                    length > SHORT or _alone(folded, start, start + length)
                ):
                    yield part


def _alone(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalnum() or after.isalnum())


def handles_in(connection: Connection) -> Handles:
    """Return all handles of the database: of vendors, and of those that pages pointed to."""
    with connection.cursor() as work:
        work.execute(
            "SELECT handle FROM public.vendor UNION SELECT handle FROM public.vendor_spelling UNION"
            " SELECT external_id FROM public.link WHERE kind = 'vendor'"
            " AND external_id IS NOT NULL"
        )
        return Handles(row[0] for row in work.fetchall())


class Check:
    """Walks over the files of one export."""

    def __init__(
        self, connection: Connection, handles: Handles, allowed: Iterable[str] = ()
    ) -> None:
        self._connection = connection
        self._handles = handles
        self._allowed = {fold(word) for word in allowed}
        self._clear: dict[str, set[str]] = defaultdict(set)  # vocabulary -> words looked at
        self.result = HandleCheck(handles=len(handles))

    def table(self, table: ExportTable, path: Path, form: str) -> None:
        """Walk over one file. Raises :class:`HandleFound`."""
        columns = table.shared(pseudonymised=True)
        read = _csv_columns if form == "csv" else _parquet_columns
        looks = [self._looker(table, column, form) for column in columns]
        for values in read(path, columns):
            for check, seen in zip(looks, values, strict=True):
                self.result.cells += len(seen)
                check({each for each in seen if each not in ("", None)})

    def _looker(
        self, table: ExportTable, column: Variable, form: str
    ) -> Callable[[set[str]], None]:
        where = f"{table.name}.{column.name}"
        if pattern := pattern_of(column, pseudonymised=True):
            compiled = re.compile(pattern)

            def hashed(values: set[str]) -> None:
                for value in values:
                    if not compiled.fullmatch(value):
                        raise HandleFound(f"{where} holds something that is no pseudonym.")
                    if value in self._handles:
                        raise HandleFound(f"{where}: a pseudonym is a vendor's handle: {value}.")

            return hashed
        if grammar := _GRAMMAR.get(column.kind):
            if form != "csv":  # Parquet's own types hold nothing else
                return lambda values: None

            def typed(values: set[str]) -> None:
                for value in values:
                    if not grammar.fullmatch(value):
                        raise HandleFound(f"{where} holds something that is no {column.kind}.")

            return typed
        known = set(column.values) | (column.known() if column.known else frozenset())
        listed = column.kind == "words"

        def words(values: set[str]) -> None:
            for value in values:
                for word in json.loads(value) if listed else (_text(value, form),):
                    if word is not None and word not in known:
                        self._word(where, column.vocabulary, word)

        return words

    def _word(self, where: str, vocabulary: str, word: str) -> None:
        if word in self._clear[vocabulary]:
            return
        harmless = _HARMLESS.get(vocabulary)
        if harmless is None or not harmless.fullmatch(word):
            for handle in self._handles.inside(word):
                if handle in self._allowed:
                    continue
                if not self._of_the_market(vocabulary, word, handle):
                    raise HandleFound(
                        f"{where} holds {word!r}, and in it the handle of a vendor, {handle!r}."
                    )
                self.result.words_cleared.add(word)
        self._clear[vocabulary].add(word)

    def _of_the_market(self, vocabulary: str, word: str, handle: str) -> bool:
        """Tell whether a market says a word, whoever has it for a handle."""
        if vocabulary not in _ON_PAGES:
            return False
        values = {"word": word, "own": list(self._handles.written[handle])}
        with self._connection.cursor() as work:
            if vocabulary == "category":
                work.execute(
                    "SELECT EXISTS (SELECT FROM public.category"
                    " WHERE name = %(word)s OR %(word)s = ANY(path))",
                    values,
                )
                if _one(work):
                    return True
            work.execute(
                "SELECT count(*) FROM (SELECT DISTINCT v.handle"
                f" FROM {_ON_PAGES[vocabulary]} JOIN public.vendor v USING (vendor_id)"
                f" WHERE {_IS[vocabulary]} AND v.handle <> ALL(%(own)s) LIMIT {_OTHERS}) AS others",
                values,
            )
            return bool(_one(work) >= _OTHERS)


def _one(work: Any) -> Any:
    return work.fetchone()[0]


def _text(value: str, form: str) -> str:
    return cells.decode(value) if form == "csv" else value


def _csv_columns(path: Path, columns: Sequence[Variable]) -> Iterator[list[Sequence[str]]]:
    """Yield a CSV file's cells in batches, column by column."""
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, strict=True)
        if next(rows) != [column.name for column in columns]:
            raise HandleFound(f"{path.name} has other columns than it should.")
        while batch := list(islice(rows, _AT_ONCE)):
            yield [list(values) for values in zip(*batch, strict=True)]


def _parquet_columns(path: Path, columns: Sequence[Variable]) -> Iterator[list[Sequence[Any]]]:
    """Yield a Parquet file's cells in batches, column by column; lists as JSON."""
    from pyarrow import parquet

    file = parquet.ParquetFile(path)
    if list(file.schema_arrow.names) != [column.name for column in columns]:
        raise HandleFound(f"{path.name} has other columns than it should.")
    for batch in file.iter_batches(_AT_ONCE):
        yield [
            [None if v is None else json.dumps(v) for v in values.to_pylist()]
            if column.kind == "words"
            else values.to_pylist()
            for column, values in zip(columns, batch.columns, strict=True)
        ]
