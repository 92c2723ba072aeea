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
from cryptodrug_scraper.study.core import Study
from cryptodrug_scraper.study.measure import Measure, Note

__all__ = ["Measure", "Note", "Study", "open"]


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
    return Study.open(
        database_url,
        start=start,
        end=end,
        markets=markets,
        as_is=as_is,
        on_progress=on_progress,
        invented=invented,
    )
