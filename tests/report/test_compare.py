"""A country beside another one: the same numbers, differences, and what must not be shown."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import Engine

from cryptodrug_scraper.report.beside import OtherNumber, differences
from cryptodrug_scraper.report.build import build
from cryptodrug_scraper.report.context import ReportOptions
from cryptodrug_scraper.report.parts import SUPPRESSED
from cryptodrug_scraper.study import Study
from tests.study.world import World, eur, offer


def fill(world: World, dutch: int) -> None:
    """Twelve Belgians who mostly sell cannabis, and some Dutch who mostly sell MDMA."""
    for place, number, kinds in (("BE", 12, ("Cannabis",) * 3), ("NL", dutch, ("MDMA",) * 3)):
        for n in range(number):
            vendor = f"{place}{n}"
            for nth, kind in enumerate((*kinds, "Cannabis" if n % 2 else "MDMA")):
                name = f"{vendor}-{nth}"
                world.seen(
                    "01-01", offer(name, vendor, price=eur(20 + n), come_from=place, kind=kind)
                )
            world.sold(vendor, f"{vendor}-0", "01-02", eur(20 + n), times=1 + n % 3)
    world.done()


def test_two_countries_and_their_differences(world: World, engine: Engine) -> None:
    fill(world, dutch=12)
    with Study(engine) as study:
        frame = study.compare(country="BE", other="NL").frame.set_index(["topic", "name"])
        row = frame.loc["substance", "cannabis"]
        assert (row["own"], row["other"]) == (pytest.approx(7 / 8), pytest.approx(1 / 8))
        assert row["difference"] == pytest.approx(6 / 8)
        assert 0 < row["difference_low"] < 6 / 8 < row["difference_high"] <= 1
        listings = frame.loc["market", "listings"]
        assert listings["own"] == listings["other"] == 0.5
        assert listings["difference_low"] < 0 < listings["difference_high"]
        for text, lang in (("95% interval", "en"), ("diff\u00e8rent", "fr"), ("verschillen", "nl")):
            report = build(study, ReportOptions("BE", lang, other="NL"))
            section = report.sections[-1]
            assert section.key == "compare" and text in section.findings[0]
            names = [table.name for table in section.tables]
            assert names[:2] == ["compare", "compare-sale"]
            assert {"compare-bands", "compare-destinations", "compare-concentration"} < set(names)
            assert any(cell.interval for _, rows in section.tables[0].shown for cell in rows[0])


def test_what_rests_on_few_vendors_of_either_is_hidden(world: World, engine: Engine) -> None:
    fill(world, dutch=3)
    with Study(engine) as study:
        section = build(study, ReportOptions("BE", other="NL")).sections[-1]
    assert section.findings == []
    for table in section.tables:
        for _, rows in table.groups:
            for row in rows:
                assert row[2].suppressed and row[3].suppressed  # theirs, and the difference
                assert not row[3].interval
    names = {table.name for table in section.tables}
    assert {"compare-bands", "compare-destinations", "compare-concentration"} < names


def test_differences_have_the_intervals_of_both() -> None:
    own = {
        "a": OtherNumber(0.5, 0.4, 0.7),
        "b": OtherNumber(3.0),
        "c": None,
        "d": OtherNumber(1.0, 1.0, 1.0),
    }
    other = {
        "a": OtherNumber(0.2, 0.1, 0.3),
        "b": OtherNumber(1.0, 0.5, 2.0),
        "c": OtherNumber(1.0),
        "e": None,
    }
    a, b, c = differences(own, other)
    assert (a["difference_low"], a["difference_high"]) == pytest.approx(
        (0.3 - np.hypot(0.1, 0.1), 0.3 + np.hypot(0.2, 0.1))
    )
    assert (b["difference"], b["difference_low"]) == (2.0, None)
    assert c["own"] is c["difference"] is SUPPRESSED and c["other"] == 1.0


def test_nothing_to_compare(engine: Engine) -> None:
    with Study(engine) as study:
        frame = study.compare(country="BE", other="NL").frame
    assert len(frame) == 0 and np.array(frame).size == 0
