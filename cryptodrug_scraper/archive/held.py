"""Where the records of a crawl lie, and whether they still do.

A crawl notes for each request that it ended where in its archive the answer stands. When it goes
on, after the machine lost its power, or after somebody put back an older copy, what it noted is
held against the files: that takes a look at their sizes, not at what is in them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .files import location_of


class RecordPlace(NamedTuple):
    """Where a record lies in the folder of a crawl: a file's name, and from which byte to which."""

    file: str
    begins: int
    ends: int


class Held:
    """Which records the files of a crawl's folder hold, as they are when they are first looked at.

    ``damaged`` are stretches of files in which nothing can be read (`Repaired.damaged`).
    """

    def __init__(self, folder: Path, damaged: Iterable[RecordPlace] = ()) -> None:
        self.folder = folder
        self._sizes: dict[str, int] = {}
        self._damaged: dict[str, list[RecordPlace]] = {}
        for stretch in damaged:
            self._damaged.setdefault(stretch.file, []).append(stretch)

    def size(self, file: str) -> int:
        """Return a file's size in bytes, 0 if it is not there."""
        if file not in self._sizes:
            try:
                self._sizes[file] = (self.folder / file).stat().st_size
            except OSError:
                self._sizes[file] = 0
        return self._sizes[file]

    def place_of(self, location: str) -> RecordPlace | None:
        """Return where a page's location points to, None if that is in no file of the folder.

        Of the record only the first byte is in it: after mending a record is there or it is not.
        """
        path, _, offset = location.rpartition("#")
        folder, _, file = path.rpartition("/")
        if folder != location_of(self.folder) or not offset.isdecimal():
            return None
        return RecordPlace(file, int(offset), int(offset) + 1)

    def has_files_of(self, run: str) -> bool:
        """Say whether there is any file of a run."""
        return any(self.folder.glob(f"*-{run[:8]}-*.warc.gz"))

    def has(self, place: RecordPlace) -> bool:
        """Say whether a record is there, from its first byte to its last."""
        return place.ends <= self.size(place.file) and not any(
            stretch.begins < place.ends and place.begins < stretch.ends
            for stretch in self._damaged.get(place.file, ())
        )
