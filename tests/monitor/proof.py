"""``make monitor-e2e``: half a year of markets that are watched, in fast time, beside its aims.

    python -m tests.monitor.proof [--weeks 26] [--seed 1] [--keep FOLDER]

Markets are simulated on loopback, and their clocks follow that of the monitor. The clock of the
monitor and of all that it starts is set forward (`wall_clock.c`, made by the machine's C compiler),
as that of a machine that slept. On the way sessions end and are renewed, the monitor and
PostgreSQL are killed, a week is slept through, and an archive is dropped into the inbox. Exit
code 1 if an aim is missed.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.access.sessions import SessionStore
from cryptodrug_scraper.database.connection import client_url, open_engine
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.monitor.jobs import COMMAND
from cryptodrug_scraper.monitor.ledger import Run
from cryptodrug_scraper.replay import replay
from simulator.command import Running, simulation
from simulator.market_site import market_sites
from simulator.sessions import COOKIE
from tests.e2e.rows import same_rows
from tests.monitor.watching import Watched

START = datetime(2019, 1, 7, 1, 0, tzinfo=UTC)  # a Monday
PATIENCE = 600.0  # seconds until something that is due must have ended
NOT_ARCHIVED = ("run_health", "health_check", "bulletin")
"""Tables whose rows no archive states."""
BULLETIN = """
time_zone = "Europe/Brussels"
[bulletins.belgium]
when = "0 8 * * mon"
countries = ["BE"]
[inbox]
folder = "inbox"
"""


def build_clock(folder: Path) -> Path | None:
    """Make the library that sets a process's wall clock; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "wall_clock.so"
    source = Path(__file__).with_name("wall_clock.c")
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source)]
    subprocess.run(command, check=True)
    return library


@dataclass
class HalfYear(Watched):
    """The folder of a monitor whose clock is set."""

    offset: float = 0.0
    kills: int = 0
    database_kills: int = 0
    memory: int = 0
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of a monitor with a clock of its own."""
        return os.environ | {
            "CRYPTODRUG_DATA_DIR": str(self.folder),
            "LD_PRELOAD": str(self.folder / "wall_clock.so"),
            "WALL_CLOCK_OFFSET": str(self.folder / "offset"),
        }

    def set_clock(self, moment: datetime, running: Running) -> None:
        """Set the clock of the monitor, and those of the markets."""
        self.offset = (moment - datetime.now(UTC)).total_seconds()
        file = self.folder / "offset.new"
        file.write_text(f"{self.offset:+.0f}\n", "ascii")
        file.rename(self.folder / "offset")
        for server in running.servers.values():
            server.site.clock.set(moment)

    def now(self) -> datetime:
        """Return what the monitor's clock shows."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def wait(self, condition: Callable[[list[Run]], bool], poll: Callable[[], None]) -> None:
        """Wait for a condition of the ledger's runs, and do something meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while not condition(runs := self.runs()):
            if time.monotonic() > deadline:
                stuck = [run for run in runs if run.state not in ("done", "failed")]
                raise TimeoutError(f"at {self.now():%Y-%m-%d %H:%M} these did not end: {stuck}")
            poll()
            time.sleep(0.3)


class Proof:
    """One half-year: what is done to the monitor, week by week, and what came of it."""

    def __init__(self, folder: Path, running: Running, weeks: int, seed: int) -> None:
        self.year = HalfYear(folder, "")
        self.running, self.weeks = running, weeks
        self.chance = random.Random(seed)
        self.sessions = SessionStore(folder / "sessions")
        self.process: subprocess.Popen[str] | None = None
        self.printed: list[str] = []
        self.kill_weeks = set(self.chance.sample(range(1, weeks), min(10, weeks - 1)))
        self.database_weeks = set(self.chance.sample(range(1, weeks), min(2, weeks - 1)))
        self.slept: set[int] = {9} if weeks > 10 else set()

    def sign_in(self, market: str) -> None:
        """Hand fresh cookies over, as a researcher would."""
        cookie = self.running.cookie(market, "reader")
        self.sessions.add(market, "default", {COOKIE: cookie})

    def begin(self) -> None:
        """Start the monitor."""
        log = (self.year.folder / "monitor.log").open("a")
        options = ("--config", str(self.year.folder / "monitor.toml"), "--tick", "0.3")
        self.process = subprocess.Popen(
            [*COMMAND, "monitor", "run", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            text=True,
            env=self.year.environment,
        )

    def kill(self) -> None:
        """Kill the monitor, not its jobs, and start it again."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.year.kills += 1
        self.begin()

    def kill_database(self) -> None:
        """Kill PostgreSQL."""
        pid = next(self.year.folder.rglob("postmaster.pid"), None)
        if pid is not None:
            os.kill(int(pid.read_text().split()[0]), signal.SIGKILL)
            self.year.database_kills += 1

    def run(self) -> None:
        """Live through the weeks."""
        year = self.year
        year.set_clock(START, self.running)
        self.begin()
        year.wait(lambda _: (year.folder / "monitor" / "heartbeat.json").is_file(), self.tend)
        for week in range(self.weeks):
            monday = START + timedelta(weeks=week)
            if week in self.slept:
                print(f"week {week + 1}: the machine sleeps", flush=True)
                continue
            self.week(week, monday)
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def week(self, week: int, monday: datetime) -> None:
        """Let the crawls of a Monday run, then its bulletin."""
        year, began = self.year, time.monotonic()
        if week % 6 == 4:
            for server in self.running.servers.values():
                server.site.sessions.end_all()
        year.set_clock(monday + timedelta(minutes=30, seconds=1), self.running)
        due = monday - timedelta(hours=1)  # or later: it is 01:30 UTC in winter, 00:30 in summer
        strikes = [time.monotonic() + self.chance.uniform(1, 12)] if week in self.kill_weeks else []
        if week in self.database_weeks:
            time.sleep(self.chance.uniform(1, 8))
            self.kill_database()

        def poll() -> None:
            self.tend()
            if strikes and time.monotonic() > strikes[0]:
                strikes.pop()
                self.kill()

        def crawled(runs: list[Run]) -> bool:
            ended = [r for r in runs if r.kind == "crawl" and r.due >= due and r.state == "done"]
            busy = [r for r in runs if r.state in ("planned", "running", "waiting")]
            return len(ended) == len(self.running.servers) and not busy

        year.wait(crawled, poll)
        if week == 10:
            self.drop()
        year.set_clock(monday + timedelta(hours=6, minutes=1), self.running)
        year.wait(
            lambda runs: (
                any(r.kind == "bulletin" and r.due > due for r in runs)
                and not any(r.state in ("planned", "running") for r in runs)
            ),
            self.tend,
        )
        assert self.process is not None
        year.memory = max(year.memory, psutil.Process(self.process.pid).memory_info().rss)
        print(f"week {week + 1}: {time.monotonic() - began:.0f} s", flush=True)

    def tend(self) -> None:
        """Renew sessions that need it."""
        for session in self.sessions.all():
            if session.state in ("ended", "walled"):
                self.sign_in(session.market)
                self.year.notes["renewed"] += 1

    def drop(self) -> None:
        """Drop a copy of the oldest crawl into the inbox."""
        oldest = min((self.year.folder / "archive").glob("*/2*"))
        shutil.copytree(oldest, self.year.folder / "inbox" / "from-a-colleague")
        self.year.wait(
            lambda runs: any(r.kind == "inbox" and r.state == "done" for r in runs), self.tend
        )


def judged(proof: Proof) -> list[tuple[str, str, str, bool]]:
    """Return what was aimed at, what came, and whether that is good."""
    year, weeks = proof.year, proof.weeks - len(proof.slept)
    markets = len(proof.running.servers)
    runs = year.runs()
    crawls = [run for run in runs if run.kind == "crawl"]
    done = [run for run in crawls if run.state == "done" and run.outcome == "finished"]
    folders = Counter(path.parent.name for path in (year.folder / "archive").glob("*/2*"))
    twice = sum(folders.values()) - len(done)
    bulletins = [run for run in runs if run.kind == "bulletin" and run.outcome == "complete"]
    healths = [run for run in runs if run.kind == "health"]
    limit = 120 << 20
    return [
        (
            "crawls run / planned",
            f"{markets * weeks}",
            f"{len(done)} / {len(crawls)}",
            len(done) == len(crawls) == markets * weeks,
        ),
        ("crawls run twice", "0", f"{twice}", twice == 0),
        ("health of each", "all", f"{len(healths)}", all(r.state == "done" for r in healths)),
        # None of the week before the first, nor of one that was slept through.
        ("bulletins", f"{weeks - 1}", f"{len(bulletins)}", len(bulletins) == weeks - 1),
        (
            "kills of the monitor, of PostgreSQL; sessions renewed",
            "–",
            f"{year.kills}, {year.database_kills}; {year.notes['renewed']}",
            True,
        ),
        ("memory between jobs", "≤ 120 MB", f"{year.memory >> 20} MB", year.memory <= limit),
    ]


def main() -> int:
    """Run the proof, and print what was aimed at and measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[1])
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder in which all stays")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(
            0o755
        )  # PostgreSQL, which is another user where this is root, has the clock too
        if build_clock(folder) is None:
            print("A C compiler (cc) is needed: it makes the library that sets the clock.")
            return 2
        names = list(market_sites())
        running = stack.enter_context(
            simulation(
                names, listings=40, vendors=8, reviews=150, date=START.isoformat(), patience=1.0
            )
        )
        proof = Proof(folder, running, options.weeks, options.seed)
        stack.callback(EmbeddedServer(folder).stop)
        for name, server in running.servers.items():
            MirrorStore(folder / "mirrors").add(name, server.address)
            proof.sign_in(name)
        proof.year.configure(*names, more="")
        text = (folder / "monitor.toml").read_text("utf-8")
        (folder / "monitor.toml").write_text(BULLETIN.replace("[bull", text + "\n[bull", 1))
        proof.run()
        rows = [*judged(proof), _same(folder)]
    width = max(len(row[0]) for row in rows)
    for what, aim, measured, good in rows:
        print(f"{what:<{width}}  aim {aim:<10} {measured:<40} {'yes' if good else 'NO'}")
    return 0 if all(row[3] for row in rows) else 1


def _same(folder: Path) -> tuple[str, str, str, bool]:
    """Compare the monitor's database with one replay of all archives."""
    with tempfile.TemporaryDirectory() as other:
        server = EmbeddedServer(Path(other))
        try:
            url = server.ensure_running()
            open_engine(url, upgrade=True).dispose()
            own = client_url(EmbeddedServer(folder).ensure_running())
            for crawl in sorted((folder / "archive").glob("*/2*")):
                replay([crawl], client_url(url))
            for dropped in sorted((folder / "archive" / "inbox").iterdir()):
                replay([dropped], client_url(url))
            found = same_rows(own, client_url(url), ignore=NOT_ARCHIVED)
        finally:
            server.stop()
    words = "the same" if not found else f"{len(found)} differ: {found[0][:60]}"
    return ("rows, beside one replay of all archives", "the same", words, not found)


if __name__ == "__main__":
    sys.exit(main())
