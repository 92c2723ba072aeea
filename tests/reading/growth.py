"""How the cost of reading a page grows: something repeated, put anywhere into any page.

python -m tests.reading.growth [--market NAME] [--page PART] [--piece PART] [--seconds 600]

tries every piece of the catalogue in every place of every page and prints the worst.
"""

from __future__ import annotations

import argparse
import gc
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from parsers import parse_page
from tests.reading.corpus import Sample, all_pages
from tests.reading.growth_pieces import ATTRIBUTES, PIECES, TEXTS, own_elements, repeated

MOST = 2.5
"""How many times as much a page of twice the size may cost."""

LITTLE = 0.01
"""Seconds below which nothing can be told about growth."""

_TOKEN = re.compile(rb"<!--.*?-->|<(/?)([a-zA-Z][a-zA-Z0-9]*)([^>]*)>|[^<]+|<", re.S)
_NAMED = re.compile(rb"""(class|id|name)\s*=\s*["']?([^"'>]*)""")
_VALUE = re.compile(rb"""([\w-]+)\s*=\s*(["'])(.*?)\2""", re.S)
_VOID = frozenset(b"area base br col embed hr img input link meta source track wbr".split())


@dataclass(frozen=True)
class Place:
    """A place in a page: ``at`` in its bytes, and where that is: one name for all that are alike.

    ``role`` is ``text`` (amid one), ``element`` (before or behind one), ``value`` (an
    attribute's) or ``tag`` (behind a start tag's name).
    """

    at: int
    role: str
    where: str


def places(body: bytes) -> list[Place]:
    """Return the places of a page, those of the same name once."""
    found: dict[str, Place] = {}
    path: list[tuple[bytes, str]] = []

    def add(at: int, role: str, what: str = "") -> None:
        where = f"{role} {'>'.join([name for _, name in path[-2:]])}{what}"
        found.setdefault(where, Place(at, role, where))

    for token in _TOKEN.finditer(body):
        closing, tag, rest = token[1], token[2], token[3]
        if tag is None:
            text = token[0]
            if text.strip() and not text.startswith(b"<"):
                ahead = len(text) - len(text.lstrip())
                letters = len(text.strip())
                add(token.start() + ahead + (letters + 1) // 2, "text", " amid")
                add(token.start() + ahead + letters, "text", " end")
        elif closing:
            for n in range(len(path) - 1, -1, -1):
                if path[n][0] == tag:
                    add(token.start(), "element", " end")
                    del path[n:]
                    break
            add(token.end(), "element", f" after {tag.decode()}")
        else:
            names = [name[2].decode("utf-8", "replace") for name in _NAMED.finditer(rest)]
            name = re.sub(r"\d+", "", ".".join([tag.decode(), *names]))
            add(token.start(), "element", f" before {name}")
            path.append((tag, name))
            add(token.start(3), "tag")
            for value in _VALUE.finditer(rest):
                add(token.start(3) + value.end(3), "value", f" {value[1].decode()}")
            if tag in _VOID:
                path.pop()
            else:
                add(token.end(), "element", " start")
    return list(found.values())


def pieces_for(place: Place, own: dict[str, str]) -> dict[str, str]:
    """Return what can be repeated in a place."""
    if place.role == "tag":
        return ATTRIBUTES
    if place.role == "value":
        return {n: t for n, t in TEXTS.items() if '"' not in t and "'" not in t}
    return {**TEXTS, **PIECES, **own}


def cost(sample: Sample, body: bytes) -> float:
    """Return the seconds of processor time that reading a page takes, as of its own market."""
    started = time.thread_time()
    page = parse_page(body, url=sample.url, captured_at=sample.captured_at)
    if page.market != sample.market:
        sample.parsed(body)
    return time.thread_time() - started


@dataclass(frozen=True)
class Trial:
    """One piece in one place of one page."""

    sample: Sample
    place: Place
    piece: str
    pattern: str

    def body(self, size: int, around: bytes = b"") -> bytes:
        """Return the page with ``size`` bytes more, and tags ``around`` them."""
        page, at = self.sample.body, self.place.at
        ends = around.replace(b"<", b"</")
        return page[:at] + around + repeated(self.pattern, size) + ends + page[at:]

    def cost(self, size: int, around: bytes = b"") -> float:
        """Return the seconds that the page takes with ``size`` bytes more."""
        return cost(self.sample, self.body(size, around))

    def __str__(self) -> str:
        return f"{self.sample.market}/{self.sample.name}: {self.piece!r} at {self.place.where}"


def trials(samples: list[Sample]) -> Iterator[tuple[Sample, Place, dict[str, str]]]:
    """Yield every place of the pages with what can stand there; places that are alike once.

    Alike are places of one name on pages of one kind of one market.
    """
    own: dict[str, dict[str, str]] = {}
    for sample in samples:
        own.setdefault(sample.market, {}).update(own_elements(sample.body))
    seen: set[tuple[str, str, str]] = set()
    for sample in samples:
        kind = sample.parsed().kind
        for place in places(sample.body):
            key = (sample.market, kind, place.where)
            if key not in seen:
                seen.add(key)
                yield sample, place, pieces_for(place, own[sample.market])


def growth(cost_of: Callable[[int], float], size: int, rounds: int = 3) -> float:
    """Return how many times as much twice ``size`` bytes cost: of both the least of ``rounds``."""
    small, large = [], []
    for _ in range(rounds):
        small.append(cost_of(size))
        large.append(cost_of(2 * size))
    return min(large) / min(small)


def grows_too_much(cost_of: Callable[[int], float], size: int) -> float:
    """Return 0 for a cost that is linear, else by how much it grows for twice the size.

    What looks suspicious is measured again, longer and with more: a machine that is busy
    makes single measures wrong, and what is quadratic stands out the more the larger it is.
    """
    small, large = cost_of(size), cost_of(4 * size)
    if large < LITTLE or large < 5 * small:
        return 0
    ratio = 0.0
    for times, rounds in ((2, 2), (4, 3), (8, 4), (16, 4), (32, 4)):
        ratio = growth(cost_of, times * size, rounds)
        if ratio <= MOST:
            return 0
    return ratio


def main() -> None:
    """See the module."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--market")
    arguments.add_argument("--page", default="")
    arguments.add_argument("--place", default="")
    arguments.add_argument("--piece", default="")
    arguments.add_argument("--size", type=int, default=30_000)
    arguments.add_argument("--share", type=float, default=1.0)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    samples = [s for s in all_pages() if options.page in s.name]
    if options.market:
        samples = [s for s in samples if s.market == options.market]
    dice = random.Random(options.seed)
    todo = [
        Trial(sample, place, piece, pattern)
        for sample, place, pieces in trials(samples)
        if options.place in place.where
        for piece, pattern in pieces.items()
        if options.piece in piece and (options.share == 1 or dice.random() < options.share)
    ]
    dice.shuffle(todo)
    print(f"{len(todo)} trials", flush=True)
    gc.disable()
    size = options.size
    started = time.monotonic()
    for number, trial in enumerate(todo):
        if number % 200 == 0:
            gc.collect()
        if number % 2000 == 1999:
            print(f"-- {number + 1} after {time.monotonic() - started:.0f} s", flush=True)
        small, large = trial.cost(size), trial.cost(4 * size)
        if large > max(0.05, 5 * small) or large > 0.5:
            ratio = growth(trial.cost, 4 * size, 2)
            if ratio > MOST or large > 0.5:
                print(f"{ratio:.2f} {1000 * large:7.0f} ms {trial}", flush=True)


if __name__ == "__main__":
    main()
