"""Metrics for Prometheus: a text file, as the textfile collector of its node exporter reads it.

Labels are names of markets and jobs, outcomes and levels: few, and fixed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cryptodrug_scraper.monitor.levels import Level


@dataclass(frozen=True)
class JobFacts:
    """A job, such as ``crawl/MARKET``; None is what never was or is not known.

    ``runs`` counts all its runs ever, by outcome; ``seconds`` is how long the last took.
    """

    job: str
    runs: Mapping[str, int] = field(default_factory=dict)
    running: bool = False
    seconds: float | None = None
    last_success: datetime | None = None
    next_due: datetime | None = None


@dataclass(frozen=True)
class MarketFacts:
    """A market: its last crawl's health and pages, and the sessions and mirrors of now."""

    market: str
    level: Level | None = None
    pages: int | None = None
    sessions_usable: int | None = None
    mirrors_usable: int | None = None


@dataclass(frozen=True)
class MonitorFacts:
    """All that is written, as of ``at``."""

    at: datetime
    jobs: Sequence[JobFacts] = ()
    markets: Sequence[MarketFacts] = ()
    messages_waiting: int = 0


def write_metrics(path: Path, facts: MonitorFacts) -> None:
    """Write the file, which is there complete or as it was before. Raises OSError."""
    registry = CollectorRegistry()
    registry.register(_Facts(facts))
    write_to_textfile(str(path), registry)


class _Facts(Collector):
    def __init__(self, facts: MonitorFacts) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        facts = self._facts
        yield _gauge(
            "monitor_beat_timestamp_seconds", "When this was written.", facts.at.timestamp()
        )
        yield _gauge(
            "monitor_messages_waiting", "Messages not delivered yet.", facts.messages_waiting
        )
        runs = CounterMetricFamily(
            "cryptodrug_job_runs", "Runs of a job, by outcome.", labels=("job", "outcome")
        )
        for job in facts.jobs:
            for outcome, count in job.runs.items():
                runs.add_metric((job.job, outcome), count)
        yield runs
        for name, words, of_job in (
            ("job_running", "1 while it runs.", [float(job.running) for job in facts.jobs]),
            ("job_duration_seconds", "Of its last run.", [job.seconds for job in facts.jobs]),
            (
                "job_last_success_timestamp_seconds",
                "End of the last run that was complete.",
                [_seconds(job.last_success) for job in facts.jobs],
            ),
            (
                "job_next_due_timestamp_seconds",
                "When it is due next.",
                [_seconds(job.next_due) for job in facts.jobs],
            ),
        ):
            yield _gauges(name, words, "job", [job.job for job in facts.jobs], of_job)
        names = [market.market for market in facts.markets]
        for name, words, of_market in (
            ("market_pages", "Pages of the last crawl.", [each.pages for each in facts.markets]),
            (
                "market_sessions_usable",
                "Sessions that are signed in.",
                [each.sessions_usable for each in facts.markets],
            ),
            (
                "market_mirrors_usable",
                "Mirrors that answered last.",
                [each.mirrors_usable for each in facts.markets],
            ),
        ):
            yield _gauges(name, words, "market", names, of_market)
        level = GaugeMetricFamily(
            "cryptodrug_market_level",
            "1 for the level of the last crawl's health.",
            labels=("market", "level"),
        )
        for market in facts.markets:
            for each in Level if market.level is not None else ():
                level.add_metric((market.market, each.value), float(each is market.level))
        yield level


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"cryptodrug_{name}", words, value=value)


def _gauges(
    name: str, words: str, label: str, of: Sequence[str], values: Sequence[float | None]
) -> Metric:
    """Return a gauge with a value for each of those of which it is known."""
    metric = GaugeMetricFamily(f"cryptodrug_{name}", words, labels=(label,))
    for each, value in zip(of, values, strict=True):
        if value is not None:
            metric.add_metric((each,), value)
    return metric


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
