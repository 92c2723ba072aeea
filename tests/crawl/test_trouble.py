"""What goes wrong around a crawl is said in a sentence, and the same command goes on after it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.database.connection import client_url, open_engine
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.replay import replay
from tests.crawl.crawling import Ended, Place, place
from tests.crawl.onions import onion
from tests.crawl.responses import responses
from tests.crawl.test_crawl import compared, scrapy
from tests.e2e.rows import same_rows

SMALL = {"listings": 20, "vendors": 2, "reviews": 40}


def limited(here: Place, kib: int, *options: str) -> subprocess.CompletedProcess[str]:
    """Crawl where no file may grow beyond a size, which fails as a full disk does."""
    command = here.command(None, "--category", "all", *options)
    return subprocess.run(
        ["bash", "-c", f'ulimit -f {kib}; exec "$@"', "bash", *command],
        capture_output=True,
        text=True,
        env=here.environment,
        timeout=300,
        check=False,
    )


def test_a_disk_that_fills_is_one_sentence_and_the_crawl_goes_on_later(tmp_path: Path) -> None:
    with place(tmp_path, "dream", **SMALL) as here:
        # The queue cannot be made; the queue or the archive cannot grow.
        for kib in (8, 90):
            done = limited(here, kib, "--quiet")
            said = done.stdout + done.stderr
            assert done.returncode == 1, said
            assert "Traceback" not in said and len(said.splitlines()) < 8, said
            assert "cannot be written" in said and str(tmp_path) in said
            assert "run the same command again" in said
        before = responses(here.warcs())
        ended = here.crawl(None, "--category", "all", within=300)
        assert ended.code == 0, ended.said + ended.errors
        assert not before - responses(here.warcs())
        assert ended.summary["requests"]["waiting"] == 0


def test_rubbish_in_the_queue_is_named_and_left(tmp_path: Path) -> None:
    with place(tmp_path, "dream", **SMALL) as here:
        assert here.crawl(None, "--pages", "5", within=300).code == 0
        (queue,) = (tmp_path / "crawls").rglob("frontier.sqlite")
        queue.write_bytes(b"not a queue" * 999)
        warcs = here.warcs()
        ended = here.crawl(None, within=300)
        assert ended.code == 2 and len(ended.errors.splitlines()) == 1, ended.errors
        assert str(queue) in ended.errors and "--new" in ended.errors
        assert queue.read_bytes() == b"not a queue" * 999 and here.warcs() == warcs
        queue.unlink()
        assert f"{queue} is gone" in here.crawl(None, within=300).errors
        assert here.crawl(None, "--new", "--pages", "5", within=300).code == 0


def test_the_embedded_server_is_started_again(tmp_path: Path, another_migrated_url: str) -> None:
    server = EmbeddedServer(tmp_path)
    try:
        url = server.ensure_running()
        open_engine(url, upgrade=True).dispose()
        with place(tmp_path, "dream", listings=40, vendors=4, reviews=60) as here:
            ended = _with_the_server_killed(here, server, url)
            assert ended.code == 0, ended.said + ended.errors
            assert "was started again" in ended.errors
            assert server.is_running()
            assert compared(here, server.url()).complete
        replay([here.captured], client_url(another_migrated_url))
        assert same_rows(client_url(server.url()), client_url(another_migrated_url)) == []
    finally:
        server.stop()


def _with_the_server_killed(here: Place, server: EmbeddedServer, url: str) -> Ended:
    process = here.start(url, "--category", "all", "--delay", "0.1")
    deadline = time.monotonic() + 240
    while not here.warcs() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(1)
    os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    return here.ended(process, within=300)


def test_a_quiet_crawl_names_what_was_given_up(tmp_path: Path) -> None:
    with place(tmp_path, "dream", faults=("server_error=1",), **SMALL) as here:
        ended = here.crawl(None, "--retries", "1", "--quiet", within=300)
    assert (ended.code, ended.said) == (1, "")
    assert "1 given up" in ended.errors
    assert "given up: /?proceed (status_500)" in ended.errors


@pytest.mark.parametrize(
    ("mirror", "arguments", "said"),
    [
        (None, [], "No mirror of dream is known: add its address with"),
        ("http://127.0.0.1:8080", [], "Use -a direct=1 (cryptodrug simulate)"),
        (f"http://{onion(1)}", ["direct=1"], "-a direct=1 is for a market on this machine"),
        (f"http://{onion(1)}", [], "There is no Tor at 127.0.0.1:1: nothing listens there"),
        (None, ["vendor=X"], "-a vendor=… is no argument of a crawl. Is vendors meant?"),
        (None, ["since=soon"], "-a since: 'soon' is neither a date"),
    ],
)
def test_scrapys_own_command_says_what_it_cannot_do(
    tmp_path: Path, mirror: str | None, arguments: list[str], said: str
) -> None:
    if mirror is not None:
        MirrorStore(tmp_path / "mirrors").add("dream", mirror)
    given = [part for argument in arguments for part in ("-a", argument)]
    done = scrapy(
        "crawl",
        "dream",
        *given,
        CRYPTODRUG_DATA_DIR=str(tmp_path),
        CRYPTODRUG_TOR_SOCKS="127.0.0.1:1",
    )
    assert done.returncode in (2, 5), done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "crawls").exists()
