"""Parsing against building a tree: by lexbor, and by BeautifulSoup over lxml."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

from parsers import parse_page
from tests.bench.pages import START

ROUNDS = 7


@dataclass
class Parsing:
    """Best seconds for all pages of a market."""

    pages: int = 0
    parse: float = 0.0
    lexbor: float = 0.0
    soup: float = 0.0


def measure_parsing(pages: list[tuple[str, bytes]]) -> dict[str, Parsing]:
    """Return the seconds that parsing and tree building take, by market and for all."""
    results: dict[str, Parsing] = {"all": Parsing()}
    for market, body in pages:
        text = body.decode("utf-8", "replace")
        parse = _best(lambda b=body, m=market: parse_page(b, market=m, captured_at=START))  # type: ignore[misc]
        lexbor = _best(lambda t=text: LexborHTMLParser(t))  # type: ignore[misc]
        soup = _best(lambda t=text: BeautifulSoup(t, "lxml"), rounds=3)  # type: ignore[misc]
        for name in (market, "all"):
            total = results.setdefault(name, Parsing())
            total.pages += 1
            total.parse += parse
            total.lexbor += lexbor
            total.soup += soup
    return dict(sorted(results.items(), key=lambda item: item[0] == "all"))


def _best(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
    return best
