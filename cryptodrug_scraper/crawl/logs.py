"""What a crawl writes down for whoever looks why it did something: `crawl.log` beside its queue."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

from cryptodrug_scraper.common.private import tighten

_OURS = "cryptodrug_scraper"
_WATCHED = (_OURS, "scrapy", "urllib3")
_BYTES = 10 << 20
_KEPT = 2


class _Log(RotatingFileHandler):
    """Only its owner can read it, and a disk that is full is no reason to fill the terminal."""

    def __init__(self, file: Path) -> None:
        for number in range(_KEPT + 1):
            tighten(Path(f"{file}.{number}") if number else file)
        _touch(str(file))
        super().__init__(file, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8")
        self.rotator = _rotate

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (logging's name)
        """Let a line go that cannot be written: the crawl itself says what the disk does."""


def _touch(file: str) -> None:
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def _rotate(source: str, target: str) -> None:
    Path(source).replace(target)
    _touch(source)


def _worth_keeping(record: logging.LogRecord) -> bool:
    return record.levelno >= (logging.INFO if record.name.startswith(_OURS) else logging.WARNING)


def keep_log(file: Path) -> Callable[[], None]:
    """Write the program's log to a file (at most three of 10 MB); return how to end that.

    Addresses of pages are in it, cookies never. What else is done with the log stays as it was.
    """
    handler = _Log(file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(_worth_keeping)
    ours = logging.getLogger(_OURS)
    level = ours.level
    if not ours.isEnabledFor(logging.INFO):
        ours.setLevel(logging.INFO)
    for name in _WATCHED:
        logging.getLogger(name).addHandler(handler)

    def end() -> None:
        for name in _WATCHED:
            logging.getLogger(name).removeHandler(handler)
        ours.setLevel(level)
        handler.close()

    return end
