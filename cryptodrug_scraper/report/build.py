"""From a study to a report's parts: the sections in order, the summary, what it all rests on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from cryptodrug_scraper import __version__
from cryptodrug_scraper.common.progress import OnProgress, Progress, ignore_progress
from cryptodrug_scraper.language import language
from cryptodrug_scraper.report.captures import captures, kinds_words, undated_words
from cryptodrug_scraper.report.context import ReportContext, ReportOptions
from cryptodrug_scraper.report.guard import as_day
from cryptodrug_scraper.report.page import Report
from cryptodrug_scraper.report.parts import Section
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.intervals import DRAWS, SEED

SECTIONS = (
    "size",
    "sold",
    "prices",
    "turnover",
    "places",
    "vendors",
    "coverage",
    "concentration",
    "lifetimes",
    "sensitivity",
)

_CAPTURED = """
    SELECT market, count(*) AS pages, count(DISTINCT CAST(observed_at AS date)) AS days,
           min(CAST(observed_at AS date)) AS first, max(CAST(observed_at AS date)) AS last
    FROM page
    WHERE market = ANY(:markets) AND kind IN ('listing', 'vendor', 'search', 'index')
      AND observed_at >= :start AND CAST(observed_at AS date) <= :end
    GROUP BY market ORDER BY market
"""


def build(
    study: Study, options: ReportOptions, on_progress: OnProgress = ignore_progress
) -> Report:
    """Run all measures and return the report's parts."""
    names = [*SECTIONS, "compare"] if options.other else SECTIONS
    english = language("en")
    on_progress(Progress("Reading listings and reviews"))
    study.prepare()
    context = ReportContext(study, options)
    t = context.t
    captured = {row["market"]: row for row in study.frame(_CAPTURED).to_dict("records")}
    markets = context.market_order(captured)
    sections = []
    for number, name in enumerate(names):
        title = english.text(f"{name}.short").lower()
        task = f"Section {number + 1} of {len(names)}: {title}"
        on_progress(Progress(task, share=number / len(names)))
        module = import_module(f"cryptodrug_scraper.report.sections.{name}")
        make: Callable[[ReportContext], Section] = module.section
        sections.append(make(context))
    scope = t("page.scope_empty")
    if captured:
        start = study.start or min(as_day(row["first"]) for row in captured.values())
        end = study.end or max(as_day(row["last"]) for row in captured.values())
        scope = t("page.scope", markets=map(context.market, markets), start=start, end=end)
    summary = [
        (section.key, t(f"{section.key}.short"), " ".join(dict.fromkeys(section.summary)))
        for section in sections
        if section.summary
    ]
    notices = [
        kinds_words(study.kinds, context.lang),
        t("about.waiting", rows=study.waiting.rows) if study.waiting else "",
    ]
    warnings = [
        t("about.not_suppressed") if options.threshold <= 1 else "",
        t("about.named") if options.name_vendors else "",
        undated_words(captures(study), context.lang),
        *(said for section in sections for said in section.warnings),
    ]
    return Report(
        title=t("page.title"),
        scope=scope,
        notices=[said for said in notices if said],
        summary=summary or [("", "", t("caveat.empty"))],
        sections=sections,
        about=_about(context, captured, markets),
        threshold=options.threshold,
        version=__version__,
        warnings=[said for said in warnings if said],
        open=[(section.title, section.open) for section in sections if section.open],
        open_intro=t("open.intro"),
        literature=sorted(context.literature.items(), key=lambda item: item[1]),
    )


def _about(
    context: ReportContext, captured: dict[str, dict[str, Any]], markets: list[str]
) -> list[str]:
    t = context.t
    about = [t("about.made", version=__version__, day=datetime.now(UTC).date())]
    if captured:
        each = [
            t(
                "about.one_market",
                market=context.market(market),
                pages=captured[market]["pages"],
                start=as_day(captured[market]["first"]),
                end=as_day(captured[market]["last"]),
            )
            for market in markets
        ]
        pages = sum(int(row["pages"]) for row in captured.values())
        days = sum(int(row["days"]) for row in captured.values())
        about.append(t("about.data", pages=pages, days=days, markets=each))
    about.append(t("about.places"))
    about.append(t("about.sales"))
    about.append(t("about.intervals", draws=DRAWS, seed=SEED))
    about.append(t("about.suppressed" if context.threshold > 1 else "about.not_suppressed"))
    return about
