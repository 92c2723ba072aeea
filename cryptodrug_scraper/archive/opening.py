"""A page by its location."""

from __future__ import annotations

from pathlib import Path


def holder_of(location: str) -> Path | None:
    """Return the file on disk that a location lies in; None if there is none."""
    end = len(location)
    while end > 0:
        path = Path(location[:end])
        if path.is_file():
            return path
        end = max(location.rfind(mark, 0, end) for mark in ("#", "!/"))
    return None
