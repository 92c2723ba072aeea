"""What is run for a job that is due, an ordinary command, and what its end means."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptodrug_scraper.cli.errors import Code
from cryptodrug_scraper.crawl.plan import CrawlRefused, Jobs
from cryptodrug_scraper.monitor.config import MonitorConfig, WatchedBulletin
from cryptodrug_scraper.monitor.ledger import Run

COMMAND = (sys.executable, "-m", "cryptodrug_scraper.cli")
_MOST_ATTEMPTS = 12
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=2)
_NOW = timedelta(0)


@dataclass(frozen=True)
class Ending:
    """What the end of a run's process means.

    ``state`` is that of the ledger, ``outcome`` how it ended in a word; ``after`` is the pause
    until it is tried again, where it is. ``next`` are runs that follow from it: job, and detail.
    """

    state: str
    outcome: str
    after: timedelta | None = None
    next: Sequence[tuple[str, str]] = ()


class JobRoom:
    """The folder of the monitor, and the commands of its jobs: ``base`` is where paths begin."""

    def __init__(self, config: MonitorConfig, config_file: Path, data: Path) -> None:
        self.config, self.config_file, self.data = config, config_file, data
        self.base = config_file.parent
        self.folder = data / "monitor"
        self.runs = self.folder / "runs"
        self.kept = data / "archive" / "inbox"
        self.runs.mkdir(parents=True, exist_ok=True, mode=0o700)

    def summary(self, run: Run) -> Path:
        """The file in which a crawl or a replay says how it went."""
        return self.runs / f"{run.run_id:06}.json"

    def output(self, run: Run) -> Path:
        """The file of what a process prints; beside it, ``.log`` has its errors and progress."""
        return self.runs / f"{run.run_id:06}.out"

    def command(self, run: Run) -> list[str]:
        """Return what is to be run. Raises KeyError for a job that the settings have no longer."""
        summary = ["--summary", str(self.summary(run)), "--quiet"]
        if run.kind == "crawl":
            arguments = ["crawl", run.of, *self.config.markets[run.of].arguments(), *summary]
        elif run.kind in ("inbox", "load"):
            arguments = ["replay", run.detail, *summary]
        elif run.kind == "health":
            arguments = ["monitor", "health", "--market", run.of, "--json"]
            arguments += ["--config", str(self.config_file)]
        else:
            arguments = self._bulletin(self.config.bulletins[run.of], run)
        return [*COMMAND, *arguments]

    def _bulletin(self, bulletin: WatchedBulletin, run: Run) -> list[str]:
        arguments = ["bulletin", "--period", bulletin.period]
        arguments += ["--ending", self.last_day(run).isoformat()]
        arguments += ["--out", str(self.base / bulletin.folder)]
        for option, values in (
            ("--country", bulletin.countries),
            ("--lang", bulletin.languages),
            ("--market", bulletin.markets),
        ):
            for value in values:
                arguments += [option, value]
        if self.config.words is not None:
            arguments += ["--words", str(self.base / self.config.words)]
        return [*arguments, *(["--pdf"] if bulletin.pdf else [])]

    def last_day(self, run: Run) -> date:
        """Return the last day that a bulletin can be of: the one before it was due."""
        return run.due.astimezone(self.config.zone).date() - timedelta(days=1)

    def result(self, run: Run) -> dict[str, Any]:
        """Return what a crawl or a replay left in its summary; nothing where it did not end."""
        try:
            content = json.loads(self.summary(run).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def ending(self, run: Run, code: int | None) -> Ending:
        """Say what the end of a run's process means; ``code`` is None where it is not known."""
        if run.kind == "crawl":
            ended = self._crawl_ending(run, code)
        elif code is None and run.kind in ("inbox", "load") and self.result(run):
            ended = Ending("done", "ended")
        elif code in (Code.COMPLETE, Code.PARTLY_FAILED):
            ended = Ending("done", "complete" if code == Code.COMPLETE else "partly failed")
        elif code in (Code.BAD_INPUT, Code.NOTHING_READ):
            ended = Ending("failed", "refused" if code == Code.BAD_INPUT else "nothing was read")
        else:
            was_killed = code is None or code < 0
            after = _quick_pause(run) if was_killed else pause(run)
            ended = Ending("planned", _word(code), after=after)
        if ended.after is not None and run.attempts >= _MOST_ATTEMPTS and run.kind != "crawl":
            return Ending("failed", f"{ended.outcome}, {run.attempts} times")
        return ended

    def _crawl_ending(self, run: Run, code: int | None) -> Ending:
        result = self.result(run)
        outcome = str(result.get("outcome", ""))
        health = [(f"health/{run.of}", "")]
        if not outcome and self._finished_since(run):
            return Ending("done", "finished", next=health)
        if outcome in ("finished", "limit"):
            if result.get("database_error"):
                health.insert(0, (f"load/{run.of}", str(result["archive"])))
            return Ending("done", outcome, next=health)
        if outcome == "needs_session":
            return Ending("waiting", "needs a session", next=health)
        if code == Code.BAD_INPUT:
            return Ending("failed", "refused")
        if outcome == "interrupted" or not outcome:
            return Ending("planned", outcome or _word(code), after=_quick_pause(run))
        return Ending("planned", outcome, after=pause(run))

    def _finished_since(self, run: Run) -> bool:
        """Say whether a crawl that left no summary had finished: it was killed right after."""
        try:
            jobs = Jobs(self.data / "crawls", run.of).all()
        except CrawlRefused:
            return False
        began = run.started_at
        return any(job.finished_at and began and job.finished_at >= began for job in jobs)


def pause(run: Run) -> timedelta:
    """Return how long to wait after a failure: doubled each time."""
    doubled: timedelta = _FIRST_PAUSE * 2 ** (max(run.attempts, 1) - 1)
    return min(doubled, _LONGEST_PAUSE)


def _quick_pause(run: Run) -> timedelta:
    """Return the pause after a process that was killed: none for the first three times."""
    return _NOW if run.attempts <= 3 else pause(run)


def _word(code: int | None) -> str:
    if code is None or code < 0:
        return "killed"
    known: dict[int, str] = {
        Code.DATABASE: "no database",
        Code.TOR: "no Tor",
        Code.INTERRUPTED: "interrupted",
    }
    return known.get(code, "a fault")


def is_taken(data: Path, market: str) -> bool:
    """Say whether somebody crawls a market at this moment."""
    try:
        with Jobs(data / "crawls", market).lock():
            return False
    except CrawlRefused:
        return True


def last_line(path: Path) -> str:
    """Return the last line of a file of output, for the log; empty if there is none."""
    try:
        lines = path.read_text("utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:300] if lines else ""


def when(moment: datetime | None) -> str:
    """Return a moment for the log."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
