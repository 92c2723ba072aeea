"""A monitor that watches simulated markets on this machine, by the program itself."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptodrug_scraper.common.processes import wait_for
from cryptodrug_scraper.monitor.ledger import Ledger, Run
from tests.cli.running import PROGRAM
from tests.conftest import ROOT

PATIENCE = 240.0  # seconds; these machines are busy

CRAWL = """
[markets.{market}]
when = "30 2 * * mon"
category = ["all"]
delay = 0.0
rest = 0.1
backoff = 0.1
retries = 60
wait = "0s"
direct = true
"""


@dataclass
class Watched:
    """A data folder with a monitor.toml in it, and the database that is loaded into."""

    folder: Path
    database_url: str

    def configure(self, *markets: str, more: str = "") -> None:
        """Write the settings: these markets are crawled on Mondays."""
        crawls = "".join(CRAWL.format(market=market) for market in markets)
        (self.folder / "monitor.toml").write_text(f"{crawls}\n{more}", "utf-8")

    @property
    def ledger(self) -> Ledger:
        """The ledger, open."""
        return Ledger(self.folder / "monitor" / "ledger.sqlite")

    def since(self, days: float, *jobs: str) -> None:
        """Let the calendars of jobs stand as if no monitor had run for some days."""
        past = datetime.now(UTC) - timedelta(days=days)
        with self.ledger as ledger:
            for job in jobs:
                ledger.reckoned(job, past)
                ledger.plan(job, (), past)

    def runs(self, *states: str, job: str | None = None) -> list[Run]:
        """The runs that the ledger has."""
        with self.ledger as ledger:
            return ledger.runs(*states, job=job)

    def start(self, *options: str, tick: float = 0.2) -> subprocess.Popen[str]:
        """Start the monitor."""
        config = str(self.folder / "monitor.toml")
        return subprocess.Popen(
            [*PROGRAM, "monitor", "run", "--config", config, "--tick", str(tick), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=self.environment,
        )

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment in which it is started."""
        return os.environ | {
            "CRYPTODRUG_DATA_DIR": str(self.folder),
            "DATABASE_URL": self.database_url,
        }

    def run(self, *options: str) -> str:
        """Run what is due to its end; return what was printed."""
        process = self.start("--once", *options)
        printed, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, printed
        return printed

    def until(self, state: str, job: str) -> Run:
        """Wait until a run of a job has a state, and return it."""
        assert wait_for(lambda: bool(self.runs(state, job=job)), PATIENCE), self.runs()
        return self.runs(state, job=job)[-1]


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> str:
    """End a monitor by a signal; return what it printed."""
    process.send_signal(number)
    printed, _ = process.communicate(timeout=PATIENCE)
    return printed
