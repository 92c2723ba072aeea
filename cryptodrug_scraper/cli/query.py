"""``cryptodrug db query``: a question in SQL, read-only, as a table, CSV or JSON."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.options import DatabaseUrl, epilog, guide
from cryptodrug_scraper.common.terminal import safe, say

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)

HELP = guide("""
    Ask the database in SQL; nothing is changed by it.

    One statement that gives rows (SELECT, WITH, VALUES, TABLE, SHOW, EXPLAIN), or - to read it
    from standard input. Begin with the views listing_latest, vendor_latest and
    listing_in_eur, and the table review.

    --format csv is safe to open in a spreadsheet and to print: a text that would be taken for
    a formula gets an apostrophe before it, control characters and those that reorder text are
    written as \\x1b; --raw leaves all as it is. Numbers stay numbers. Lists
    are JSON. --format json gives one
    object a line: numbers with exactly their digits (NaN: null), dates and times in ISO 8601.
""")
EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug db query "SELECT market, kind, count(*) FROM page GROUP BY 1, 2"
      cryptodrug db query "TABLE listing_in_eur" --format csv > prices.csv
      cryptodrug db query - --format json < question.sql
      cryptodrug db query "SELECT table_name FROM information_schema.tables
                           WHERE table_schema = 'public'"
    """)

_AT_ONCE = 2_000
_OF_REVIEWS = re.compile(r"\breview\b|\bvendor_latest\b", re.IGNORECASE)
_MAY_READ = "SELECT bool_and(has_table_privilege(t, 'SELECT')) FROM unnest(%s) AS t"


class QueryFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="The question, or - to read it.")],
    form: Annotated[
        QueryFormat, typer.Option("--format", help="How to print rows.")
    ] = QueryFormat.TABLE,
    rows: Annotated[
        int, typer.Option("--rows", min=1, metavar="N", help="Rows that a table shows at most.")
    ] = 500,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="With --format csv: texts as they are, for another program to read."
        ),
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Give up after so long; 0: never.")
    ] = 300,
    database_url: DatabaseUrl = None,
) -> None:
    """Ask the database."""
    statement = sys.stdin.read() if sql.strip() == "-" else sql
    if not statement.strip():
        raise Failure("There is no SQL to run.", Code.BAD_INPUT)
    from cryptodrug_scraper.cli import rows as printing

    if raw and form is not QueryFormat.CSV:
        raise Failure("--raw goes with --format csv.", Code.BAD_INPUT)
    from cryptodrug_scraper.database.connection import ready_url

    with connect(ready_url(database_url), timeout) as connection:
        if _OF_REVIEWS.search(statement):
            _note_waiting(connection)
        answer = QueryResult(connection, statement)
        match form:
            case QueryFormat.CSV:
                printing.write_csv(sys.stdout, answer.columns, answer, raw=raw)
            case QueryFormat.JSON:
                printing.write_json(sys.stdout, answer.columns, answer)
            case QueryFormat.TABLE:
                shown = list(islice(answer, rows))
                more = next(answer, None) is not None
                printing.show_table(answer.columns, shown, more=more)
        sys.stdout.flush()


def _note_waiting(connection: Connection) -> None:
    """Say so where reviews that are asked for were not worked out."""
    from cryptodrug_scraper.database.waiting import check

    with connection.cursor() as work:
        work.execute(_MAY_READ, (["account_due", "review_due", "review_sighting"],))
        waiting = check(work, as_is=True) if work.fetchone()[0] else None  # type: ignore[index]
    if waiting:
        say(f"Warning: {waiting.words}")


@contextlib.contextmanager
def connected(database_url: str | None) -> Iterator[Connection]:
    """Open a session in a database that is at this program's migration."""
    import psycopg2

    from cryptodrug_scraper.database.connection import ready_url

    connection = psycopg2.connect(ready_url(database_url), application_name="cryptodrug")
    try:
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def connect(dsn: str, timeout: float) -> Iterator[Connection]:
    """Open a read-only session in which no statement takes longer than ``timeout`` seconds."""
    import psycopg2
    from psycopg2 import errors

    connection = psycopg2.connect(dsn, application_name="cryptodrug query")
    try:
        connection.set_session(readonly=True)
        with connection.cursor() as work:
            work.execute(
                "SET search_path = public; SET timezone = 'UTC'; SET datestyle = 'ISO';"
                "SET LOCAL statement_timeout = %s",
                (round(timeout * 1000),),
            )
        yield connection
    except errors.QueryCanceled:
        raise Failure(
            f"No answer within {timeout:g} s. Ask for less, or give --timeout a larger number.",
            Code.PARTLY_FAILED,
        ) from None
    finally:
        connection.close()


class QueryResult(Iterator[Sequence[Any]]):
    """The rows of one statement, a few thousand at a time.

    The statement is opened as a cursor by the server's own EXECUTE: that takes exactly one
    statement, so none can end the read-only transaction and go on in another.
    """

    def __init__(self, connection: Connection, statement: str) -> None:
        import psycopg2
        from psycopg2.extensions import QuotedString

        self._statement = statement
        self._work = connection.cursor()
        literal = QuotedString(statement.replace("\0", " "))
        literal.prepare(connection)
        quoted = literal.getquoted().decode()
        body = f"DECLARE answer refcursor := 'answer'; BEGIN OPEN answer FOR EXECUTE {quoted}; END"
        try:
            self._work.execute("DO %s", (body,))
            self._fetch()
        except (psycopg2.errors.QueryCanceled, psycopg2.OperationalError):
            raise
        except psycopg2.Error as error:
            raise Failure(_plainly(error, statement), Code.BAD_INPUT) from None
        self.columns = [column.name for column in self._work.description or ()]

    def close(self) -> None:
        """Let go of the rows that were not taken, so that another question can be asked."""
        self._work.execute("CLOSE answer")
        self._work.close()

    def _fetch(self) -> None:
        self._work.execute(f"FETCH FORWARD {_AT_ONCE} FROM answer")
        self._rows = iter(self._work.fetchall())
        self._last = self._work.rowcount < _AT_ONCE

    def __next__(self) -> Sequence[Any]:
        """Return the next row."""
        import psycopg2

        row = next(self._rows, None)
        if row is None and not self._last:
            try:
                self._fetch()
            except (psycopg2.errors.QueryCanceled, psycopg2.OperationalError):
                raise
            except psycopg2.Error as error:
                raise Failure(_plainly(error, self._statement), Code.BAD_INPUT) from None
            row = next(self._rows, None)
        if row is None:
            raise StopIteration
        return tuple(row)


def _plainly(error: Any, statement: str) -> str:
    """Say what is wrong with a statement, and show the spot."""
    diagnosis = error.diag
    message = diagnosis.message_primary or str(error).strip()
    if message.startswith("cannot open"):
        return (
            "Only one statement that gives rows can be asked (SELECT, WITH, VALUES, TABLE …). "
            f"The database is not changed here. ({message})"
        )
    if "read-only transaction" in message:
        return f"Nothing can be changed by a question: {message}."
    lines = [f"The question cannot be answered: {message}."]
    position = diagnosis.internal_position or diagnosis.statement_position
    if position and diagnosis.internal_query in (None, statement) and position.isdigit():
        lines += _spot(statement, int(position) - 1)
    for more, label in ((diagnosis.message_detail, "Detail"), (diagnosis.message_hint, "Hint")):
        if more:
            lines.append(f"{label}: {more}")
    return "\n".join(lines)


def _spot(statement: str, at: int) -> list[str]:
    """Return the line of a statement that holds a position, and a mark below the position."""
    before = statement[:at]
    number, start = before.count("\n") + 1, before.rfind("\n") + 1
    line = statement[start:].partition("\n")[0].replace("\t", " ")
    column = at - start
    if column > 60:  # keep the spot in sight on a narrow terminal
        line, column = "…" + line[column - 50 :], 51
    return [
        f"  line {number}: {safe(line[:120], lines=True)}",
        " " * (9 + len(str(number)) + column) + "^",
    ]
