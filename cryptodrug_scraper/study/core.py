"""A database opened for study: one snapshot, one period, some markets.

All measures of a study see the database as it was at its first question (isolation
*repeatable read*), so numbers of one report agree with each other even while a crawl is
loading. Public tables are never written. Aggregation stays in PostgreSQL: what several
measures need stands in tables that last as long as the study (`prepare.py`):

- ``s_listing``: a row a listing (`listings.py`): substance, quantity, prices, places.
- ``s_review``: a row a review of the period (`sales.py`): price with bounds, substance, places.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Self, TypeVar

import pandas as pd
from psycopg2.extensions import cursor
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError, ProgrammingError

from cryptodrug_scraper.common.progress import OnProgress, ignore_progress
from cryptodrug_scraper.database.copying import copy_lines, line
from cryptodrug_scraper.database.invented import Kinds, kinds_of, narrow
from cryptodrug_scraper.database.waiting import Waiting, check, settle

T = TypeVar("T")

# Of the session: a study reads much and alone. Together with Python well under 1 GB.
_SESSION = """
    SET work_mem = '64MB'; SET hash_mem_multiplier = 2;
    SET maintenance_work_mem = '128MB'; SET jit = off; SET enable_memoize = off
"""


class StudySession:
    """A database opened for study, without the measures. Use it in a `with` statement.

    `start` and `end` are the first and last day (None: open), `markets` the names of the
    markets studied, never empty unless the database knows none. Reviews that wait are worked
    out first, of which `on_progress` hears; `waiting` is what, with `as_is`, still waits. `kinds`
    says whether real or invented pages are counted.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        start: date | None = None,
        end: date | None = None,
        markets: Sequence[str] = (),
        as_is: bool = False,
        on_progress: OnProgress = ignore_progress,
        invented: str | None = None,
    ) -> None:
        if start is not None and end is not None and start > end:
            raise ValueError(f"The period ends ({end}) before it begins ({start}).")
        self.start, self.end = start, end
        self.notes: dict[str, Any] = {}
        """What builders counted on the way, for the measures: name to value."""
        self._built: set[Callable[..., None]] = set()
        if not as_is:
            _settle(engine, on_progress)
        self._exits = contextlib.ExitStack()
        try:
            self.connection: Connection = self._exits.enter_context(
                engine.connect().execution_options(isolation_level="REPEATABLE READ")
            )
            self.connection.exec_driver_sql(_SESSION)
            # Refused in a session that had TEMP tables before; then the default has to do.
            with contextlib.suppress(DataError), self.connection.begin_nested():
                self.connection.exec_driver_sql("SET temp_buffers = '128MB'")
            self.waiting: Waiting = check(self._cursor(), as_is=as_is)
            self.kinds: Kinds = kinds_of(self._cursor(), invented)
            narrow(self._cursor(), self.kinds)
            self.markets = self._chosen(markets)
        except BaseException:
            self._exits.close()
            raise

    def on_close(self, function: Callable[[], object]) -> None:
        """Call a function when the session has ended."""
        self._exits.callback(function)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session; its tables go with it."""
        with contextlib.suppress(ProgrammingError):
            self.connection.rollback()
        # Not back into a pool: temporary tables would come back with it.
        self.connection.invalidate()
        self._exits.close()

    def frame(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return the rows of a statement, in which nothing can be written.

        Parameters are written ``:name``. Besides those given, ``:start`` and ``:end`` (dates,
        never null), and ``:markets`` (an array of names) are always there. A statement that
        fails raises SQLAlchemy's error, and leaves the study usable.
        """
        with self.connection.begin_nested():
            self.connection.exec_driver_sql("SET LOCAL transaction_read_only = on")
            got = self.connection.execute(text(sql), self._all(parameters))
            # Numbers of the database (numeric) become floats: frames are for arithmetic.
            return pd.DataFrame.from_records(
                got.fetchall(), columns=list(got.keys()), coerce_float=True
            )

    def row(self, sql: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the only row of a statement, as `frame` would, by column; numbers exact."""
        with self.connection.begin_nested():
            self.connection.exec_driver_sql("SET LOCAL transaction_read_only = on")
            got = self.connection.execute(text(sql), self._all(parameters))
            return dict(got.mappings().one())

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that makes or fills TEMP tables; parameters as in `frame`."""
        with self.connection.begin_nested():
            self.connection.execute(text(sql), self._all(parameters))

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """COPY rows into a TEMP table; values as `database.copying.line` takes them."""
        with self.connection.begin_nested(), self._cursor() as raw:
            copy_lines(raw, table, columns, map(line, rows))

    def kept(self, name: str, work_out: Callable[[], T]) -> T:
        """Return what a function works out, worked out at the first call of the study's life.

        It stands in `notes` under the name: one name a function and its arguments.
        """
        if name not in self.notes:
            self.notes[name] = work_out()
        value: T = self.notes[name]
        return value

    def is_built(self, builder: Callable[..., None]) -> bool:
        """Whether a function has built its TEMP tables."""
        return builder in self._built

    def ensure_built(self, *builders: Callable[..., None], **options: Any) -> None:
        """Run functions that build TEMP tables, each once in the life of the study."""
        for build in builders:
            if build not in self._built:
                with self.connection.begin_nested():
                    build(self, **options)
                self._built.add(build)

    def _cursor(self) -> cursor:
        """Return psycopg2's own cursor in the transaction of the study."""
        return self.connection.connection.cursor()  # type: ignore[return-value]

    def _all(self, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
        return {
            "start": self.start or date.min,
            "end": self.end or date.max,
            "markets": list(self.markets),
            **(parameters or {}),
        }

    def _chosen(self, wanted: Sequence[str]) -> tuple[str, ...]:
        known = tuple(
            self.connection.execute(
                text('SELECT market FROM market ORDER BY opened_on, market COLLATE "C"')
            ).scalars()
        )
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise ValueError(
                f"The database knows no market {', '.join(map(repr, unknown))}; "
                f"it knows {', '.join(known) or 'none'}."
            )
        return tuple(name for name in known if name in wanted) if wanted else known


def _settle(engine: Engine, on_progress: OnProgress) -> None:
    with contextlib.closing(engine.raw_connection()) as connection:
        connection.detach()  # not back into the pool: temporary tables would come back with it
        settle(connection.dbapi_connection, on_progress)  # type: ignore[arg-type]
