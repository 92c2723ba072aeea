"""Parsing against building a tree: by lexbor, and by BeautifulSoup over lxml.

Each measure goes through all pages one after the other, as a replay does, several rounds;
the best round counts. (The same page over and over would find everything in the cache.)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

from cryptodrug_scraper.replay.memory import keep_freed_memory
from parsers import parse_page
from tests.bench.pages import START

ROUNDS = 25
SOUP_ROUNDS = 5


@dataclass
class Parsing:
    """Best seconds for all pages of a market."""

    pages: int
    parse: float
    lexbor: float
    soup: float


def measure_parsing(pages: list[tuple[str, bytes]]) -> dict[str, Parsing]:
    """Return the seconds that parsing and tree building take, by market and for all."""
    keep_freed_memory()  # as a replay does; it speeds up all three
    markets = sorted({market for market, _ in pages})
    return {
        name: _measure([p for p in pages if name in ("all", p[0])]) for name in [*markets, "all"]
    }


def _measure(pages: list[tuple[str, bytes]]) -> Parsing:
    texts = [body.decode("utf-8", "replace") for _, body in pages]

    def parse() -> None:
        for market, body in pages:
            parse_page(body, market=market, captured_at=START)

    def lexbor() -> None:
        for text in texts:
            LexborHTMLParser(text)

    def soup() -> None:
        for text in texts:
            BeautifulSoup(text, "lxml")

    parse()
    return Parsing(len(pages), _best(parse), _best(lexbor), _best(soup, SOUP_ROUNDS))


def _best(call: Callable[[], None], rounds: int = ROUNDS) -> float:
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
    return best
