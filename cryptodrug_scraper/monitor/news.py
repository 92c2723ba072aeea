"""What others hear of the monitor: messages, the heartbeat, metrics.

Messages name markets, jobs, fields and numbers: no vendor, no title and no address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptodrug_scraper.access.sessions import SessionStore
from cryptodrug_scraper.monitor import heartbeat
from cryptodrug_scraper.monitor.jobs import Ending, JobRoom
from cryptodrug_scraper.monitor.ledger import Ledger, Run
from cryptodrug_scraper.monitor.levels import Level
from cryptodrug_scraper.monitor.metrics import JobFacts, MarketFacts, MonitorFacts, write_metrics
from cryptodrug_scraper.monitor.notify import Message, Notifier, NotifyRules

_EVERY = timedelta(seconds=30)

_CRAWLS = {
    "needs a session": (
        Level.LOOK,
        "{market}: fresh cookies are needed",
        "The crawl stopped at a wall. Sign in with Tor Browser and hand the cookies over: "
        "cryptodrug session add {market} --cookies FILE. It goes on as soon as they are there.",
    ),
    "refused": (
        Level.BROKEN,
        "{market}: the crawl was refused",
        "Its settings or its place on this machine do not allow it; the last lines of {log} say "
        "why.",
    ),
    "no Tor": (
        Level.BROKEN,
        "{market}: Tor cannot be used",
        "The crawl is tried again later; cryptodrug tor status says how Tor stands.",
    ),
    "archive": (
        Level.BROKEN,
        "{market}: the archive cannot be written",
        "Is the disk full? The crawl is tried again later; see {log}.",
    ),
    "no database": (
        Level.BROKEN,
        "{market}: the database cannot be used",
        "The crawl is tried again later; see {log}.",
    ),
}
_CRAWL_FAULT = (
    Level.BROKEN,
    "{market}: the crawl ended with a fault",
    "It goes on by itself, and what was captured is kept; see {log}.",
)
_OTHERS = {
    "inbox": ("an archive of the inbox", "It could not be read whole: {outcome}; see {log}."),
    "load": ("{of}: loading", "Captured pages are not in the database yet: {outcome}; see {log}."),
    "health": ("{of}: the health of a crawl", "It could not be computed: {outcome}; see {log}."),
    "bulletin": ("bulletin {of}", "It could not be made: {outcome}; see {log}."),
}
_MOST_CHECKS = 12


class News:
    """Sends messages by the rules, and writes the heartbeat and the metrics."""

    def __init__(self, room: JobRoom, ledger: Ledger) -> None:
        self.room, self.ledger = room, ledger
        stated = room.config.notify
        rules = NotifyRules(
            urls=tuple(stated.urls),
            least=Level(stated.least),
            every=stated.every,
            over=stated.over,
        )
        self.notifier = Notifier(rules, room.folder / "messages.json")
        self._levels: dict[str, Level] = {}
        self._pages: dict[str, int] = {}
        self._beaten: datetime | None = None

    def ended(self, run: Run, ending: Ending, output: Path) -> None:
        """Say what the end of a run's process means, if it is worth a message."""
        log = output.with_suffix(".log").name
        if run.kind == "health" and ending.state == "done":
            self._health(run, output)
        if run.kind == "crawl":
            self._crawl(run, ending, log)
        else:
            what, why = _OTHERS[run.kind]
            subject, title = f"{run.job}/run", what.format(of=run.of)
            if ending.outcome == "complete" or (run.kind == "health" and ending.state == "done"):
                self.notifier.resolve(subject, title, "It has succeeded now.")
            else:
                level = Level.BROKEN if ending.state == "failed" else Level.LOOK
                body = why.format(outcome=ending.outcome, log=log)
                self.notifier.send(Message(subject, level, title, body))

    def _crawl(self, run: Run, ending: Ending, log: str) -> None:
        subject = f"{run.of}/crawl"
        self._pages[run.of] = int(self.room.result(run).get("pages", 0))
        if ending.state == "done":
            self.notifier.resolve(subject, f"{run.of}: the crawl has ended", ending.outcome)
            return
        if ending.after is not None and not ending.after:
            return  # killed, and goes on at once
        level, title, body = _CRAWLS.get(ending.outcome, _CRAWL_FAULT)
        names = {"market": run.of, "log": log}
        self.notifier.send(Message(subject, level, title.format(**names), body.format(**names)))

    def _health(self, run: Run, output: Path) -> None:
        """Send what the checks of a crawl found, one message a market."""
        for judged in _json_lines(output):
            level = Level(judged["level"])
            market, subject = str(judged["market"]), f"{judged['market']}/health"
            self._levels[market] = level
            if level is Level.FINE:
                self.notifier.resolve(subject, f"{market}: healthy again", "All checks are fine.")
                continue
            wrong = [each for each in judged["checks"] if each["level"] != Level.FINE]
            lines = [f"{each['level']}: {each['words']}" for each in wrong[:_MOST_CHECKS]]
            if len(wrong) > _MOST_CHECKS:
                lines.append(f"and {len(wrong) - _MOST_CHECKS} more")
            lines.append("cryptodrug monitor status shows all of it.")
            title = f"{market}: the last crawl is {level}"
            self.notifier.send(Message(subject, level, title, "\n".join(lines)))

    def trouble(self, subject: str, title: str, body: str) -> None:
        """Say that the monitor itself cannot do something."""
        self.notifier.send(Message(f"monitor/{subject}", Level.BROKEN, title, body))

    def beat(self, due: Mapping[str, datetime | None], now: datetime) -> None:
        """Write that the monitor lives, when each job is due next, and the metrics."""
        if self._beaten is not None and abs(now - self._beaten) < _EVERY:
            return
        self._beaten = now
        self.notifier.retry()
        heartbeat.beat(self.room.folder, jobs=due, now=now)
        if self.room.config.files.metrics is not None:
            path = self.room.base / self.room.config.files.metrics
            write_metrics(path, self._facts(due, now))

    def _facts(self, due: Mapping[str, datetime | None], now: datetime) -> MonitorFacts:
        counts = self.ledger.counts()
        sessions = SessionStore(self.room.data / "sessions")
        jobs = []
        for job, next_due in due.items():
            last = next(iter(self.ledger.runs("done", job=job, last=1)), None)
            jobs.append(
                JobFacts(
                    job,
                    {state: n for (name, state), n in counts.items() if name == job},
                    running=bool(self.ledger.runs("running", job=job)),
                    seconds=_seconds(last),
                    last_success=last.ended_at if last else None,
                    next_due=next_due,
                )
            )
        markets = [
            MarketFacts(
                market,
                self._levels.get(market),
                self._pages.get(market),
                sum(session.usable(now) for session in sessions.all(market)),
            )
            for market in self.room.config.markets
        ]
        return MonitorFacts(now, jobs, markets, self.notifier.waiting)


def _seconds(run: Run | None) -> float | None:
    if run is None or run.started_at is None or run.ended_at is None:
        return None
    return (run.ended_at - run.started_at).total_seconds()


def _json_lines(path: Path) -> list[dict[str, Any]]:
    lines = []
    for line in path.read_text("utf-8", errors="replace").splitlines():
        try:
            content = json.loads(line)
        except ValueError:
            continue
        if isinstance(content, dict) and "level" in content:
            lines.append(content)
    return lines
