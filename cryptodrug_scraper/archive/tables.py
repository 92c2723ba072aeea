"""Tables of pages: a row a page, in whatever file. Which rows there are, their readers tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .cells import page_bytes
from .columns import Choice, Columns, choose, flat, listed
from .context import ReadContext
from .http import Response, content_kind
from .names import what_it_is
from .page import Page, ReadIssue
from .responses import KnownCapture, page_of
from .sniff import looks_like_html
from .source import Source
from .timestamps import moment_of
from .unpack import Bad

_WAITING = 1_000  # rows that are remembered until the first page shows which column holds them


class Row(NamedTuple):
    """A row: where it is (``#12``), and its values by column, or why it cannot be read."""

    at: str
    values: Mapping[str, object] | Bad


def pages_of(
    rows: Iterable[Row], source: Source, context: ReadContext, what: str = ""
) -> Iterator[Page | ReadIssue]:
    """Yield the pages of a table's rows; a table that holds none is passed over, or named.

    ``what`` says which table of the source it is, where there are several: that one of them holds
    no page is then for the caller to say.
    """
    table = _Table(source, context, what)
    for row in rows:
        yield from table.row(row)
    yield from table.end()


class _Table:
    """One table being read: its columns are settled by its first page."""

    def __init__(self, source: Source, context: ReadContext, what: str) -> None:
        self.source = source
        self.context = context
        self.what = what
        self.where = f"{source.location}{what}"
        self.body: str | None = None
        self.choices: dict[tuple[str, ...], Choice] = {}
        self.names: dict[str, None] = {}
        self.waiting: list[ReadIssue | str] = []  # what to say of rows before the first page
        self.reported: set[str] = set()
        self.page_column = ""  # the column that the last page stood in
        self.unsaid = 0

    def row(self, row: Row) -> Iterator[Page | ReadIssue]:
        """Read one row."""
        location = f"{self.source.location}{row.at}"
        if isinstance(row.values, Bad):
            yield from self._say(
                ReadIssue(location, f"{row.values.reason}; skipped", row.values.code)
            )
            return
        values = flat(row.values)
        choice = self._choice(values)
        for item in self._read(values, choice, location):
            if isinstance(item, Page):
                yield from self._settled()
            yield from self._say(item)

    def end(self) -> Iterator[ReadIssue]:
        """Say what the table was, if it held no page."""
        if self.body is not None:
            return
        columns = self.context.columns
        missing = list(dict.fromkeys(n for c in self.choices.values() for n in c.missing))
        sure = any(choice.sure() for choice in self.choices.values())
        if missing:
            return  # that was said
        alone = not self.what and (self.source.named or columns.body is not None)
        rubbish = not self.names and bool(self.waiting) and self.source.form.format == "jsonl"
        if alone or sure or rubbish:
            reason = (
                f"no column of it holds pages (its columns: {listed(self.names)}); "
                "name it with --columns body=NAME"
                if self.names
                else "it has no rows"
            )
            yield ReadIssue(self.where, reason, "no_column" if self.names else "empty")
            for item in self.waiting:
                if isinstance(item, ReadIssue) and item.code != "empty":
                    yield item
        elif not self.what:
            self.context.pass_over(self.where, what_it_is(self.source.name))

    def _choice(self, values: Mapping[str, object]) -> Choice:
        key = tuple(values)
        choice = self.choices.get(key)
        if choice is None:
            if len(self.choices) >= _WAITING:
                self.choices.clear()
            choice = self.choices[key] = choose(key, self.context.columns)
            self.names.update(dict.fromkeys(key) if len(self.names) < _WAITING else {})
        return choice

    def _read(
        self, values: Mapping[str, object], choice: Choice, location: str
    ) -> Iterator[Page | ReadIssue]:
        for name in choice.missing:
            if name not in self.reported:
                self.reported.add(name)
                found = listed(values)
                yield ReadIssue(self.where, f"no column {name!r}; it has {found}", "no_column")
        content_type = _text(_first(values, choice.content_type))
        if content_kind(content_type) is False:
            self._no_page(location)
            return
        body = self._body(values, choice)
        if isinstance(body, Bad):
            yield ReadIssue(location, f"{body.reason}; skipped", body.code)
            return
        if not body.strip():
            if choice.body:
                yield ReadIssue(location, "the page is empty; skipped", "empty")
            return
        problems: list[str] = []
        stated = _first(values, choice.time)
        moment = moment_of(stated)
        if stated is not None and moment is None:
            problems.append(f"its time {str(stated)[:60]!r} is no time")
        status = _status(_first(values, choice.status))
        url = _text(_first(values, choice.url))
        if url and (len(url) > 8192 or not url.isprintable()):
            problems.append("its address is none")
            url = None
        known = KnownCapture(
            url or None,
            self.context.when(moment, "archive", self.source.in_path),
            content_type,
            location,
            None,
            False,
        )
        page = page_of(Response(status, {}, body), known, self.context.limits)
        if page is None:
            self._no_page(location)
            return
        if isinstance(page, Page):
            for problem in problems:
                yield ReadIssue(
                    location, f"{problem}; the page is read without it", "bad_statement"
                )
        yield page

    def _body(self, values: Mapping[str, object], choice: Choice) -> bytes | Bad:
        """Return the page of a row: that of the first column that was seen to hold pages."""
        limits = self.context.limits
        names = choice.body if self.body is None else [self.body]
        if self.body is not None and self.body not in values:
            names = choice.body  # rows of JSON need not be alike
        empty, other, bad = b"", b"", None
        for name in names:
            try:
                data = page_bytes(values.get(name), limits)
            except Bad as error:
                bad = bad or error
                continue
            if looks_like_html(data):
                self.page_column = name
                return data
            other = other or data
        if bad is not None and (self.body is not None or not other):
            return bad
        return other or empty

    def _settled(self) -> Iterator[ReadIssue]:
        """A page was found: what came before it is said now."""
        if self.body is not None:
            return
        self.body = self.page_column
        for item in self.waiting:
            if isinstance(item, str):
                self._passed(item)
            else:
                yield item
        self.waiting.clear()
        if self.unsaid:
            reason = f"{self.unsaid:,} more rows before the first page hold none; skipped"
            yield ReadIssue(self.where, reason, "empty")

    def _say(self, item: Page | ReadIssue) -> Iterator[Page | ReadIssue]:
        if self.body is not None or isinstance(item, Page) or item.code == "no_column":
            yield item
        elif len(self.waiting) < _WAITING:
            self.waiting.append(item)
        else:
            self.unsaid += 1

    def _no_page(self, location: str) -> None:
        if self.body is not None:
            self._passed(location)
        elif len(self.waiting) < _WAITING:
            self.waiting.append(location)

    def _passed(self, location: str) -> None:
        self.context.pass_over(location, "of other types")


def wanted(names: Iterable[str], columns: Columns) -> list[str]:
    """Return those columns of a table that are worth reading; none if none may hold pages."""
    choice = choose(list(names), columns)
    return choice.all() if choice.body or choice.missing else []


def _first(values: Mapping[str, object], names: Iterable[str]) -> object:
    for name in names:
        value = values.get(name)
        if value is not None and value != "" and value != b"" and value == value:
            return value
    return None


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return value.strip() if isinstance(value, str) else None


def _status(value: object) -> int | None:
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    try:
        status = int(value) if isinstance(value, int | float | str) else 0
    except (ValueError, OverflowError):
        return None
    return status if 100 <= status <= 599 else None
