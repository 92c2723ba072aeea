"""What is hidden does not depend on what sentences say: with random words the same is hidden."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from cryptodrug_scraper.language import CODES, language
from cryptodrug_scraper.report import ReportOptions, figures, open_study
from cryptodrug_scraper.report.build import build
from cryptodrug_scraper.report.page import Report, render
from tests.report.test_leaks import THRESHOLD, offers
from tests.report.test_page import read
from tests.study.world import World, eur, offer, profile

_FIXED = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})")
_NUMBER = re.compile(r"\d[\d.,\u202f\u00a0]*")
SECRET = ("43217", "43,217", "43.217", "43\u202f217", "777", "31")


def reworded(text: str, chance: random.Random) -> str:
    """Put random letters in the place of each letter outside the expressions of a template."""
    parts = _FIXED.split(text)
    for n in range(0, len(parts), 2):
        parts[n] = re.sub(r"[^\W\d_]", lambda _: chance.choice(string.ascii_letters), parts[n])
    return "".join(parts)


def all_reworded(texts: Any, chance: random.Random) -> Any:
    if isinstance(texts, dict):
        return {key: all_reworded(value, chance) for key, value in texts.items()}
    if isinstance(texts, list):
        return [all_reworded(value, chance) for value in texts]
    return reworded(texts, chance)


def pieces(report: Report) -> Iterator[tuple[str, str]]:
    """All that a report writes, piece by piece, each with the name of its place."""
    for key, _, text in report.summary:
        yield f"summary {key}", text
    for text in (*report.warnings, *report.notices, *report.about):
        yield "about", text
    for section in report.sections:
        for text in (*section.findings, *section.caveats):
            yield section.key, text
        for drawing in section.drawings:
            yield drawing.name, drawing.caption
        for method in section.methods:
            for text in (method.definition, *method.assumptions, method.uncertainty):
                yield f"method {section.key}", text
            for reason, count in method.left_out:
                yield f"left out {section.key}", f"{reason}: {count}"
        for table in section.tables:
            yield table.name, table.caption
            for text in table.notes:
                yield table.name, text
            for heading, rows in table.groups:
                for row in rows:
                    for column, cell in zip(table.columns, row, strict=True):
                        place = f"{table.name} {column.key}"
                        yield (
                            place,
                            "hidden"
                            if cell.suppressed
                            else f"{heading} {cell.words} {cell.interval}",
                        )


def numbers(report: Report) -> list[tuple[str, list[str]]]:
    """The numbers of each piece, and where something is hidden."""
    return [
        (place, ["hidden"] if text == "hidden" else _NUMBER.findall(text))
        for place, text in pieces(report)
    ]


def hidden(report: Report) -> list[tuple[str, bool]]:
    """Each piece's place, and whether it is hidden."""
    return [(place, text == "hidden") for place, text in pieces(report)]


@pytest.fixture
def mixed(world: World) -> World:
    """Nine vendors from Belgium, of whom few do most of what measures speak of apart."""
    for n, vendor in enumerate("abcdefghi"):
        offers(world, vendor, kinds="Cannabis Ecstasy", to="FR" if vendor < "d" else "NL")
        offers(world, vendor, market="empire", on="06-10")
        made = profile(vendor, fingerprint=f"{n:040X}", sales=43217 if vendor == "a" else None)
        world.page("03-11", kind="vendor", vendors=(made,))
        if vendor < "d":
            world.page("06-11", market="empire", kind="vendor", vendors=(made,))
        world.sold(vendor, f"dream{vendor}CannabisBE", "03-12", eur(20), times=2)
    offers(world, "xyzuvw", come_from="NL", kinds="Cannabis")
    world.seen("03-10", offer("bare", "a", come_from="BE"))
    world.sold("a", "bare", "03-12", times=31)
    world.sold("b", "dreambCannabisBE", "03-12", eur(777))
    world.seen("06-10", offer("dreamcCannabisBE", "c", price=eur(20), come_from="NL"))
    world.sold("c", None, None, eur(5), times=31)
    world.done()
    return world


def test_with_random_words_the_same_is_hidden(
    mixed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_study(mixed.url) as study:
        open_to_all = build(study, ReportOptions("BE", threshold=1))
        every = " ".join(text for _, text in pieces(open_to_all))
        assert all(re.search(rf"\b{secret}\b", every) for secret in ("43,217", "777", "31"))
        plain = build(study, ReportOptions("BE", threshold=THRESHOLD))
        for seed, code in enumerate(CODES):
            texts = all_reworded(language(code).texts, random.Random(seed))
            with monkeypatch.context() as words:
                words.setattr(language(code), "texts", texts)
                other = build(study, ReportOptions("BE", code, threshold=THRESHOLD))
                shown = read(render(other, language(code))).words
            if code == "en":
                assert numbers(other) == numbers(plain)
            assert hidden(other) == hidden(plain)
            assert [text for _, text in pieces(other)] != [text for _, text in pieces(plain)]
            for text in (shown, *(text for _, text in pieces(plain))):
                found = _NUMBER.findall(text)
                assert not [n for n in found if n.strip(".,\u202f\u00a0") in SECRET], text
        assert sum(mark for _, mark in hidden(plain)) > 20


def test_intervals_are_hidden_with_their_numbers(
    mixed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In tables and figures, and where from an interval would follow of how many it is."""
    drawn: list[figures.Series] = []

    def record(draw: Any, *given: Any, **options: Any) -> str:
        drawn.extend(given[2])
        return str(draw(*given, **options))

    for name in ("lines", "bars"):
        monkeypatch.setattr(figures, name, partial(record, getattr(figures, name)))
    with open_study(mixed.url) as study:
        report = build(study, ReportOptions("BE", threshold=THRESHOLD))
    cells = [
        dict(zip((f"{table.name} {column.key}" for column in table.columns), row, strict=True))
        for section in report.sections
        for table in section.tables
        for _, rows in table.groups
        for row in rows
    ]
    every = [cell for row in cells for cell in row.values()]
    assert sum(bool(cell.interval) for cell in every) > 20
    assert not [cell for cell in every if cell.suppressed and cell.interval]
    few = [row for row in cells if "coverage known" in row and row["coverage known"].suppressed]
    assert few and not [row for row in few if row["coverage coverage"].interval]
    few = [row for row in cells if "size listings" in row and row["size listings"].suppressed]
    assert few and not [row for row in few if row["size coverage"].interval]
    marked = [(one, n) for one in drawn for n, mark in enumerate(one.hidden or ()) if mark]
    assert marked
    for one, n in marked:
        assert [ends[n] for ends in (one.values, one.low, one.high) if ends] in ([None], [None] * 3)
