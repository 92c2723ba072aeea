"""The study: from rows to the tables and figures that researchers publish.

    from cryptodrug_scraper import study

    with study.open(start=date(2018, 11, 1), markets=["…"]) as s:
        s.turnover(country="BE").frame

Each measure is a function `(study, *, …) -> Measure`, and a method of `Study` too. What it
found stands in `Measure.frame`; beside it stand the literature, and notes: facts, each with the
vendors behind it, of what was left out and what this data calls for. Definitions, assumptions and
all other words are in the files of the languages, by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from cryptodrug_scraper.common.progress import OnProgress, ignore_progress
from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.settings import get_settings
from cryptodrug_scraper.study.compare import compare
from cryptodrug_scraper.study.composition import composition
from cryptodrug_scraper.study.concentration import concentration
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.coverage import coverage
from cryptodrug_scraper.study.growth import growth
from cryptodrug_scraper.study.lifetimes import lifetimes
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.migration import arrivals, migration
from cryptodrug_scraper.study.offers import offers
from cryptodrug_scraper.study.origins import moves, several_origins, vendor_origins
from cryptodrug_scraper.study.places import destinations, exclusions
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.recapture import recapture
from cryptodrug_scraper.study.scaled import scaled_turnover
from cryptodrug_scraper.study.sensitivity import sensitivity
from cryptodrug_scraper.study.size import market_size
from cryptodrug_scraper.study.totals import vendor_totals
from cryptodrug_scraper.study.turnover import sale_values, turnover
from cryptodrug_scraper.study.unit_prices import unit_prices
from cryptodrug_scraper.study.vendors import handle_matches, same_vendors
from cryptodrug_scraper.study.wholesale import wholesale

__all__ = ["Measure", "Note", "Study", "open"]


class Study(StudySession):
    """A database opened for study, and its measures: `study.size(…)` is `market_size(study, …)`."""

    prepare = prepare
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


def open(
    database_url: str | None = None,
    *,
    start: date | None = None,
    end: date | None = None,
    markets: Sequence[str] = (),
    as_is: bool = False,
    on_progress: OnProgress = ignore_progress,
    invented: str | None = None,
) -> Study:
    """Open a database for study: `start` to `end`, both included, of some or all `markets`.

    No `database_url` means the one of the settings. Raises `DatabaseUnavailable` if it cannot
    be used, and ValueError for a market that it does not know or a period that ends before it
    begins. Close the study, or use it in a `with` statement.

    Where a database has real pages and invented ones (of a simulator, a scenario, a test), the
    real ones are studied: `invented="only"` studies the others, `"with"` both together.
    `Study.kinds` says which are.

    Reviews that a killed replay left waiting are worked out first (`on_progress` hears how
    it goes on). Where that cannot be, since somebody is loading or this user may not write,
    `ReviewsWait` (a `DatabaseUnavailable`) is raised. With `as_is` nothing is worked out, and
    `Study.waiting` counts what reviews are missing.
    """
    settings = get_settings()
    others = database_url or settings.database_url
    # A question must not make a schema in another's server; the embedded one is ours.
    engine = open_engine(database_url, upgrade=False if others else None, settings=settings)
    try:
        opened = Study(
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
    opened.on_close(engine.dispose)
    return opened
