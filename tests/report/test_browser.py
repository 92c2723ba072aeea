"""The report as a browser shows and prints it.

Without a Chromium these tests are skipped, and where the variable CI is set they fail: there they
must have run.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptodrug_scraper.language import CODES, language
from cryptodrug_scraper.report import ReportOptions, open_study, write_report
from cryptodrug_scraper.report.pdf import print_pdf
from tests.report.browser import Browser, installed, running

PRINTED = 665  # pixels of text on A4: 210 mm less 17 mm on both sides, at 96 a inch
NARROW = 390  # a telephone

_TOO_WIDE = """
    [...document.querySelectorAll('body *')]
        .filter(e => !e.closest('svg') || e.tagName === 'svg')
        .filter(e => !e.classList.contains('skip'))
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.tagName + ' ' + e.className + ' ' + e.textContent.slice(0, 60))
"""
_CUT_OFF = """
    [...document.querySelectorAll('figcaption, caption span, .note, p, li')]
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.textContent.slice(0, 60))
"""
_DRAWN = """
    Math.min(...[...document.querySelectorAll('figure svg')]
        .filter(e => e.viewBox.baseVal.width > 480).map(e => e.getBoundingClientRect().width))
"""
_SCROLLS = """
    [...document.querySelectorAll('.table')]
        .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.id)
"""
_CONTRASTS = """
    (() => {
        const light = c => {
            const p = c.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255)
                .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2];
        };
        const behind = e => {
            for (; e; e = e.parentElement) {
                const c = getComputedStyle(e).backgroundColor;
                if (c !== 'rgba(0, 0, 0, 0)') return c;
            }
            return 'rgb(255, 255, 255)';
        };
        return [...document.querySelectorAll('p, li, td, th, dt, dd, a, h1, h2, h3, caption, abbr')]
            .filter(e => e.textContent.trim() && !e.closest('svg')).map(e => {
                const a = light(getComputedStyle(e).color), b = light(behind(e));
                return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.textContent.trim()];
            }).filter(([ratio]) => ratio < 4.5);
    })()
"""


@pytest.fixture(scope="module")
def chromium() -> str:
    return installed()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as opened:
        yield opened


@pytest.fixture
def reports(study_url: str, tmp_path: Path) -> dict[str, Path]:
    """Reports on the bundled study, one in each language."""
    files = {}
    for code in CODES:
        files[code] = tmp_path / f"report-{code}.html"
        with open_study(study_url) as study:
            write_report(
                study, ReportOptions("BE", code, threshold=1, name_vendors=True), files[code]
            )
    return files


@pytest.mark.slow
def test_the_report_in_a_browser(reports: dict[str, Path], browser: Browser) -> None:
    for code, file in reports.items():
        for wide in (1280, PRINTED, NARROW):
            browser.show(file.as_uri(), wide)
            assert browser.asked_for() == [file.as_uri()]
            assert browser.said() == []
            assert browser.value("document.documentElement.scrollWidth <= innerWidth"), (code, wide)
            if wide == 1280:  # where it is narrow, wide tables are scrolled on their own
                assert browser.value(_TOO_WIDE) == [], code
                assert browser.value(_SCROLLS) == [], code
            elif wide == NARROW:  # so are figures, whose letters would be too small
                assert browser.value(_CUT_OFF) == [], code
                assert browser.value(_DRAWN) > 560
        assert browser.value("document.documentElement.lang") == code
        assert browser.value("document.scripts.length") == 0
        assert browser.value(_CONTRASTS) == []
        figures = browser.value(
            "[...document.querySelectorAll('figure svg')].map(e => e.getBoundingClientRect().width)"
        )
        assert len(figures) >= 8
        assert min(figures) > 200
        # Every heading of the contents leads somewhere.
        assert browser.value(
            "[...document.querySelectorAll('a[href]')]"
            ".every(a => document.getElementById(a.getAttribute('href').slice(1)))"
        )
        words = browser.value("document.body.innerText")
        assert language(code).text("page.summary") in words
        assert not re.search(r"\{\{|\}\}|\b(?:None|nan|NaT|undefined)\b", words)


@pytest.mark.slow
def test_the_report_on_paper(reports: dict[str, Path], browser: Browser, tmp_path: Path) -> None:
    for code, file in reports.items():
        browser.show(file.as_uri(), PRINTED)
        browser.ask("Emulation.setEmulatedMedia", media="print")
        assert browser.value("document.documentElement.scrollWidth <= innerWidth"), code
        assert browser.value(_TOO_WIDE) == [], code
        browser.ask("Emulation.setEmulatedMedia", media="")
    out = tmp_path / "report.pdf"
    print_pdf(reports["nl"], out)
    printed = out.read_bytes()
    assert printed.startswith(b"%PDF-")
    parts = [printed]
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", printed, re.DOTALL):
        try:
            parts.append(zlib.decompress(found[1]))
        except zlib.error:
            continue
    whole = b"".join(parts)
    sizes = set(re.findall(rb"/MediaBox \[([^]]*)\]", whole))
    assert sizes
    for size in sizes:
        left, top, right, bottom = (float(n) for n in size.split())
        assert (round(right - left), round(bottom - top)) == (595, 842)  # A4, in points
    assert 5 < len(re.findall(rb"/Type /Page\b", whole)) < 60
