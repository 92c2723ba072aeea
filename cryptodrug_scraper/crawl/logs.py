"""What a crawl writes down for whoever looks why it did something: `crawl.log` beside its queue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

_OURS = "cryptodrug_scraper"
_LEVELS = {_OURS: logging.INFO, "scrapy": logging.WARNING, "httpx2": logging.WARNING}
_BYTES = 10 << 20


def keep_log(file: Path) -> Callable[[], None]:
    """Write the program's log to a file (at most three of 10 MB); return how to end that.

    Addresses of pages are in it, cookies never. Nothing is printed any more.
    """
    handler = RotatingFileHandler(file, maxBytes=_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    before = []
    for name, level in _LEVELS.items():
        log = logging.getLogger(name)
        before.append((log, log.level, log.propagate))
        log.setLevel(level)
        log.propagate = False
        log.addHandler(handler)
    file.chmod(0o600)

    def end() -> None:
        for log, level, propagate in before:
            log.removeHandler(handler)
            log.setLevel(level)
            log.propagate = propagate
        handler.close()

    return end
