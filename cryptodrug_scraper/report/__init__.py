"""The report: the study of one country as one page that opens offline, in three languages.

`open_study` opens a database for the period that it has captures of, `render_report` runs the
measures and returns the page, `write_report` writes it. In it, `build.build` makes the report's
parts, `page.render` HTML of them; `pdf.print_pdf` prints the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from cryptodrug_scraper import study as studies
from cryptodrug_scraper.common.files import writable_file, write_atomically
from cryptodrug_scraper.common.progress import OnProgress, ignore_progress
from cryptodrug_scraper.report.context import ReportOptions
from cryptodrug_scraper.study import Study

__all__ = ["ReportOptions", "marked_name", "open_study", "render_report", "write_report"]

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
    on_progress: OnProgress = ignore_progress,
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
        on_progress=on_progress,
        invented=invented,
    )
    if start is not None and end is not None:
        return opened
    try:
        captured = opened.row(_CAPTURED)
    except BaseException:
        opened.close()
        raise
    opened.start, opened.end = start or captured["first"], end or captured["last"]
    return opened


def render_report(
    study: Study, options: ReportOptions, on_progress: OnProgress = ignore_progress
) -> str:
    """Run the measures and return the report as HTML."""
    from cryptodrug_scraper.language import language
    from cryptodrug_scraper.report.build import build
    from cryptodrug_scraper.report.page import render

    return render(build(study, options, on_progress), language(options.lang))


def marked_name(path: Path) -> Path:
    """Return what a file is called that rests on invented pages: its name says so."""
    if "invented" in path.stem:
        return path
    return path.with_name(f"{path.stem}-invented{path.suffix}")


def write_report(
    study: Study, options: ReportOptions, out: Path, on_progress: OnProgress = ignore_progress
) -> None:
    """Run the measures and write the report to a file, which is complete or not there.

    `marked_name` is what a report that rests on invented pages is to be called.

    Raises `files.NotWritable`, before anything is worked out, for what cannot be written.
    """
    file = writable_file(out)
    write_atomically(file, render_report(study, options, on_progress))
