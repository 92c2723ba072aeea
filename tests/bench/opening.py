"""How long a page's bytes take from a large WARC, from its start, its middle and its end."""

from __future__ import annotations

import hashlib
import itertools
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptodrug_scraper.archive import open_page
from tests.archive.warc_writer import WarcWriter
from tests.bench.pages import START, copies

_EACH = 25  # pages opened: the last ones and some at random


@dataclass(frozen=True)
class Opening:
    """Milliseconds a page took, and how large the archive is that it was opened from."""

    size: int
    median: float
    slowest: float
    after_move: float


def measure_opening(folder: Path, size: int) -> Opening:
    """Write a WARC of about ``size`` bytes, open pages of it, move it, and open them again."""
    path = folder / "large.warc.gz"
    held: list[tuple[int, bytes]] = []
    with WarcWriter(path) as warc:
        for n, body in enumerate(_bodies()):
            offset = warc.write_response(f"http://bench.onion/{n}", START, 200, {}, body)
            held.append((offset, hashlib.sha256(body).digest()))
            if offset >= size:
                break
    rng = random.Random(1)
    chosen = [held[0], *rng.sample(held, min(len(held), _EACH)), *held[-3:]]
    before = [_open(path, at, digest) for at, digest in chosen]
    moved = path.rename(folder / "moved.warc.gz")
    after = [_open(moved, at, digest) for at, digest in chosen]
    times = before + after
    result = Opening(
        moved.stat().st_size, statistics.median(times), max(times), statistics.median(after)
    )
    moved.unlink()
    return result


def _bodies() -> Iterator[bytes]:
    """Yield pages that do not repeat and pack as badly as pages do at worst."""
    rng = random.Random(0)
    some = [body for _, body, _ in copies(64)]
    for body in itertools.cycle(some):
        yield body + b"<!-- %s -->" % rng.randbytes(30_000).hex().encode()


def _open(path: Path, at: int, digest: bytes) -> float:
    started = time.perf_counter()
    open_page(f"{path}#{at}", sha256=digest)
    return 1000 * (time.perf_counter() - started)
