"""Writes a scenario's crawls, loads them into a database, and compares what a study finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptodrug_scraper import study
from cryptodrug_scraper.database.connection import client_url, open_engine
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.replay.summary import Summary
from cryptodrug_scraper.simulator.scenario.crawls import Crawl, Plan, write_crawls
from cryptodrug_scraper.simulator.scenario.truth import Truth, terms_of
from cryptodrug_scraper.simulator.scenario.world import scenario_worlds
from cryptodrug_scraper.study.findings import Finding, Values, agree, bears_out
from cryptodrug_scraper.study.found import find

SHARES = (
    "home_share_of_listings",
    "home_share_of_vendors",
    "share_of_synthetics",
    "share_from_neighbour",
    "value_of_larger_sales",
    "share_of_smaller_sales",
)
"""Measures that must hold also where pages are missing."""


@dataclass(frozen=True)
class Compared:
    """A finding: what is true of it in the scenario, what was found, and what is wrong."""

    finding: Finding
    true: Values
    found: Values
    wrong: list[str]


def loaded(
    plan: Plan,
    folder: Path,
    database_url: str,
    *,
    workers: int = 1,
    on_crawl: Callable[[Crawl, int], None] | None = None,
) -> Summary:
    """Write the crawls into a folder, if none are there, and replay them into a database."""
    if not folder.is_dir() or not any(folder.iterdir()):
        write_crawls(plan, folder, workers=workers, on_crawl=on_crawl)
    open_engine(database_url, upgrade=True).dispose()
    return replay([folder], client_url(database_url), workers=workers)


def compared(plan: Plan, database_url: str) -> Iterator[Compared]:
    """Yield each finding; with pages missing only shares are judged, and less strictly."""
    parameters = plan.parameters
    truth = Truth(parameters, scenario_worlds(parameters, plan.seed))
    terms = terms_of(parameters)
    with study.open(database_url) as opened:
        for finding in parameters.findings:
            true, found = truth.of(finding), find(finding, opened, terms)
            if not plan.missing:
                wrong = agree(true, found)
            else:
                wrong = agree(true, found, 0.1) if finding.measure in SHARES else []
            yield Compared(finding, true, found, wrong)


def published(compared: Compared) -> list[str]:
    """Return what of the published statement is not true of the scenario, or was not found."""
    finding = compared.finding
    return [
        f"{words} is not {where}"
        for values, where in ((compared.true, "true in the scenario"), (compared.found, "found"))
        for words in bears_out(values, finding.holds)
    ]
