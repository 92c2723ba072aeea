"""``monitor run``: what is due is run, each job by a process of its own, and what came of it kept.

APScheduler says when a calendar has something due; what was due then stands in the ledger, and
from there it is started as soon as nothing stands in its way. So a crash, a night's sleep of the
machine or a crawl that lasts longer than a week lose nothing and run nothing twice.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
from datetime import UTC, datetime, timedelta

import psutil
from apscheduler.schedulers.background import BackgroundScheduler

from cryptodrug_scraper.access.sessions import SessionStore
from cryptodrug_scraper.monitor.inbox import InboxFolder
from cryptodrug_scraper.monitor.jobs import Ending, JobRoom, is_taken, last_line, when
from cryptodrug_scraper.monitor.ledger import Ledger, Run
from cryptodrug_scraper.monitor.news import News
from cryptodrug_scraper.monitor.schedule import dues

logger = logging.getLogger(__name__)

_TICK = 2.0  # seconds between two looks at processes, cookies and the inbox
_KEPT_OUTPUTS = 500
_GRACE = 120.0  # seconds that processes have to end, once asked to
_LATEST = timedelta(days=400)  # what was due before is history


class Service:
    """Runs the jobs of a configuration until :meth:`stop`; one process for a data folder."""

    def __init__(self, room: JobRoom, ledger: Ledger, news: News, *, tick: float = _TICK) -> None:
        self.room, self.ledger, self.news, self.tick_seconds = room, ledger, news, tick
        self.triggers = room.config.triggers()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._sessions = SessionStore(room.data / "sessions")
        inbox = room.config.inbox
        self._inbox = InboxFolder(room.base / inbox.folder, room.kept, ledger) if inbox else None
        self._stop = threading.Event()
        self._lock = threading.Lock()  # the scheduler's threads plan, this one runs

    def stop(self) -> None:
        """Let the service end: processes are asked to, and go on with the next service."""
        self._stop.set()

    def run(self, *, until_idle: bool = False) -> None:
        """Run what is due, until stopped; with ``until_idle`` until nothing is due any more."""
        # UTC, since the calendars know the zones; what is late is due all the same, once.
        scheduler = BackgroundScheduler(
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        for job, trigger in self.triggers.items():
            self._plan(job)  # what was due while no service ran
            scheduler.add_job(self._plan, trigger, args=[job], id=job)
            logger.info("%s: next due %s UTC", job, when(trigger.after(datetime.now(UTC))))
        scheduler.start()
        try:
            while not self._stop.is_set():
                # The scheduler sleeps by a clock that stands while the machine does.
                scheduler.wakeup()
                self.tick()
                if until_idle and not self.ledger.runs("planned", "running"):
                    break
                self._stop.wait(self.tick_seconds)
        finally:
            scheduler.shutdown(wait=True)
            self._end_processes()

    def tick(self) -> None:
        """Look once: what is due, what has ended, what can begin."""
        with self._lock:
            self._tick(datetime.now(UTC))

    def _tick(self, now: datetime) -> None:
        for run in self.ledger.runs("running"):
            self._check(run)
        for run in self.ledger.runs("waiting"):
            if self._has_fresh_session(run, now):
                logger.info("%s: there is a fresh session, so it goes on", run.job)
                self.ledger.put_off(run, now)
        self._take_in(now)
        self._begin(now)
        self.news.beat({job: each.after(now) for job, each in self.triggers.items()}, now)

    def _has_fresh_session(self, run: Run, now: datetime) -> bool:
        """Say whether a session came since a crawl began, perhaps while it was ending."""
        began = run.started_at or now
        sessions = self._sessions.all(run.of)
        return any(session.added_at > began and session.usable(now) for session in sessions)

    def _take_in(self, now: datetime) -> None:
        if self._inbox is None:
            return
        try:
            for name in self._inbox.take(now):
                logger.info("inbox: %s was taken", name)
        except OSError as error:
            self.news.trouble("inbox", "The inbox cannot be used", str(error.strerror))

    # -- calendars -----------------------------------------------------------------------------

    def _plan(self, job: str) -> None:
        """Plan what a job's calendar had due since it was last worked through.

        Of several crawls that were missed the last one is run; of bulletins each, since each has
        a period of its own.
        """
        with self._lock:
            now = datetime.now(UTC)
            since = max(self.ledger.reckoned(job, now), now - _LATEST)
            missed = list(dues(self.triggers[job], since, now))
            if job.startswith("crawl/") and missed:
                missed = missed[-1:]
                for earlier in self.ledger.runs("planned", "waiting", job=job):
                    self.ledger.end(earlier, "done", now, outcome="overtaken by the next")
            self.ledger.plan(job, missed, now)

    # -- beginning -----------------------------------------------------------------------------

    def _begin(self, now: datetime) -> None:
        """Start what is planned and has its way free: one crawl a market, one job on the data."""
        busy = {_lane(run) for run in self.ledger.runs("running")}
        planned = self.ledger.runs("planned")
        crawls = [run for run in self.ledger.runs("running", "planned") if run.kind == "crawl"]
        for run in planned:
            lane = _lane(run)
            if lane in busy or (run.not_before is not None and run.not_before > now):
                continue
            if run.kind == "bulletin" and (
                any(crawl.due <= run.due for crawl in crawls)  # it would lack what is on its way
                or now.date() <= self.room.last_day(run)  # days of the data are those of UTC
            ):
                continue
            if run.kind == "crawl" and is_taken(self.room.data, run.of):
                continue  # by a crawl that somebody else began
            if self._start(run, now):
                busy.add(lane)

    def _start(self, run: Run, now: datetime) -> bool:
        try:
            command = self.room.command(run)
        except KeyError:
            self.ledger.end(run, "failed", now, outcome="no longer in the settings")
            return False
        self.room.summary(run).unlink(missing_ok=True)
        self.ledger.start(run, now)
        output = self.room.output(run)
        with output.open("wb") as out, output.with_suffix(".log").open("ab") as log:
            # A session of its own: Ctrl-C is for the service, which passes it on.
            self._processes[run.run_id] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, start_new_session=True
            )
        logger.info("%s: begun (due %s)", run.job, when(run.due))
        self._forget_outputs()
        return True

    def _forget_outputs(self) -> None:
        for old in sorted(self.room.runs.iterdir())[: -3 * _KEPT_OUTPUTS]:
            old.unlink(missing_ok=True)

    # -- ending --------------------------------------------------------------------------------

    def _check(self, run: Run) -> None:
        process = self._processes.get(run.run_id)
        if process is not None:
            code = process.poll()
            if code is None:
                return
            del self._processes[run.run_id]
            self._ended(run, code)
        elif not self._orphan(run):
            self._ended(run, None)

    def _orphan(self, run: Run) -> psutil.Process | None:
        """Return the process of a run that a service before this one had started, if it lives."""
        if run.kind not in ("crawl", "load", "inbox"):
            return None  # those do no harm if they run again
        mark = str(self.room.summary(run))
        for process in psutil.process_iter(["cmdline", "status"]):
            if process.info["status"] != psutil.STATUS_ZOMBIE and mark in (
                process.info["cmdline"] or ()
            ):
                return process
        return None

    def _ended(self, run: Run, code: int | None) -> None:
        now = datetime.now(UTC)
        ending = self.room.ending(run, code)
        self.ledger.end(run, ending.state, now, code, ending.outcome)
        if ending.after is not None:
            self.ledger.put_off(run, now + ending.after)
        for job, detail in ending.next:
            self.ledger.add(job, now, detail)
        if run.kind == "inbox" and ending.state == "failed" and self._inbox is not None:
            self._inbox.refuse(run.of)
        self._log(run, ending)
        self.news.ended(run, ending, self.room.output(run))

    def _log(self, run: Run, ending: Ending) -> None:
        words = f"{run.job}: {ending.outcome}"
        if ending.after is not None:
            words += ", tried again" + (f" after {ending.after}" if ending.after else " at once")
        why = last_line(self.room.output(run).with_suffix(".log"))
        if ending.state != "done" and why:
            words += f" ({why})"
        logger.log(logging.INFO if ending.state == "done" else logging.WARNING, "%s", words)

    def _end_processes(self) -> None:
        """Ask all processes to end, as Ctrl-C would, and note how they did."""
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for run_id, process in list(self._processes.items()):
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                logger.warning("process %s does not end: it is killed", process.pid)
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            for run in self.ledger.runs("running"):
                if run.run_id == run_id:
                    self._check(run)


def _lane(run: Run) -> str:
    """Return what only one job can use at a time: a market, or the data."""
    return run.job if run.kind == "crawl" else "data"
