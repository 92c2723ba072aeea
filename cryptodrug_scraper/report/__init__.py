"""The report: the study of one country as one page that opens offline, in three languages.

`write_report(study, options, out)` runs the measures and writes the page; `build` returns its
parts, `page.render` makes HTML of them, `pdf.print_pdf` prints it.
"""

from __future__ import annotations

from pathlib import Path

from cryptodrug_scraper.report.context import Options
from cryptodrug_scraper.study import Study

__all__ = ["Options", "write_report"]


def write_report(study: Study, options: Options, out: Path) -> None:
    """Run the measures and write the report to a file, which is whole or not there."""
    from cryptodrug_scraper.report.build import build
    from cryptodrug_scraper.report.language import language
    from cryptodrug_scraper.report.page import render

    text = render(build(study, options), language(options.lang))
    half = out.with_name(f".{out.name}.part")
    try:
        half.write_text(text, "utf-8")
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)
