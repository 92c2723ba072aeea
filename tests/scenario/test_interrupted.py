"""Writing a scenario's crawls that is interrupted: what is there is whole, and is gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from cryptodrug_scraper.archive import ArchiveReader, Page
from cryptodrug_scraper.common.locks import try_lock
from simulator.command import BadCall, write_scenario
from simulator.scenario.crawls import CrawlCalendar, PlannedCrawl, count_complete, write_crawls
from simulator.scenario.folder import PART, PLAN, NotThisPlan
from simulator.scenario.parameters import read_scenario
from tests.cli.running import PROGRAM
from tests.conftest import ROOT

FULL = read_scenario("cryptodrug")
SMALL = CrawlCalendar(FULL.scaled(0.005, 20), 3)
LONG = 60
"""Seconds in which anything happens, on a machine that is busy; it takes one or two."""
LESS = ["--market", "wall_street", "--missing", "0.9"]

ended = pytest.mark.parametrize(
    ("send", "sign"),
    [(os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM)],
    ids=["Ctrl-C", "TERM to the parent"],
)


def pages(folder: Path) -> list[tuple[str, str, str, bytes]]:
    """All that a replay would read, without a trouble: nothing is cut short."""
    found = []
    for item in ArchiveReader([folder]):
        assert isinstance(item, Page), item
        assert item.crawl is not None
        found.append((item.crawl.run, str(item.url), str(item.captured_at), item.body))
    return sorted(found)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def writing(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The command at work in a group of processes of its own, none of which is left behind."""
    process = subprocess.Popen(
        [*PROGRAM, "simulate", "--scenario", "cryptodrug", "--write", str(folder), *LESS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for one in of_group(process.pid):
            one.kill()
        process.communicate()


def of_group(group: int) -> list[psutil.Process]:
    found = []
    for one in psutil.process_iter():
        try:
            if os.getpgid(one.pid) == group and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
        except (OSError, psutil.Error):
            pass
    return found


def workers_write(folder: Path) -> bool:
    return len(list((folder / PART).glob("*/*.warc.gz"))) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
@ended
def test_it_ends_soon_and_says_how_to_go_on(
    tmp_path: Path, send: Callable[[int, int], None], sign: signal.Signals
) -> None:
    folder = tmp_path / "crawls"
    with writing(folder) as process:
        until(lambda: list(folder.glob("*/*.warc.gz")) and workers_write(folder))
        send(process.pid, sign)
        _, errors = process.communicate(timeout=LONG)
        assert process.returncode == 130
        until(lambda: not of_group(process.pid))
    plan = CrawlCalendar(FULL, 1, 0.9)
    done, total = count_complete(plan, folder, ["wall_street"])
    assert 0 < done < total == 27
    assert errors == (
        f"Interrupted: {done} of {total} crawls are in {folder}, whole. "
        "The same command goes on from there.\n"
    )
    assert sorted(p.name for p in folder.iterdir()) == [PLAN, "wall_street"]
    assert len(list((folder / "wall_street").iterdir())) == done
    assert len({run for run, *_ in pages(folder)}) == done


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
@ended
@pytest.mark.parametrize("processes", [3, 4])  # with the tracker of resources
def test_interrupted_while_the_workers_still_start(
    tmp_path: Path, send: Callable[[int, int], None], sign: signal.Signals, processes: int
) -> None:
    folder = tmp_path / "crawls"
    with writing(folder) as process:
        until(lambda: len(of_group(process.pid)) >= processes)
        send(process.pid, sign)
        _, errors = process.communicate(timeout=LONG)
        assert process.returncode == 130
    assert errors == "Interrupted: no crawl was whole. The same command goes on from there.\n"
    assert [p.name for p in folder.iterdir()] == [PLAN]


@pytest.mark.slow
def test_killed_it_leaves_nothing_that_is_read_and_nobody_who_writes(tmp_path: Path) -> None:
    folder = tmp_path / "crawls"
    with writing(folder) as process:
        until(lambda: list(folder.glob("*/*.warc.gz")) and workers_write(folder))
        process.kill()
        until(lambda: not of_group(process.pid))
    there = {path.name: path.stat().st_ino for path in (folder / "wall_street").iterdir()}
    assert (folder / PART).is_dir()
    assert len({run for run, *_ in pages(folder)}) == len(there) > 0
    with writing(folder) as process:  # again, to the end
        said, errors = process.communicate(timeout=3 * LONG)
    assert (process.returncode, errors) == (0, "")
    assert said.startswith(f"{len(there)} of 27 crawls are in {folder} already\n")
    assert "27 of 27 crawls" in said
    now = {path.name: path.stat().st_ino for path in (folder / "wall_street").iterdir()}
    assert now.items() >= there.items()
    assert len(now) == len({run for run, *_ in pages(folder)}) == 27
    assert not (folder / PART).exists()


def test_what_is_gone_on_with_is_as_if_it_had_been_written_at_once(tmp_path: Path) -> None:
    def interrupt(crawl: PlannedCrawl, total: int) -> None:
        told.append(total)
        if len(told) == 3:
            raise KeyboardInterrupt

    told: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        write_crawls(SMALL, tmp_path / "one", on_crawl=interrupt)
    assert count_complete(SMALL, tmp_path / "one") == (3, told[0])
    rest = write_crawls(SMALL, tmp_path / "one")
    assert len(rest) == told[0] - 3
    assert write_crawls(SMALL, tmp_path / "one") == []
    write_crawls(SMALL, tmp_path / "two")
    assert pages(tmp_path / "one") == pages(tmp_path / "two")


def test_markets_can_be_added_to_a_folder(tmp_path: Path) -> None:
    one, *others = SMALL.parameters.markets
    first = write_crawls(SMALL, tmp_path, markets=[one])
    rest = write_crawls(SMALL, tmp_path)
    assert {crawl.market for crawl in first} == {one}
    assert {crawl.market for crawl in rest} == set(others)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / PLAN).write_text(CrawlCalendar(SMALL.parameters, SMALL.seed, 0.2).as_text())
    with pytest.raises(NotThisPlan, match="another scenario, seed or share"):
        write_crawls(SMALL, tmp_path)
    with pytest.raises(BadCall, match="remove this one"):
        write_scenario("cryptodrug", folder=tmp_path)
    (tmp_path / PLAN).rename(tmp_path / "notes.txt")
    with pytest.raises(NotThisPlan, match="not empty"):
        write_crawls(SMALL, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_two_do_not_write_into_one_folder(tmp_path: Path) -> None:
    (tmp_path / PLAN).write_text(SMALL.as_text())
    with (tmp_path / PLAN).open() as other:
        assert try_lock(other.fileno())
        with pytest.raises(NotThisPlan, match="another process"):
            write_crawls(SMALL, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [PLAN]


def test_a_plan_is_told_alike_in_every_process() -> None:
    script = (
        "from simulator.scenario.crawls import CrawlCalendar\n"
        "from simulator.scenario.parameters import read_scenario\n"
        "print(CrawlCalendar(read_scenario('cryptodrug'), 1).as_text(), end='')"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            check=True,
        ).stdout
        for seed in range(3)
    }
    assert told == {CrawlCalendar(FULL, 1).as_text()}
    assert CrawlCalendar(FULL, 1, 0.2).as_text() not in told
