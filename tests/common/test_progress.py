"""What a command shows of how it goes on."""

from __future__ import annotations

import pytest

from cryptodrug_scraper.common.progress import Pace, Progress, ProgressView, duration


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_pace() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.left is None
    clock.now += 10
    read = Progress("Reading", 50, "pages", 0.25)
    pace.update(read)
    assert (pace.rate, pace.left) == (5, 30)
    assert pace.words(read) == "50 pages, 5 pages/s, 30 s left"
    clock.now += 100
    pace.update(Progress("Reading", 1_050, "pages"))
    clock.now += 10
    pace.update(Progress("Reading", 2_050, "pages"))
    assert 90 < pace.rate <= 110  # of the last seconds
    assert pace.left is None


def test_a_line_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with ProgressView("replay", clock=clock) as view:
        for n in range(1, 31):
            clock.now += 1
            view(Progress("Reading", 2 * n, "pages", 0.03 * n))
        clock.now += 11
        view(Progress("Section 5"))
        view(Progress("Section 6"))
    assert capsys.readouterr().err.splitlines() == [
        "replay: reading, 30%, 20 pages, 2 pages/s, 21 s left",
        "replay: reading, 60%, 40 pages, 2 pages/s, 13 s left",
        "replay: reading, 90%, 60 pages, 2 pages/s, 3 s left",
        "replay: section 5",
    ]


def test_every_step_or_none(capsys: pytest.CaptureFixture[str]) -> None:
    for view in (ProgressView("tor", every=0), ProgressView("tor", every=0, quiet=True)):
        with view:
            view(Progress("Connecting (a\x1b[2J)", share=0.5))
            view(Progress("Connecting", share=1.0))
    assert capsys.readouterr().err == ("tor: connecting (a\\x1b[2J), 50%\ntor: connecting, 100%\n")


@pytest.mark.parametrize(
    ("seconds", "words"), [(5.2, "5 s"), (130, "2 min 10 s"), (7_500, "2 h 5 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
