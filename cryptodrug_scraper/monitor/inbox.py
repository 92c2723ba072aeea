"""A folder into which archives are dropped, to be replayed and kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptodrug_scraper.monitor.ledger import Ledger

_State = tuple[tuple[str, int, int], ...]
REFUSED = "refused"


class InboxFolder:
    """The folder, and the one below the data folder in which what was dropped is kept.

    Something is taken once it was the same twice: until then it may still be copied. It is moved
    first, so that the database knows it by the path at which it stays, and then planned; what
    was moved and not yet planned when the program was killed is planned when it begins again.
    """

    def __init__(self, folder: Path, kept: Path, ledger: Ledger) -> None:
        self.folder, self.kept, self.ledger = folder, kept, ledger
        self._states: dict[str, _State] = {}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / REFUSED).mkdir(exist_ok=True)
        kept.mkdir(parents=True, exist_ok=True)

    def take(self, now: datetime) -> Iterator[str]:
        """Move what is complete, plan to replay it, and yield its names. Raises OSError."""
        planned = {run.of for run in self.ledger.runs() if run.kind == "inbox"}
        for path in sorted(self.kept.iterdir()):
            if path.name not in planned:
                self._plan(path, now)
        states = {path.name: _state(path) for path in _dropped(self.folder)}
        for name, state in states.items():
            if state and self._states.get(name) == state:
                target = _free(self.kept / name)
                shutil.move(self.folder / name, target)
                self._plan(target, now)
                yield target.name
        self._states = states

    def _plan(self, path: Path, now: datetime) -> None:
        self.ledger.add(f"inbox/{path.name}", now, str(path))

    def refuse(self, name: str) -> Path:
        """Move what could not be read to where its owner sees it; return where."""
        target = _free(self.folder / REFUSED / name)
        if (self.kept / name).exists():
            shutil.move(self.kept / name, target)
        return target


def _dropped(folder: Path) -> list[Path]:
    hidden = (".", "~")
    partly = (".part", ".crdownload", ".tmp", ".partial")
    return [
        path
        for path in sorted(folder.iterdir())
        if path.name != REFUSED
        and not path.name.startswith(hidden)
        and not path.name.endswith(partly)
    ]


def _state(path: Path) -> _State:
    """Return what differs while something is still being copied: names, sizes and times."""
    paths = [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]
    try:
        return tuple((str(each), each.stat().st_size, each.stat().st_mtime_ns) for each in paths)
    except OSError:  # it is being moved
        return ()


def _free(path: Path) -> Path:
    """Return a path that is not taken: with a number, if need be."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{number}-{path.name}")
    return free
