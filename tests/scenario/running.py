"""Writes a scenario's crawls, loads them into a database, and compares what a study finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptodrug_scraper import study
from cryptodrug_scraper.database.connection import client_url, open_engine
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.replay.summary import Summary
from simulator.scenario.crawls import CrawlCalendar, Crawler, PlannedCrawl, write_crawls
from simulator.scenario.findings import PaperFinding, Values, agree, bears_out
from simulator.scenario.measures import coverage_of_listings, find
from simulator.scenario.truth import Truth, terms_of
from simulator.scenario.world import scenario_worlds
from tests.scenario.holding import Held, held

SHARES = (
    "home_share_of_listings",
    "home_share_of_vendors",
    "share_of_synthetics",
    "share_from_neighbour",
    "value_of_larger_sales",
    "share_of_smaller_sales",
    "coverage",
)
"""Measures that must hold also where pages are missing."""


@dataclass(frozen=True)
class Compared:
    """A finding: what is true of it in the scenario, what was found, and what is wrong."""

    finding: PaperFinding
    true: Values
    found: Values
    wrong: list[str]


def loaded(
    plan: CrawlCalendar,
    folder: Path,
    database_url: str,
    *,
    workers: int = 1,
    on_crawl: Callable[[PlannedCrawl, int], None] | None = None,
) -> Summary:
    """Write the crawls that are not in a folder yet, and replay them into a database.

    Raises ValueError if the folder holds something else than the crawls of this plan.
    """
    write_crawls(plan, folder, workers=workers, on_crawl=on_crawl)
    open_engine(database_url, upgrade=True).dispose()
    return replay([folder], client_url(database_url), workers=workers)


def examined(plan: CrawlCalendar, database_url: str) -> tuple[list[Compared], list[Held]]:
    """Return each finding, and each number whose interval ought to hold the truth."""
    parameters = plan.parameters
    truth = Truth(parameters, scenario_worlds(parameters, plan.seed))
    with study.open(database_url) as opened:
        return list(compared(plan, opened, truth)), list(held(plan, opened, truth))


def compared(plan: CrawlCalendar, opened: study.Study, truth: Truth) -> Iterator[Compared]:
    """Yield each finding; with pages missing only shares are judged, and less strictly."""
    terms = terms_of(plan.parameters)
    for finding in plan.parameters.findings:
        true, found = truth.of(finding), find(finding, opened, terms)
        if not plan.missing:
            wrong = agree(true, found)
        else:
            wrong = agree(true, found, 0.1) if finding.measure in SHARES else []
        yield Compared(finding, true, found, wrong)
    yield covered(plan, opened)


def covered(plan: CrawlCalendar, opened: study.Study) -> Compared:
    """Compare what part of the listings crawls captured: within five points, and said if low."""
    worlds = scenario_worlds(plan.parameters, plan.seed)
    found, caveats = coverage_of_listings(opened, terms_of(plan.parameters))
    true: dict[str, float] = {}
    for name, world in worlds.items():
        crawler = Crawler(plan, world)
        shares = [crawler.coverage(number) for number in range(len(crawler.days))]
        true[name] = sum(shares) / len(shares)
        if f"{name} recaptured" in found:
            # There is no estimate for the first and the last.
            true[f"{name} recaptured"] = sum(shares[1:-1]) / len(shares[1:-1])
    wrong = [
        f"{name}: {found.get(name)} instead of {share}"
        for name, share in true.items()
        if not abs(found.get(name, 0.0) - share) <= 0.05
    ]
    if plan.missing >= 0.15 and len(caveats) < len(worlds):
        wrong.append("the study does not say that pages are missing")
    if not plan.missing and caveats:
        wrong.append(f"the study says that pages are missing: {caveats}")
    finding = PaperFinding(
        id="coverage",
        published="(not published: which part of the listings a crawl captured)",
        measure="coverage",
        holds={},
    )
    return Compared(finding, dict(true), dict(found), wrong)


def published(compared: Compared) -> list[str]:
    """Return what of the published statement is not true of the scenario, or was not found."""
    finding = compared.finding
    return [
        f"{words} is not {where}"
        for values, where in ((compared.true, "true in the scenario"), (compared.found, "found"))
        for words in bears_out(values, finding.holds)
    ]
