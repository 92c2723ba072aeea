"""A database opened for study: one snapshot, one period, some markets.

All measures of a study see the database as it was at its first question (isolation
*repeatable read*), so numbers of one report agree with each other even while a crawl is
loading. Public tables are never written. Aggregation stays in PostgreSQL: what several
measures need stands in tables that last as long as the study (`prepare`):

- ``s_listing``: a row a listing (`listings.py`): substance, quantity, prices, places.
- ``s_review``: a row a review of the period (`sales.py`): price with bounds, substance, places.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

import pandas as pd
from psycopg2.extensions import cursor
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError, ProgrammingError

from cryptodrug_scraper.common.progress import OnProgress, ignore_progress
from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.database.copying import copy_lines, line
from cryptodrug_scraper.database.invented import Kinds, kinds_of, narrow
from cryptodrug_scraper.database.waiting import Waiting, check, settle
from cryptodrug_scraper.settings import get_settings
from cryptodrug_scraper.study.compare import compare
from cryptodrug_scraper.study.composition import composition
from cryptodrug_scraper.study.concentration import concentration
from cryptodrug_scraper.study.coverage import coverage
from cryptodrug_scraper.study.growth import growth
from cryptodrug_scraper.study.lifetimes import lifetimes
from cryptodrug_scraper.study.listings import ListingRules, build_listings
from cryptodrug_scraper.study.migration import arrivals, migration
from cryptodrug_scraper.study.offers import offers
from cryptodrug_scraper.study.origins import moves, several_origins, vendor_origins
from cryptodrug_scraper.study.places import destinations, exclusions
from cryptodrug_scraper.study.recapture import recapture
from cryptodrug_scraper.study.sales import build_reviews
from cryptodrug_scraper.study.scaled import scaled_turnover
from cryptodrug_scraper.study.sensitivity import sensitivity
from cryptodrug_scraper.study.size import market_size
from cryptodrug_scraper.study.totals import vendor_totals
from cryptodrug_scraper.study.turnover import sale_values, turnover
from cryptodrug_scraper.study.unit_prices import unit_prices
from cryptodrug_scraper.study.vendors import handle_matches, same_vendors
from cryptodrug_scraper.study.wholesale import wholesale

T = TypeVar("T")

# Of the session: a study reads much and alone. Together with Python well under 1 GB.
_SESSION = """
    SET work_mem = '64MB'; SET hash_mem_multiplier = 2;
    SET maintenance_work_mem = '128MB'; SET jit = off; SET enable_memoize = off
"""


class Study:
    """A database opened for study. Use it in a `with` statement, or `close` it.

    `start` and `end` are the first and last day (None: open), `markets` the names of the
    markets studied, never empty unless the database knows none. Reviews that wait are worked
    out first, of which `on_progress` hears; `waiting` is what, with `as_is`, still waits. `kinds`
    says whether real or invented pages are counted.
    """

    # The measures, each in its own room: `study.size(country="BE")` is `market_size(study, …)`.
    listings = offers
    unit_prices = unit_prices
    size = market_size
    growth = growth
    turnover = turnover
    scaled_turnover = scaled_turnover
    wholesale = wholesale
    compare = compare
    sale_values = sale_values
    composition = composition
    places = destinations
    exclusions = exclusions
    vendor_origins = vendor_origins
    several_origins = several_origins
    moves = moves
    same_vendors = same_vendors
    handle_matches = handle_matches
    vendor_totals = vendor_totals
    migration = migration
    arrivals = arrivals
    coverage = coverage
    recapture = recapture
    concentration = concentration
    lifetimes = lifetimes
    sensitivity = sensitivity

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
        self._built: set[Callable[[Study], None]] = set()
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

    @classmethod
    def open(
        cls,
        database_url: str | None = None,
        *,
        start: date | None = None,
        end: date | None = None,
        markets: Sequence[str] = (),
        as_is: bool = False,
        on_progress: OnProgress = ignore_progress,
        invented: str | None = None,
    ) -> Self:
        """As `study.open`."""
        settings = get_settings()
        others = database_url or settings.database_url
        # A question must not make a schema in another's server; the embedded one is ours.
        engine = open_engine(database_url, upgrade=False if others else None, settings=settings)
        try:
            opened = cls(
                engine,
                start=start,
                end=end,
                markets=markets,
                as_is=as_is,
                on_progress=on_progress,
                invented=invented,
            )
        except BaseException:
            engine.dispose()
            raise
        opened._exits.callback(engine.dispose)
        return opened

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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

    def ensure_built(self, *builders: Callable[[Study], None]) -> None:
        """Run functions that build TEMP tables, each once in the life of the study."""
        for build in builders:
            if build not in self._built:
                with self.connection.begin_nested():
                    build(self)
                self._built.add(build)

    def prepare(self, rules: ListingRules | None = None) -> None:
        """Build the tables that measures share, once; measures that need them call this.

        To study with other `rules` (substances, bands, holding prices), call it first. Raises
        ValueError for rules that come after the tables were built.
        """
        if build_listings not in self._built:
            self.ensure_built(partial(build_listings, rules=rules))
            self._built.add(build_listings)
        elif rules is not None:
            raise ValueError("This study has its tables already: give the rules before measuring.")
        self.ensure_built(build_reviews)

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
