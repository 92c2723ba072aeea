"""Files for systemd and launchd: that those read them, and that calendars are the same to both."""

from __future__ import annotations

import os
import plistlib
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import Result

from cryptodrug_scraper.monitor import install
from cryptodrug_scraper.monitor.on_calendar import on_calendar
from cryptodrug_scraper.monitor.schedule import WallClockTrigger
from tests.cli.running import run

UTC_ZONE = ZoneInfo("UTC")
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here"
)


def analyze(*arguments: str, runtime: Path | None = None) -> str:
    more = {} if runtime is None else {"XDG_RUNTIME_DIR": str(runtime), "HOME": str(runtime)}
    done = subprocess.run(
        ["systemd-analyze", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"SYSTEMD_COLORS": "0", "LC_ALL": "C"} | more,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, and where one works: with names that have to be quoted."""
    work = tmp_path / 'with "all" $HOME 100% \\ of it'
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("CRYPTODRUG_DATA_DIR", str(work / "data"))
    for name in install.SECRET:
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def config(when: str = "30 4 * * mon", zone: str = "Europe/Brussels", market: str = "dream") -> str:
    text = f'time_zone = "{zone}"\n[markets.{market}]\nwhen = "{when}"\ncategory = ["A $B 5%"]\n'
    Path("monitor.toml").write_text(text)
    return text


def call(*options: str) -> Result:
    return run("monitor", "install", *options)


UNITS = Path(".config/systemd/user")
SAME = (
    "30 4 * * mon", "*/7 * * * *", "5-50/9,59 */5 1-7,31 feb,jun-sep *", "0 22 * * fri-sun,tue",
    "10/20 1 29 2 *", "0 0 */10 */5 *", "15 12 31 * *", "59 23 * dec wed",
)  # fmt: skip


@needs_systemd
@pytest.mark.parametrize("words", SAME)
def test_systemd_keeps_the_same_calendar(words: str) -> None:
    """Over changes of the clock too: from shortly before one, and from today on."""
    zone = ZoneInfo("Europe/Brussels") if words.split()[1] != "*" else UTC_ZONE
    stated, trigger = on_calendar(words, zone), WallClockTrigger(words, zone)
    for start in (
        datetime(2027, 3, 26, tzinfo=UTC),
        datetime(2027, 10, 29, tzinfo=UTC),
        datetime(2028, 2, 27, 23, tzinfo=UTC),
    ):
        base = f"--base-time={start:%Y-%m-%d %H:%M:%S} UTC"
        shown = analyze("calendar", base, "--iterations=40", stated)
        times = re.findall(r"(?:elapse|\(in UTC\)|#\d+): \w{3} ([\d-]+ [\d:]+) UTC", shown)
        theirs = [datetime.fromisoformat(f"{each}+00:00") for each in times]
        ours, at = [], start
        while len(ours) < 40 and (due := trigger.after(at)) is not None:
            ours.append(at := due)
        assert theirs == ours and len(theirs) == 40


@pytest.mark.parametrize(
    ("words", "stated"),
    [
        ("30 4 * * mon", "Mon *-*-* 04:30:00 UTC"),
        ("0 */6 1,15 * *", "*-*-01,15 00,06,12,18:00:00 UTC"),
        ("5 0 * jan-mar sat,sun", "Sat,Sun *-01,02,03-* 00:05:00 UTC"),
    ],
)
def test_cron_words_in_those_of_systemd(words: str, stated: str) -> None:
    assert on_calendar(words, UTC_ZONE) == stated


@pytest.mark.parametrize(
    ("words", "zone", "why"),
    [
        ("30 2 * * sun", "Europe/Brussels", "the clocks of Europe/Brussels leave 02:30 out"),
        ("0 * * * *", "Europe/Brussels", "leave 02:00 out"),
        ("0 0 last * *", "UTC", "'last' for the day of the month cannot be written"),
        ("0 0 1 * mon", "UTC", "write two entries"),
        ("0 0 * * 1", "UTC", "by name"),
    ],
)
def test_what_systemd_would_not_keep_exactly_is_refused_by_name(
    words: str, zone: str, why: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        on_calendar(words, ZoneInfo(zone))


def test_an_hour_that_is_left_out_on_other_days_does_not_matter() -> None:
    assert on_calendar("30 2 * * mon", ZoneInfo("Europe/Brussels"))
    assert on_calendar("30 2 * * sun", ZoneInfo("Asia/Tokyo"))


@needs_systemd
@pytest.mark.parametrize("options", [(), ("--timers",)], ids=["service", "timers"])
def test_systemd_reads_the_units(home: Path, options: tuple[str, ...]) -> None:
    config()
    done = call("--systemd", "--yes", *options)
    assert done.exit_code == 0, done.output
    units = sorted((home / UNITS).iterdir())
    assert [unit.name for unit in units] == (
        ["cryptodrug-crawl-dream.service", "cryptodrug-crawl-dream.timer"]
        if options
        else ["cryptodrug-monitor.service"]
    )
    for unit in units:
        assert analyze("verify", "--user", "--man=no", str(unit), runtime=home) == ""
        assert unit.read_text() in done.output
    assert f"systemctl --user enable --now {units[-1].name}" in done.output


def test_nothing_is_written_unasked_and_no_password_ever(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config()
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:s3cr3t@127.0.0.1/x")
    monkeypatch.setenv("CRYPTODRUG_TOR_PASSWORD", "s3cr3t")
    monkeypatch.setenv("CRYPTODRUG_TOR_SOCKS", "127.0.0.1:9150")
    shown = call("--systemd", "--print")
    assert shown.exit_code == 0
    assert 'Environment="CRYPTODRUG_TOR_SOCKS=127.0.0.1:9150"' in shown.output
    refused = call("--systemd")
    assert refused.exit_code == 2 and "--yes" in refused.output
    assert not home.exists()
    done = call("--systemd", "--yes")
    assert "DATABASE_URL is not written" in done.output
    assert "s3cr3t" not in shown.output + done.output + (home / UNITS / install.SERVICE).read_text()


def test_timers_take_the_place_of_the_service_and_all_can_be_removed(home: Path) -> None:
    config()
    assert call("--remove", "--yes").exit_code == 3
    assert call("--systemd", "--yes").exit_code == 0
    folder = home / UNITS
    wants = folder / "default.target.wants"
    wants.mkdir()
    (wants / install.SERVICE).symlink_to(folder / install.SERVICE)
    done = call("--systemd", "--timers", "--yes")
    assert f"systemctl --user stop {install.SERVICE}" in done.output
    assert not (folder / install.SERVICE).exists() and list(wants.iterdir()) == []
    config(market="empire")
    call("--systemd", "--timers", "--yes")
    assert sorted(path.stem for path in folder.glob("*.*r")) == ["cryptodrug-crawl-empire"]
    (folder / "cryptodrug-own.service").write_text("[Unit]\n")
    assert call("--remove", "--yes").exit_code == 0
    assert [path.name for path in folder.glob("*.*e*r*")] == ["cryptodrug-own.service"]


def test_a_file_of_others_is_left_alone(home: Path) -> None:
    config()
    other = home / UNITS / install.SERVICE
    other.parent.mkdir(parents=True)
    other.write_text("[Unit]\n")
    done = call("--systemd", "--yes")
    assert done.exit_code == 2 and "is not ours" in done.output
    assert other.read_text() == "[Unit]\n"


def test_launchd_reads_the_agent(home: Path) -> None:
    config()
    done = call("--launchd", "--yes")
    assert done.exit_code == 0 and "launchctl bootstrap" in done.output
    (file,) = (home / "Library/LaunchAgents").iterdir()
    agent = plistlib.loads(file.read_bytes())
    assert agent["Label"] == file.stem == install.LABEL
    assert agent["ProgramArguments"][-2:] == ["--config", str(Path.cwd() / "monitor.toml")]
    assert agent["WorkingDirectory"] == str(Path.cwd())
    assert agent["EnvironmentVariables"]["CRYPTODRUG_DATA_DIR"] == str(Path.cwd() / "data")
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert "bootout" in call("--remove", "--yes").output and not file.exists()
    assert call("--launchd", "--timers", "--print").exit_code == 2


def test_what_cannot_be_kept_names_its_place(home: Path) -> None:
    config("30 2 * * *")
    done = call("--systemd", "--timers", "--yes")
    assert done.exit_code == 2
    assert "monitor.toml: markets.dream.when: '30 2 * * *': on 20" in done.output
    assert not home.exists()


def test_an_installation_is_run_where_it_was_made(home: Path) -> None:
    config()
    text = call("--systemd", "--print").output
    assert f"WorkingDirectory={str(Path.cwd()).replace('%', '%%')}\n" in text
    (command,) = re.findall(r"^ExecStart=(.*)$", text, re.M)
    assert "$$HOME 100%% \\\\ of it" in command and '\\"all\\"' in command
