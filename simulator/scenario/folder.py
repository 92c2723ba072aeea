"""The folder that a scenario's crawls are written into, and how it survives an interruption.

``plan.txt`` says whose crawls these are, from the start, so that the same plan goes on where it
was ended and another is refused. What is being written lies in the hidden folder
``.crawls.part``, which no replay reads; a crawl appears under its own name when it is whole and
on the disk. So whatever has such a name is whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptodrug_scraper.archive.repair import files_of
from cryptodrug_scraper.common.locks import try_lock

PLAN = "plan.txt"
PART = ".crawls.part"


class NotThisPlan(ValueError):
    """The folder cannot take the crawls of this plan; the message says why."""


def check(folder: Path, stated: str) -> None:
    """See that a folder can take the crawls of a plan, of which ``stated`` says what it is.

    Raises NotThisPlan for one that holds something else, and OSError.
    """
    note = folder / PLAN
    if not folder.exists():
        return
    if not folder.is_dir():
        raise NotThisPlan(f"{folder} is a file, and crawls are written into a folder")
    if not note.exists():
        if any(path.name != PART for path in folder.iterdir()):
            raise NotThisPlan(
                f"{folder} is not empty, and what is in it is not a scenario's; name another folder"
            )
    elif note.read_text("utf-8", "replace") != stated:
        raise NotThisPlan(
            f"{folder} holds crawls of another scenario, seed or share of missing pages ({note} "
            "says of which); name another folder, or remove this one"
        )


@contextmanager
def opened(folder: Path, stated: str) -> Iterator[None]:
    """Take a folder for the crawls of a plan, as :func:`check` allows it.

    Raises NotThisPlan also while another process writes into it, and OSError.
    """
    check(folder, stated)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotThisPlan(f"{folder} cannot be made: {error.strerror}") from None
    note, part = folder / PLAN, folder / PART
    if not note.exists():
        part.mkdir(exist_ok=True)
        (part / PLAN).write_text(stated, "utf-8")
        (part / PLAN).replace(note)
    with note.open("rb") as held:
        if not try_lock(held.fileno()):
            raise NotThisPlan(f"another process is writing crawls into {folder}")
        if part.exists():  # of one that was killed
            shutil.rmtree(part)
        try:
            yield
        finally:
            shutil.rmtree(part, ignore_errors=True)


def complete_crawls(folder: Path, market: str) -> set[str]:
    """Return the crawls of a market that are in a folder, by the start of their runs."""
    return {series.rpartition("-")[2] for series in files_of(folder / market)}


def bring_out(folder: Path, market: str, name: str) -> int:
    """Give a crawl that is whole, of one file, its place in the folder; return its size."""
    (path,) = (folder / PART / market).glob(f"{name}-*")
    (folder / market).mkdir(exist_ok=True)
    return path.replace(folder / market / path.name).stat().st_size
