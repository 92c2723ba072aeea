"""Real and invented pages of one database: which of them are counted.

No number is made of both, unless somebody asks for it: where a database has both, the real pages
are counted, else those that there are. Who reads a part gets it as temporary views, each under
the name of the table that it is a part of, so that questions are the same for all and for a part.
Vendors and listings are things, whoever shows them: they are there for both.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg2.extensions import cursor

from cryptodrug_scraper.database.models import Base

ONLY, WITH = "only", "with"
CHOICES = (ONLY, WITH)
"""What can be asked for: invented pages only, or real pages with invented ones."""

ALL_INVENTED = (
    "All of this rests on pages that were invented to try the program: it says nothing about real "
    "markets."
)
_BOTH = (
    "Real pages and {n:,} that were invented are counted together: this says nothing about real "
    "markets."
)
_LEFT_OUT = (
    "{n:,} pages of the database were invented to try the program and are not counted "
    "(--invented with counts them too, --invented only nothing else)."
)


@dataclass(frozen=True)
class Kinds:
    """Which kinds of pages a database has, and what of them was asked for.

    ``real`` is whether there are real pages, ``invented`` how many invented ones, ``choice``
    None or one of :data:`CHOICES`.
    """

    real: bool
    invented: int
    choice: str | None = None

    @property
    def counts_real(self) -> bool:
        """Whether real pages are counted."""
        return self.choice != ONLY and (self.real or not self.invented)

    @property
    def counts_invented(self) -> bool:
        """Whether invented pages are counted."""
        return self.choice is not None or (self.invented > 0 and not self.real)

    @property
    def rests_on_invented(self) -> bool:
        """Whether invented pages are there and counted."""
        return self.counts_invented and self.invented > 0

    @property
    def condition(self) -> str | None:
        """The condition of SQL, on a column ``invented``, where some pages are not counted."""
        if self.counts_real and not self.counts_invented and self.invented:
            return "NOT invented"
        return "invented" if self.real and not self.counts_real else None

    @property
    def name(self) -> str:
        """``real``, ``invented`` or ``both``: what is counted."""
        if not self.rests_on_invented:
            return "invented" if not self.counts_real else "real"
        return "both" if self.counts_real and self.real else "invented"

    @property
    def words(self) -> str:
        """What is to be said of it, in English; nothing where all is real."""
        if self.rests_on_invented:
            return _BOTH.format(n=self.invented) if self.name == "both" else ALL_INVENTED
        return _LEFT_OUT.format(n=self.invented) if self.invented else ""


def kinds_of(work: cursor, choice: str | None = None) -> Kinds:
    """Find out which kinds of pages there are. Raises ValueError for what cannot be asked for."""
    if choice is not None and choice not in CHOICES:
        raise ValueError(f"invented={choice!r}: it is {' or '.join(CHOICES)}, or not given.")
    work.execute(
        "SELECT EXISTS (SELECT FROM public.page WHERE NOT invented),"
        " (SELECT count(*) FROM public.page WHERE invented)"
    )
    row = work.fetchone()
    assert row is not None
    return Kinds(bool(row[0]), int(row[1]), choice)


def definitions_of_views(work: cursor) -> dict[str, str]:
    """Return the database's own views as SQL, those first that others are made of.

    To be read before temporary views take the place of tables.
    """
    work.execute(
        "SELECT c.relname, pg_get_viewdef(c.oid) FROM pg_class c"
        " WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace ORDER BY c.oid"
    )
    return {name: definition.rstrip().rstrip(";") for name, definition in work.fetchall()}


def narrow(work: cursor, kinds: Kinds) -> None:
    """Make the session see the pages that are counted, and what rests on them.

    Does nothing where all are.
    """
    condition = kinds.condition
    if condition is None:
        return
    views = definitions_of_views(work)
    marked = "page_id IN (SELECT page_id FROM public.page WHERE invented)"
    of_page = marked if condition == "invented" else f"NOT {marked}"
    for name, table in Base.metadata.tables.items():
        if "invented" in table.columns:
            part = condition
        elif "page_id" in table.columns:
            part = of_page
        else:
            continue
        work.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM public.{name} WHERE {part}")
    for name, body in views.items():
        work.execute(f"CREATE TEMP VIEW {name} AS {body}")
