"""What a crawl is to do, and the folder in which it stands until it is done."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptodrug_scraper.common.locks import LockTaken, file_lock
from cryptodrug_scraper.common.private import NotUsable, read_json, tighten, write_json

_FILE = "job.json"


class CrawlRefused(ValueError):
    """A crawl cannot be begun as asked; the message says why and what to do."""


@dataclass(slots=True, frozen=True)
class Plan:
    """What pages a crawl wants: the part of its options that a crawl which goes on must share.

    ``inside`` and ``outside`` are names of categories (``all`` is every one). ``listings`` are
    ids or addresses, ``vendors`` handles: with any of them only those are captured. ``since`` says
    from when on a capture of a listing or vendor counts as recent, so that such pages are not
    asked for again: as `options.read_since` reads it, where ``7d`` is seven days before the
    crawl was begun, however often it is stopped.
    """

    market: str
    inside: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    listings: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    since: str | None = None

    @property
    def only(self) -> bool:
        """Whether single listings or vendors were asked for."""
        return bool(self.listings or self.vendors)


@dataclass(slots=True)
class Job:
    """A crawl on disk: its plan, its queue (``frontier.sqlite``), and how far it is."""

    folder: Path
    plan: Plan
    created_at: datetime
    finished_at: datetime | None = None
    runs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The folder's name, which is also that of its folder of WARC files."""
        return self.folder.name

    def save(self) -> None:
        """Write what is known of it."""
        content = {
            "plan": asdict(self.plan),
            "created_at": self.created_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
            "runs": self.runs,
        }
        write_json(self.folder / _FILE, content)


class Jobs:
    """All crawls of a market, in a folder of their own."""

    def __init__(self, folder: Path, market: str) -> None:
        self.folder = folder / market
        self.market = market

    def all(self) -> list[Job]:
        """Return the crawls, the oldest first. Raises CrawlRefused for one that cannot be read."""
        found = [_read(file) for file in sorted(self.folder.glob(f"*/{_FILE}"))]
        return sorted(found, key=lambda job: job.created_at)

    def open(self, plan: Plan, *, new: bool = False) -> Job:
        """Return the unfinished crawl with this plan, the latest, or a new one."""
        if not new:
            for job in reversed(self.all()):
                if job.finished_at is None and job.plan == plan:
                    return job
        now = datetime.now(UTC)
        folder = self.folder / f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        folder.mkdir(parents=True, mode=0o700)
        job = Job(folder, plan, now)
        job.save()
        return job

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the market: two crawls at once would share sessions. Raises CrawlRefused."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.ExitStack() as held:
            try:
                file = held.enter_context(file_lock(self.folder / "lock"))
            except LockTaken as taken:
                holder = taken.strerror or ""
                raise CrawlRefused(
                    f"A crawl of {self.market} is running already"
                    f"{f' (process {holder})' if holder.isdigit() else ''}; wait for its end, "
                    "or stop it with Ctrl-C: it goes on where it was stopped"
                ) from None
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield


def _read(file: Path) -> Job:
    try:
        tighten(file)
        return _job(file.parent, read_json(file))
    except NotUsable as error:
        why = str(error)
    except (ValueError, KeyError, TypeError, AttributeError):
        why = f"{file} is damaged: it does not say what the crawl is."
    raise CrawlRefused(
        f"{why} Move {file.parent} away, or begin anew with --new: what was captured stays in the "
        "archive"
    )


def _job(folder: Path, content: Any) -> Job:
    plan: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in content["plan"].items()
    }
    finished = content["finished_at"]
    runs = content["runs"]
    if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
        raise TypeError
    return Job(
        folder,
        Plan(**plan),
        datetime.fromisoformat(content["created_at"]),
        datetime.fromisoformat(finished) if finished else None,
        runs,
    )
