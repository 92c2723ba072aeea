"""Which part of the database an export holds, and the database made to look like that part.

All tables are read in one transaction, so they belong together although crawls go on. In it,
temporary views take the place of the tables and views that the export reads: each holds the
rows of the part, under the same name, so the questions of the tables are the same for the
whole database and for a part of it. Nothing of the database itself is changed.

What is in a part:

- **markets, period**: pages of these markets, captured in the period (days in UTC, both
  included); what these pages showed; reviews posted in it. What was "last stated" is what was
  last stated in the period. Pages without a known time and reviews without a date are left
  out of a period, and counted.
- **kind**: where real and invented pages are in the database, the real ones, or what is asked
  for; reviews that such pages show.
- **country**: the vendors of whom a page of the part says that an offer ships from there,
  with *all* their offers and reviews (so that other origins and moves stay visible), offers
  of unknown vendors that ship from there, the pages that show them, and links to them.
  Crawls, rates and the markets' own counts are not a country's: they stay whole.

A listing is also there if only a review of the part names it, and a vendor likewise. Of a
vendor's spellings those are there that pages of the part show, or reviews at any time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from cryptodrug_scraper.database.embedded import DatabaseUnavailable
from cryptodrug_scraper.database.invented import Kinds, definitions_of_views

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)


@dataclass(frozen=True)
class ExportScope:
    """What to export; by default all. ``first`` and ``last`` are days (UTC), both included.

    ``invented`` is what is asked for of pages that were invented (see ``database/invented.py``).
    """

    markets: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    country: str | None = None
    invented: str | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out, but for a kind of pages."""
        return self == ExportScope(invented=self.invented)

    @property
    def values(self) -> dict[str, Any]:
        """The scope as parameters of SQL."""
        return {
            "markets": list(self.markets),
            "first": self.first,
            "last": self.last,
            "after": self.last + timedelta(days=1) if self.last else None,
            "country": self.country,
        }

    @property
    def words(self) -> str:
        """What is chosen, for people."""
        if self.is_everything:
            return "**What is in it.** All of the database."
        sentences = ["**What is in it.** A part of the database:"]
        if self.markets:
            sentences.append(f"markets {', '.join(self.markets)};")
        if self.first or self.last:
            since = f"from {self.first} " if self.first else ""
            until = f"until {self.last} " if self.last else ""
            sentences.append(
                f"what was captured, and reviews posted, {since}{until}(days in UTC, included), and"
                " what was last stated within that time;"
            )
        if self.country:
            sentences.append(
                f"vendors of whom a page says that an offer ships from {self.country}, with all "
                "their offers and reviews, the pages that show them and links to them (so tables "
                "`pages` and `links` tell nothing of how complete the crawls were; `crawl_runs`, "
                "`category_counts` and rates are not narrowed by country);"
            )
        return "\n".join(sentences)[:-1] + "."

    def period(self, column: str) -> str:
        """Return SQL that holds for times of the period."""
        conditions = []
        if self.first:
            conditions.append(f"{column} >= (%(first)s::date)::timestamp AT TIME ZONE 'UTC'")
        if self.last:
            conditions.append(f"{column} < (%(after)s::date)::timestamp AT TIME ZONE 'UTC'")
        return " AND ".join(conditions) or "true"

    def of_market(self, column: str) -> str:
        """Return SQL that holds for the markets."""
        return f"{column} = ANY(%(markets)s)" if self.markets else "true"


@contextmanager
def reading(dsn: str) -> Iterator[Connection]:
    """Open a transaction that sees the database as it is now, and changes nothing of it."""
    import psycopg2
    from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ

    connection = psycopg2.connect(dsn, application_name="cryptodrug export")
    try:
        connection.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ)
        with connection.cursor() as work:
            work.execute("SET LOCAL search_path = public; SET LOCAL timezone = 'UTC'")
            work.execute("SET LOCAL datestyle = 'ISO'; SET LOCAL jit = off")
        yield connection
    finally:
        connection.close()


def prepare(connection: Connection, scope: ExportScope, kinds: Kinds) -> dict[str, int]:
    """Make the temporary views; return what a period leaves out: reason -> rows.

    From here on the transaction is read-only. Raises ``DatabaseUnavailable`` where the user
    of the database may not make temporary tables.
    """
    import psycopg2

    try:
        with connection.cursor() as work:
            views = definitions_of_views(work)
            _rates(work, views, scope, kinds)
            narrowed = kinds.condition is not None or not scope.is_everything
            left_out = _narrow(work, views, scope, kinds) if narrowed else {}
            work.execute("SET TRANSACTION READ ONLY")
    except psycopg2.errors.InsufficientPrivilege as error:
        raise DatabaseUnavailable(
            f"An export makes temporary tables, and this user may not: {error.diag.message_primary}"
            ". Let its owner run: GRANT TEMPORARY ON DATABASE … TO …"
        ) from None
    return left_out


def _rates(work: Any, views: dict[str, str], scope: ExportScope, kinds: Kinds) -> None:
    """Work out prices in EUR once, by the database's own rule, from rates that are a table."""
    work.execute("CREATE TEMP TABLE exchange_to_eur AS TABLE public.exchange_to_eur")
    work.execute("CREATE UNIQUE INDEX ON pg_temp.exchange_to_eur (exchange_panel_id, currency)")
    work.execute("ANALYZE pg_temp.exchange_to_eur")
    work.execute(f"CREATE TEMP VIEW listing_in_eur AS {views['listing_in_eur']}")
    work.execute(
        "CREATE TEMP TABLE page_of_period AS SELECT page_id FROM public.page WHERE "
        f"{scope.of_market('market')} AND {scope.period('observed_at')}"
        f" AND {kinds.condition or 'true'}",
        scope.values,
    )
    work.execute("CREATE UNIQUE INDEX ON pg_temp.page_of_period (page_id)")
    work.execute("ANALYZE pg_temp.page_of_period")
    work.execute(
        "CREATE TEMP TABLE price_in_eur AS SELECT page_id, ordinal, listing_id, observed_at,"
        " price_eur FROM pg_temp.listing_in_eur"
        " WHERE page_id IN (SELECT page_id FROM pg_temp.page_of_period)"
    )
    work.execute("CREATE UNIQUE INDEX ON pg_temp.price_in_eur (page_id, ordinal)")
    work.execute("ANALYZE pg_temp.price_in_eur")
    work.execute(
        "CREATE TEMP VIEW panel_page AS SELECT p.exchange_panel_id, p.observed_at"
        " FROM public.page p JOIN pg_temp.page_of_period USING (page_id)"
        " WHERE p.exchange_panel_id IS NOT NULL"
    )


_COUNTRY = (
    """
    CREATE TEMP TABLE from_there AS
    SELECT DISTINCT o.listing_id
    FROM public.listing_observation o
    JOIN public.listing_place p USING (page_id, ordinal)
    JOIN pg_temp.page_of_period USING (page_id)
    WHERE p.role = 'from' AND p.place = %(country)s
    """,
    """
    CREATE TEMP TABLE vendor_there AS
    SELECT DISTINCT o.vendor_id
    FROM public.listing_observation o
    JOIN pg_temp.from_there USING (listing_id)
    JOIN pg_temp.page_of_period USING (page_id)
    WHERE o.vendor_id IS NOT NULL
    """,
    """
    CREATE TEMP TABLE listing_there AS
    SELECT listing_id FROM pg_temp.from_there
    UNION
    SELECT o.listing_id
    FROM public.listing_observation o
    JOIN pg_temp.vendor_there USING (vendor_id)
    JOIN pg_temp.page_of_period USING (page_id)
    """,
    """
    CREATE TEMP TABLE page_there AS
    SELECT page_id FROM pg_temp.page_of_period WHERE page_id IN (
        SELECT page_id FROM public.listing_observation
        WHERE listing_id IN (SELECT listing_id FROM pg_temp.listing_there)
        UNION ALL
        SELECT page_id FROM public.vendor_observation
        WHERE vendor_id IN (SELECT vendor_id FROM pg_temp.vendor_there)
        UNION ALL
        SELECT page_id FROM public.review_sighting
        WHERE vendor_id IN (SELECT vendor_id FROM pg_temp.vendor_there)
    )
    """,
    "CREATE UNIQUE INDEX ON pg_temp.vendor_there (vendor_id)",
    "CREATE UNIQUE INDEX ON pg_temp.listing_there (listing_id)",
    "CREATE UNIQUE INDEX ON pg_temp.page_there (page_id)",
    "ANALYZE pg_temp.vendor_there",
    "ANALYZE pg_temp.listing_there",
    "ANALYZE pg_temp.page_there",
)


def _narrow(work: Any, views: dict[str, str], scope: ExportScope, kinds: Kinds) -> dict[str, int]:
    pages, values, of_kind = "page_of_period", scope.values, kinds.condition or "true"
    listings = vendors = links = "true"
    if scope.country:
        for statement in _COUNTRY:
            work.execute(statement, values)
        pages = "page_there"
        listings = "listing_id IN (SELECT listing_id FROM pg_temp.listing_there)"
        vendors = "vendor_id IN (SELECT vendor_id FROM pg_temp.vendor_there)"
        links = (
            "(kind = 'listing' AND (market, external_id) IN"
            f" (SELECT market, external_id FROM public.listing WHERE {listings})"
            " OR kind = 'vendor' AND (market, external_id) IN"
            f" (SELECT market, handle FROM public.vendor_spelling WHERE {vendors}))"
        )

    def shadow(name: str, condition: str) -> None:
        sql = f"CREATE TEMP VIEW {name} AS SELECT * FROM public.{name} AS t WHERE {condition}"
        work.execute(sql, values)

    of_page = f"page_id IN (SELECT page_id FROM pg_temp.{pages})"
    shadow("market", scope.of_market("market"))
    shadow("page", of_page)
    shadow("page_link", of_page)
    shadow("link", f"{scope.of_market('market')} AND {links}")
    shadow("category_count", "page_id IN (SELECT page_id FROM pg_temp.page_of_period)")
    shadow(
        "crawl_run",
        f"{scope.of_market('market')} AND {of_kind} AND ({_overlaps(scope)} OR crawl_run_id IN"
        " (SELECT crawl_run_id FROM pg_temp.page))",
    )
    shadow("listing_observation", f"{of_page} AND {listings}")
    shadow("vendor_observation", f"{of_page} AND {vendors}")
    for part in ("listing_place", "price_alternative", "price_tier", "shipping_option"):
        shadow(part, _part_of("listing_observation"))
    for part in ("feedback_count", "star_rating", "external_rating"):
        shadow(part, _part_of("vendor_observation"))
    of_vendor = (
        f"vendor_id IN (SELECT vendor_id FROM public.vendor WHERE {scope.of_market('market')})"
    )
    dated = _dated(scope)
    shadow("review", f"{of_vendor} AND {vendors} AND {dated} AND {of_kind}")
    shadow(
        "vendor",
        "vendor_id IN (SELECT vendor_id FROM pg_temp.listing_observation UNION ALL"
        " SELECT vendor_id FROM pg_temp.vendor_observation UNION ALL"
        " SELECT vendor_id FROM pg_temp.review)",
    )
    # With its name as written last, and whatever its reviews are under: of no period.
    shadow(
        "vendor_spelling",
        "EXISTS (SELECT FROM pg_temp.vendor v WHERE v.vendor_id = t.vendor_id"
        " AND (v.handle = t.handle OR t.spelling_id IN (SELECT spelling_id FROM"
        " pg_temp.listing_observation UNION SELECT spelling_id FROM pg_temp.vendor_observation"
        " UNION SELECT spelling_id FROM public.review_sighting JOIN public.page USING (page_id)"
        f" WHERE {of_kind})))",
    )
    shadow(
        "listing",
        "listing_id IN (SELECT listing_id FROM pg_temp.listing_observation UNION ALL"
        " SELECT listing_id FROM pg_temp.review WHERE listing_id IS NOT NULL)",
    )
    for name in ("listing_latest", "vendor_latest"):
        work.execute(f"CREATE TEMP VIEW {name} AS {views[name]}")
    return _left_out(work, scope, f"{of_vendor} AND {of_kind}", vendors, of_kind)


def _part_of(table: str) -> str:
    return (
        f"EXISTS (SELECT FROM pg_temp.{table} o"
        " WHERE o.page_id = t.page_id AND o.ordinal = t.ordinal)"
    )


def _overlaps(scope: ExportScope) -> str:
    conditions = []
    if scope.first:
        conditions.append(
            "coalesce(ended_at, started_at) >= (%(first)s::date)::timestamp AT TIME ZONE 'UTC'"
        )
    if scope.last:
        conditions.append("started_at < (%(after)s::date)::timestamp AT TIME ZONE 'UTC'")
    return " AND ".join(conditions) or "true"


def _dated(scope: ExportScope) -> str:
    conditions = []
    if scope.first:
        conditions.append("posted_on >= %(first)s")
    if scope.last:
        conditions.append("posted_on <= %(last)s")
    return " AND ".join(conditions) or "true"


def _left_out(
    work: Any, scope: ExportScope, of_vendor: str, vendors: str, of_kind: str
) -> dict[str, int]:
    """Count what has no time, and so belongs to no period."""
    if not (scope.first or scope.last):
        return {}
    counted = {}
    for reason, sql in (
        (
            "pages without a known time",
            f"SELECT count(*) FROM public.page WHERE observed_at IS NULL"
            f" AND {scope.of_market('market')} AND {of_kind}",
        ),
        (
            "reviews without a date",
            f"SELECT count(*) FROM public.review WHERE posted_on IS NULL AND {of_vendor}"
            f" AND {vendors}",
        ),
    ):
        work.execute(sql, scope.values)
        counted[reason] = int(work.fetchone()[0])
    return counted
