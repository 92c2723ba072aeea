"""The dead man's switch: what counts as alive, and that nothing unreadable does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.cli.errors import Code
from cryptodrug_scraper.monitor.heartbeat import FILE, beat, judge
from tests.cli.running import shell

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def judged(folder: Path, hours: float = 0) -> tuple[Code, str]:
    return judge(folder, 2 * HOUR, NOW + hours * HOUR)


def test_alive_says_when_and_what_is_next(tmp_path: Path) -> None:
    jobs = {"crawl/b": NOW + 9 * HOUR, "crawl/a": NOW + HOUR, "bulletin/be": None}
    beat(tmp_path / "new", jobs=jobs, now=NOW.astimezone(timezone(5 * HOUR)))
    words = "Alive: last beat 2026-03-02 12:00Z, next job crawl/a, 2026-03-02 13:00Z."
    assert judged(tmp_path / "new", 1.5) == (Code.COMPLETE, words)
    beat(tmp_path, jobs={"bulletin/be": None}, now=NOW)
    assert judged(tmp_path)[1].endswith("no job planned.")


def test_silence_and_what_is_overdue(tmp_path: Path) -> None:
    beat(tmp_path, jobs={"crawl/a": NOW - 3 * HOUR, "crawl/b": NOW - HOUR}, now=NOW)
    code, words = judged(tmp_path)
    assert code is Code.PARTLY_FAILED
    assert words == (
        "Overdue: crawl/a, due 2026-03-02 09:00Z, 3 hours ago; last beat 2026-03-02 12:00Z."
    )
    assert judged(tmp_path, 2.5) == (
        Code.PARTLY_FAILED,
        "Silent for 2 hours: last beat 2026-03-02 12:00Z.",
    )
    assert "Silent for 3 days" in judged(tmp_path, 80)[1]


def test_a_beat_from_the_future_is_none_unless_clocks_differ_a_little(tmp_path: Path) -> None:
    beat(tmp_path, jobs={}, now=NOW)
    assert judged(tmp_path, -0.05)[0] is Code.COMPLETE
    code, words = judged(tmp_path, -1)
    assert code is Code.PARTLY_FAILED and "in the future" in words


def test_nothing_there(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "no"):
        code, words = judged(folder)
        assert code is Code.PARTLY_FAILED and "there is no" in words
    (tmp_path / FILE).mkdir()
    assert judged(tmp_path)[0] is Code.PARTLY_FAILED


DAMAGED = [
    *(b"", b"{", b"null", b"[]", b"{}", b'"x"', b"\xff\xfe", b"[" * 99_999),
    b'{"beat": "2026-03-02T12:00:00", "jobs": {}}',
    b'{"beat": "2026-03-02T12:00:00Z"}',
    b'{"beat": "2026-03-02T12:00:00Z", "jobs": []}',
    b'{"beat": "2026-03-02T12:00:00Z", "jobs": {"a": 7}}',
    b'{"beat": "0001-01-01T00:00:00+10:00", "jobs": {}}',
    b'{"beat": 1772452800, "jobs": {}}',
]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_what_is_damaged_is_no_sign_of_life(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    code, words = judged(tmp_path)
    assert code is Code.PARTLY_FAILED and words.endswith("is damaged.")


@given(cut=st.integers(0, 200), instead=st.binary(max_size=3))
def test_any_damage_is_judged_without_an_error(
    tmp_path_factory: pytest.TempPathFactory, cut: int, instead: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp()
    beat(folder, jobs={"crawl/a": NOW + HOUR, "crawl/b": None}, now=NOW)
    content = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(content[:cut] + instead + content[cut + 1 :])
    code, words = judged(folder)
    assert code in (Code.COMPLETE, Code.PARTLY_FAILED) and words


def test_the_command(tmp_path: Path) -> None:
    def ask(*options: str | Path) -> tuple[int, str]:
        done = shell("monitor", "heartbeat", *options, CRYPTODRUG_DATA_DIR=str(tmp_path))
        return done.returncode, (done.stdout + done.stderr).decode()

    assert ask()[0] == 1
    now = datetime.now(UTC)
    beat(tmp_path / "monitor", jobs={"crawl/a": now + HOUR}, now=now - 3 * HOUR)
    assert ask() == (1, f"Silent for 3 hours: last beat {now - 3 * HOUR:%Y-%m-%d %H:%M}Z.\n")
    code, words = ask("--patience", "4h", "--folder", tmp_path / "monitor")
    assert code == 0 and words.startswith("Alive: last beat ")
    config = tmp_path / "monitor.toml"
    config.write_text('[markets.dream]\nwhen = "0 4 * * *"\n[files]\npatience = "5h"\n')
    assert ask("--config", config)[0] == 0
    code, words = ask("--patience", "soon")
    assert code == 2 and "--patience" in words
