"""A dead man's switch: the service writes that it lives, and somebody else reads it.

``heartbeat.json`` lies in a folder that both can read: another user's, or another machine's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptodrug_scraper.cli.errors import Code
from cryptodrug_scraper.common.files import write_atomically
from cryptodrug_scraper.common.terminal import safe

FILE = "heartbeat.json"
_AHEAD = timedelta(minutes=5)
"""How far two machines' clocks may differ."""


def beat(folder: Path, *, jobs: Mapping[str, datetime | None], now: datetime) -> None:
    """Write that the service lives, and when each job is due next (None: not planned).

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    due = {job: at.astimezone(UTC).isoformat() if at else None for job, at in jobs.items()}
    state = {"beat": now.astimezone(UTC).isoformat(), "jobs": due}
    write_atomically(folder / FILE, json.dumps(state, indent=1) + "\n")


def judge(folder: Path, patience: timedelta, now: datetime | None = None) -> tuple[Code, str]:
    """Say whether the service is alive and no job overdue, and in words what is so or is not.

    Alive is ``Code.COMPLETE``, else it is ``Code.PARTLY_FAILED``.
    Silent is a service whose last beat is older than ``patience``; overdue a job that should have
    begun that long ago. What cannot be read counts as dead.
    """
    now = now or datetime.now(UTC)
    try:
        last, jobs = _read(folder / FILE)
    except FileNotFoundError:
        trouble = f"there is no {folder / FILE}. Has `cryptodrug monitor run` begun?"
    except OSError as error:
        trouble = f"{folder / FILE} cannot be read: {error.strerror}."
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
        trouble = f"{folder / FILE} is damaged."
    else:
        return _judged(last, jobs, patience, now)
    return Code.PARTLY_FAILED, f"No heartbeat: {trouble}"


def _judged(
    last: datetime, jobs: Mapping[str, datetime | None], patience: timedelta, now: datetime
) -> tuple[Code, str]:
    planned = sorted((at, safe(job)) for job, at in jobs.items() if at is not None)
    late = [(at, job) for at, job in planned if now - at > patience]
    if last > now + _AHEAD:
        words = f"The last beat, {_at(last)}, is in the future: one of two clocks is wrong."
    elif now - last > patience:
        words = f"Silent for {_span(now - last)}: last beat {_at(last)}."
    elif late:
        words = "\n".join(
            f"Overdue: {job}, due {_at(at)}, {_span(now - at)} ago; last beat {_at(last)}."
            for at, job in late
        )
    else:
        then = f"next job {planned[0][1]}, {_at(planned[0][0])}" if planned else "no job planned"
        return Code.COMPLETE, f"Alive: last beat {_at(last)}, {then}."
    return Code.PARTLY_FAILED, words


def _read(file: Path) -> tuple[datetime, dict[str, datetime | None]]:
    with file.open("rb") as opened:
        state = json.loads(opened.read(1 << 20))
    jobs = state["jobs"].items()
    return _moment(state["beat"]), {job: at and _moment(at) for job, at in jobs}


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no time zone")
    return at.astimezone(UTC)


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z"


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{length.days} days"
