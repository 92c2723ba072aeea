"""Health of crawl runs: computed from rows of a real database, each check by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg2
import pytest

from cryptodrug_scraper.monitor.health import Floor, compute_health, runs_without_health
from cryptodrug_scraper.monitor.levels import Level
from cryptodrug_scraper.monitor.measures import FIELDS, MEASURES, Gauge
from cryptodrug_scraper.records import Notice, ParsedPage
from parsers import markets
from tests.monitor.alarms import RECORDS, filled
from tests.monitor.weeks import Change, Weeks, without, wrong

ONE = "a1" * 4
TWO = "b2" * 4


@pytest.fixture
def weeks(migrated_url: str) -> Iterator[Weeks]:
    made = Weeks(migrated_url, "dream")
    yield made
    made.close()


def judged(weeks: Weeks, crawls: int = 5, **how: Any) -> None:
    """Load crawls that are fine."""
    for _ in range(crawls):
        assert wrong(weeks.health(weeks.crawl(**how))) == {}


def mirrors(**answers: tuple[int, int, int]) -> dict[str, int]:
    return {
        f"mirror/{mark}/{how}": number
        for mark, numbers in answers.items()
        for how, number in zip(("ok", "failed", "in_a_row"), numbers, strict=True)
    }


def dropping_all(parsed: ParsedPage) -> ParsedPage:
    """Leave of every record nothing but what names it."""
    for records, kinds in RECORDS.items():
        for subject in FIELDS:
            kind, name = subject.split(".")
            if kind == kinds[0] and name not in ("external_id", "handle"):
                parsed = without(records, name)(parsed)
    return parsed


@pytest.mark.parametrize("market", sorted(markets()))
def test_clean_crawls_are_fine_and_every_field_that_is_dropped_is_named(
    migrated_url: str, market: str
) -> None:
    weeks = Weeks(migrated_url, market)
    judged(weeks, 8)
    usual = weeks.health(weeks.crawl(scale=1.0))
    run = weeks.crawl(change=dropping_all, scale=1.0)
    health = weeks.health(run)
    named = {subject for check, subject in wrong(health) if check == "fields"}
    expected = set().union(*(subjects for _, _, subjects in filled(usual, 0.3)))
    expected -= {"listing.external_id", "card.external_id", "vendor.handle"}
    assert expected and expected <= named, expected - named
    assert health.level is Level.BROKEN
    pages = {page for check in health.checks for page in check.page_ids}
    assert len(pages) > 0 and all(len(check.page_ids) <= 5 for check in health.checks)
    with weeks.connection.cursor() as work:
        work.execute("SELECT count(*) FROM page WHERE page_id = ANY(%s) AND crawl_run_id = %s",
                     (list(pages), run))  # fmt: skip
        assert work.fetchone() == (len(pages),)
    weeks.close()


def test_a_field_that_is_dropped_is_named_and_no_other(weeks: Weeks) -> None:
    judged(weeks, 8)
    run = weeks.crawl(change=without("listings", "price"))
    assert set(wrong(weeks.health(run))) == {("fields", "listing.price"), ("fields", "card.price")}


@pytest.mark.parametrize(
    ("records", "name", "subject"),
    [
        ("listings", "external_id", "listing.external_id"),
        ("vendors", "handle", "vendor.handle"),
    ],
)
def test_without_its_name_no_record_is_loaded_and_that_is_named(
    weeks: Weeks, records: str, name: str, subject: str
) -> None:
    judged(weeks)
    named = wrong(weeks.health(weeks.crawl(change=without(records, name))))
    assert named["fields", subject] == "below"


def test_warnings_that_rise_name_the_field(weeks: Weeks) -> None:
    def odd(parsed: ParsedPage) -> ParsedPage:
        if parsed.kind != "search":
            return parsed
        return replace(parsed, warnings=[Notice("search.oddity", "not a number", "x: y")] * 2)

    judged(weeks)
    run = weeks.crawl(change=odd, scale=1.0)
    assert wrong(weeks.health(run)) == {}  # of a few pages
    run = weeks.crawl(change=lambda p: odd(replace(p, kind="search")), scale=1.0)
    assert wrong(weeks.health(run))["warnings", "search.oddity"] == "above"


def test_pages_that_are_not_known_any_more(weeks: Weeks) -> None:
    def unknown(parsed: ParsedPage) -> ParsedPage:
        if parsed.kind != "listing":
            return parsed
        return ParsedPage(parsed.market, "unknown", captured_at=parsed.captured_at)

    judged(weeks)
    health = weeks.health(weeks.crawl(change=unknown))
    named = wrong(health)
    assert named["readable", "all"] == named["pages", "listing"] == "below"
    assert named["closure", "all"] == "no_listings"
    assert health.level is Level.BROKEN


def test_a_mirror_is_lost_until_it_answers_or_is_removed(weeks: Weeks) -> None:
    judged(weeks, counters=mirrors(**{ONE: (90, 1, 0), TWO: (0, 0, 0)}))
    lost = weeks.health(weeks.crawl(counters=mirrors(**{ONE: (40, 6, 6), TWO: (50, 0, 0)})))
    assert wrong(lost) == {("mirror", ONE): "lost"}
    assert lost.level is Level.LOOK
    still = weeks.health(weeks.crawl(counters=mirrors(**{ONE: (0, 0, 0), TWO: (90, 0, 0)})))
    assert wrong(still) == {("mirror", ONE): "lost"}
    removed = weeks.health(weeks.crawl(counters=mirrors(**{TWO: (90, 0, 0)})))
    assert wrong(removed) == {}
    again = weeks.health(weeks.crawl(counters=mirrors(**{ONE: (9, 0, 0), TWO: (80, 0, 0)})))
    assert wrong(again) == {}


def test_a_market_that_closed(weeks: Weeks) -> None:
    judged(weeks, 2)
    failed = mirrors(**{ONE: (0, 60, 60)}) | {"requests": 60, "put_back/no_connection": 60}
    gone = weeks.health(weeks.crawl(scale=0.0, counters=failed))
    assert wrong(gone)["closure", "all"] == "nothing_answers"
    amid = weeks.crawl(scale=0.3, counters=mirrors(**{ONE: (9, 60, 60)}), outcome="stopped")
    assert wrong(weeks.health(amid))["closure", "all"] == "no_mirror_answers"
    judged(weeks, 1, job="j", outcome="limit")
    for requests, reasons in ((20, set()), (60, {"nothing_answers"})):
        rest = weeks.crawl(scale=0.0, job="j", outcome="limit", counters={"requests": requests})
        assert set(wrong(weeks.health(rest)).values()) == reasons
    wall = weeks.health(weeks.crawl(scale=0.0, outcome="needs_session"))
    assert wrong(wall) == {("outcome", "all"): "needs_session"}
    assert wrong(weeks.health(weeks.crawl(scale=0.0, outcome="tor")))["outcome", "all"] == "tor"


def test_a_part_of_a_crawl_is_judged_by_shares_alone(weeks: Weeks) -> None:
    judged(weeks)
    for outcome in ("limit", "interrupted"):
        health = weeks.health(weeks.crawl(scale=0.2, outcome=outcome))
        assert wrong(health) == {}
        assert {c.reason for c in health.checks if c.name in ("pages", "coverage")} == {"part"}
    change: Change = without("listings", "title")
    run = weeks.crawl(scale=0.5, outcome="limit", change=change)
    assert wrong(weeks.health(run))["fields", "listing.title"] == "below"


def test_runs_of_a_job_are_one_crawl_and_a_killed_run_counts_for_the_next(weeks: Weeks) -> None:
    first = weeks.health(weeks.crawl(scale=1.0, job="j", outcome="limit"))
    weeks.crawl(scale=1.0, job="j", outcome=None)  # killed
    last = weeks.health(weeks.crawl(scale=1.0, job="j", outcome="finished"))
    earlier, later = (
        {c.name: c.number or 0 for c in health.checks if c.subject == "all"}
        for health in (first, last)
    )
    assert later["pages"] == weeks.pages  # of the job: all three
    assert later["readable"] == weeks.pages - earlier["readable"]  # of the last two
    assert last.complete and not first.complete


def test_only_runs_of_the_same_scope_and_kind_are_compared(weeks: Weeks) -> None:
    judged(weeks, 5)
    judged(weeks, 5, invented=True, scale=0.2)
    other = weeks.health(weeks.crawl(plan={"inside": ["one"]}, scale=0.1))
    assert {c.runs for c in other.checks} == {0}
    since = weeks.health(weeks.crawl(plan={"since": "2019-01-02"}))
    assert {c.runs for c in since.checks} == {0}
    again = weeks.health(weeks.crawl(plan={"since": "2019-01-09"}))
    assert {c.runs for c in again.checks if c.name == "pages"} == {1}


def test_a_check_that_cannot_be_computed_says_so_and_stops_no_other(weeks: Weeks) -> None:
    run = weeks.crawl()
    broken = Gauge("time", "SELECT 'seconds', 1 / (count(*) - count(*)), 1 FROM h_page")
    health = compute_health(weeks.connection, run, measures=(broken, *MEASURES))
    first, *others = [c for c in health.checks if c.name == "time"]
    assert (first.reason, first.level, first.note) == ("not_computed", "look", "division by zero")
    assert len(others) == 1


def test_counters_that_are_missing_are_no_alarm(weeks: Weeks) -> None:
    run = weeks.crawl()
    with weeks.connection, weeks.connection.cursor() as work:
        work.execute("UPDATE crawl_run SET counters = NULL WHERE crawl_run_id = %s", (run,))
    health = weeks.health(run)
    assert wrong(health) == {}
    assert {(c.reason, c.note) for c in health.checks if c.name == "errors"} == {
        ("not_computed", "the run counted no requests")
    }


def test_floors(weeks: Weeks) -> None:
    floor = Floor(
        pages=10_000, listings=1, vendors=10_000, readable=0.5, coverage=0.5,
        fields={"listing.title": 0.5, "listing.sold": 0.5, "listing.tilte": 0.5},
    )  # fmt: skip
    assert wrong(weeks.health(weeks.crawl(), floor)) == {
        ("pages", "all"): "floor",
        ("records", "vendors"): "floor",
        ("fields", "listing.sold"): "floor",
        ("fields", "listing.tilte"): "not_computed",
    }


def test_health_is_kept_once_and_goes_with_its_run(weeks: Weeks) -> None:
    run = weeks.crawl()
    weeks.crawl(outcome=None)
    assert runs_without_health(weeks.connection) == [(run, "dream")]
    assert weeks.health(run) == weeks.health(run)
    assert runs_without_health(weeks.connection) == []
    with pytest.raises(KeyError):
        weeks.health(4)
    weeks.take_out(run)
    with weeks.connection, weeks.connection.cursor() as work:
        work.execute("SELECT count(*) FROM health_check")
        assert work.fetchone() == (0,)


def test_a_lost_connection_is_an_error_and_no_check(weeks: Weeks) -> None:
    run = weeks.crawl()
    cut = Gauge("time", "SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises((psycopg2.OperationalError, psycopg2.InterfaceError)):
        compute_health(weeks.connection, run, measures=(cut,))
