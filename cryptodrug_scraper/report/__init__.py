"""The report: the study of one country as one page that opens offline, in three languages.

`open_study` opens a database for the period that it has captures of, `render_report` runs the
measures and returns the page, `write_report` writes it. In it, `build.build` makes the report's
parts, `page.render` HTML of them; `pdf.print_pdf` prints the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cryptodrug_scraper import study as studies
from cryptodrug_scraper.database.waiting import OnReviews
from cryptodrug_scraper.report.context import Options
from cryptodrug_scraper.report.writing import marked_name, place_for, write_whole
from cryptodrug_scraper.study import Study

if TYPE_CHECKING:
    from cryptodrug_scraper.report.build import Told

__all__ = ["Options", "marked_name", "open_study", "render_report", "write_report"]

_CAPTURED = """
    SELECT CAST(min(observed_at) AS date) AS first, CAST(max(observed_at) AS date) AS last
    FROM page
    WHERE market = ANY(:markets) AND kind IN ('listing', 'vendor', 'search', 'index')
      AND observed_at >= :start AND CAST(observed_at AS date) <= :end
"""


def open_study(
    database_url: str | None = None,
    *,
    start: date | None = None,
    end: date | None = None,
    markets: Sequence[str] = (),
    as_is: bool = False,
    on_reviews: OnReviews | None = None,
    invented: str | None = None,
) -> Study:
    """Open a database as `study.open` does; an open period is that of the captures.

    Reviews reach back to long before the first capture: without this, most months of a report
    would be from a time of which nothing else is known.
    """
    opened = studies.open(
        database_url,
        start=start,
        end=end,
        markets=markets,
        as_is=as_is,
        on_reviews=on_reviews,
        invented=invented,
    )
    if start is not None and end is not None:
        return opened
    try:
        captured = opened.row(_CAPTURED)
    except BaseException:
        opened.close()
        raise
    opened.close()
    return studies.open(
        database_url,
        start=start or captured["first"],
        end=end or captured["last"],
        markets=markets,
        as_is=as_is,
        on_reviews=on_reviews,
        invented=invented,
    )


def render_report(study: Study, options: Options, told: Told | None = None) -> str:
    """Run the measures and return the report as HTML; `told` hears of each step."""
    from cryptodrug_scraper.language import language
    from cryptodrug_scraper.report.build import build
    from cryptodrug_scraper.report.page import render

    return render(build(study, options, told), language(options.lang))


def write_report(study: Study, options: Options, out: Path, told: Told | None = None) -> None:
    """Run the measures and write the report to a file, which is whole or not there.

    `marked_name` is what a report that rests on invented pages is to be called.

    Raises `writing.NotWritable`, before anything is worked out, for what cannot be written.
    """
    place_for(out)
    write_whole(out, render_report(study, options, told).encode("utf-8"))
