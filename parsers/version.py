"""Which parsers these are: a page read by others is read anew when it is met again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import cryptodrug_scraper
import parsers

_PARTS = ("normalise", "reading", "records")


@cache
def parser_version() -> str:
    """Return the program's version and a digest of all source that reads pages."""
    application = Path(cryptodrug_scraper.__file__).parent
    files = [*Path(parsers.__file__).parent.rglob("*.py")]
    for part in _PARTS:
        path = application / part
        files += [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    digest = hashlib.sha256()
    for path in sorted(files):
        if "__pycache__" not in path.parts:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{cryptodrug_scraper.__version__}+{digest.hexdigest()[:12]}"
