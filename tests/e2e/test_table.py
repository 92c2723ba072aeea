"""The tables say what was measured, and one aim missed is a run that failed."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tests.e2e.table import Aim, Struck, missed, report

REACHED = Aim("fields equal", "100 %", "100.00 % of 93,142", True)
MISSED = Aim("time", "under 60 min", "61 min", False)
UNKNOWN = Aim("memory", "under 300 MB", "–", None)
FAULTS = [
    Struck("cut_off", "the connection ends within the body", 1_204, {"retry/cut_off": 1_204}),
    Struck("[bold]x[/bold]", "never", 0),
]


def printed(aims: list[Aim], faults: list[Struck] | None = None) -> tuple[int, str]:
    file = io.StringIO()
    code = report(aims, faults or [], console=Console(file=file))
    return code, file.getvalue()


def test_all_reached() -> None:
    code, text = printed([REACHED], FAULTS)
    assert code == 0
    for words in ("fields equal", "100.00 % of 93,142", "yes", "All 1 aims reached."):
        assert words in text
    for words in ("cut_off", "1,204", "retry/cut_off 1,204", "[bold]x[/bold]", "–"):
        assert words in text


@pytest.mark.parametrize("aim", [MISSED, UNKNOWN], ids=["missed", "not measured"])
def test_one_missed_or_not_measured(aim: Aim) -> None:
    code, text = printed([REACHED, aim])
    assert code == 1
    assert f"1 of 2 aims missed: {aim.what}" in text
    assert ("NO" if aim.ok is False else "not measured") in text
    assert missed([REACHED, aim]) == [aim]


def test_no_aim_is_no_success() -> None:
    with pytest.raises(ValueError, match="no aim"):
        report([])


def test_lines_of_a_log_are_not_cut() -> None:
    long = Aim("a " * 40, "b " * 20, "c " * 60, True)
    _, text = printed([long])
    assert "…" not in text
    assert (text.count("a "), text.count("c ")) >= (40, 60)
