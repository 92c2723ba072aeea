"""A report as one page: HTML with its styles and drawings in it, without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from cryptodrug_scraper.language import Language
from cryptodrug_scraper.report.parts import Drawing, Section


@dataclass(frozen=True)
class Report:
    """All that a report says, in one language, as plain text."""

    title: str
    scope: str
    summary: Sequence[tuple[str, str, str]]  # a section's key, its short name, what is said
    sections: Sequence[Section]
    about: Sequence[str]
    threshold: int
    version: str
    warnings: Sequence[str] = ()
    literature: Sequence[tuple[str, str]] = ()  # a work's key and the work
    notices: Sequence[str] = ()
    """What the first lines say, before anything else."""
    open: Sequence[tuple[str, Sequence[str]]] = ()
    """Questions that small numbers leave open, under the titles of their sections."""
    open_intro: str = ""
    kind: str = ""
    """What it is called above its title, if it is no report on a study."""
    about_title: str = ""


def render(report: Report, lang: Language) -> str:
    """Return the report as HTML. Every text is escaped, and what reorders text is shown."""
    import jinja2
    from markupsafe import Markup

    from cryptodrug_scraper.common.terminal import safe
    from cryptodrug_scraper.report.figures import placed

    def finish(value: object) -> object:
        """Show the characters that would reorder or hide what stands around them."""
        if isinstance(value, str) and not isinstance(value, Markup):
            return safe(value, lines=True)
        return value

    def place(drawing: Drawing) -> Markup:
        return Markup(placed(drawing.svg, drawing.name, drawing.caption))

    folder = files("cryptodrug_scraper.report")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, finalize=finish
    )
    template = environment.from_string((folder / "page.html").read_text("utf-8"))
    style = (folder / "style.css").read_text("utf-8")
    return template.render(
        report=report,
        lang=lang,
        t=lang.text,
        place=place,
        style=Markup(style),
        figure_numbers=_numbers(report.sections, "drawings"),
        table_numbers=_numbers(report.sections, "tables"),
    )


def _numbers(sections: Sequence[Section], kind: str) -> dict[str, int]:
    """Number figures or tables through the report, each by its name."""
    names = [part.name for section in sections for part in getattr(section, kind)]
    return {name: n for n, name in enumerate(names, 1)}
