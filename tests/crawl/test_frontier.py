"""The queue of a crawl: nothing is lost, nothing comes twice, whatever ends the process."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.crawl.frontier import DONE, FAILED, GONE, Frontier
from cryptodrug_scraper.crawl.request import CrawlRequest


@pytest.fixture
def frontier(tmp_path: Path) -> Frontier:
    return Frontier(tmp_path / "frontier.sqlite")


def listing(number: int, **more: object) -> CrawlRequest:
    return CrawlRequest(f"/offer/{number}", "listing", str(number), **more)  # type: ignore[arg-type]


def test_the_same_request_is_queued_once(frontier: Frontier) -> None:
    assert frontier.add([listing(1), listing(2), listing(1)]) == 2
    assert frontier.add([listing(2), listing(3)]) == 1
    assert frontier.add([CrawlRequest("/index", "search", method="POST", body="a=1")]) == 1
    assert frontier.add([CrawlRequest("/index", "search", method="POST", body="a=2")]) == 1
    assert frontier.waiting == 5


def test_higher_priority_first_then_in_order(frontier: Frontier) -> None:
    frontier.add([listing(1), listing(2), listing(3, priority=5)])
    handed_out = [frontier.next() for _ in range(4)]
    assert [lease and lease.request.external_id for lease in handed_out] == ["3", "1", "2", None]
    assert frontier.flying == 3


def test_what_is_done_is_not_queued_again(frontier: Frontier) -> None:
    frontier.add([listing(1)])
    lease = frontier.next()
    assert lease is not None
    assert frontier.finish(lease, DONE, [listing(1), listing(2)]) == 1
    assert frontier.counts() == {"waiting": 1, "done": 1, "gone": 0, "failed": 0}


def test_what_is_put_off_waits(frontier: Frontier) -> None:
    frontier.add([listing(1)])
    lease = frontier.next()
    assert lease is not None
    lease.tries = 3
    frontier.put_back(lease, "timeout", after=30)
    assert frontier.next() is None
    assert frontier.next(now=time.time() + 20) is None
    again = frontier.next(now=time.time() + 31)
    assert again is not None and again.tries == 3


def test_requests_that_need_the_session_are_passed_over(frontier: Frontier) -> None:
    frontier.add([listing(1, stateful=True), listing(2)])
    lease = frontier.next(stateful=False)
    assert lease is not None and lease.request.external_id == "2"
    assert frontier.next(stateful=False) is None
    lease = frontier.next()
    assert lease is not None and lease.request == listing(1, stateful=True)


def test_failed_ones_can_be_tried_again(frontier: Frontier) -> None:
    frontier.add([listing(1), listing(2)])
    for state in (FAILED, GONE):
        lease = frontier.next()
        assert lease is not None
        frontier.finish(lease, state, reason="timeout")
    assert frontier.in_state(FAILED) == [(listing(1), "timeout")]
    assert frontier.retry_failed() == 1
    assert frontier.counts() == {"waiting": 1, "done": 0, "gone": 1, "failed": 0}


def test_failures_count_anew_after_an_answer(frontier: Frontier) -> None:
    frontier.add([listing(1)])
    for n in range(1, 4):  # more failures in all than a page is allowed, not in a row
        for failures in range(1, 9):
            lease = frontier.next()
            assert lease is not None and (lease.tries, lease.missing) == (failures - 1, n - 1)
            lease.tries += 1
            frontier.put_back(lease, "status_503")
        lease = frontier.next()
        assert lease is not None
        lease.count_missing()
        frontier.put_back(lease, "not_found")
    lease = frontier.next()
    assert lease is not None and (lease.tries, lease.missing) == (0, 3)


def test_a_step_that_fails_changes_nothing(frontier: Frontier) -> None:
    frontier.add([listing(1)])
    lease = frontier.next()
    assert lease is not None
    with pytest.raises(ZeroDivisionError), frontier.transaction():
        frontier.learn_series("s", ["1"], b"r")
        frontier.finish(lease, DONE, (listing(1 // (n - 3)) for n in range(2, 9)))
    assert frontier.counts() == {"waiting": 1, "done": 0, "gone": 0, "failed": 0}
    assert frontier.learn_series("s", ["1"], b"r") == 1
    frontier.put_back(lease)
    assert frontier.next() is not None


def test_series_tell_what_is_new(frontier: Frontier) -> None:
    assert frontier.learn_series("a", ["1", "2"], b"1") == 2
    assert frontier.learn_series("a", ["2", "3"], b"2") == 1
    assert frontier.learn_series("a", ["1", "2", "3"], b"3") == 0
    assert frontier.learn_series("a", ["1", "2"], b"1") == 2  # the same page, asked for again
    assert frontier.learn_series("b", ["1"], b"r") == 1
    assert frontier.learn_series("b", [], b"r") == 0


def test_a_queue_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "frontier.sqlite"
    first = Frontier(path)
    first.add([listing(1)])
    first.close()
    with closing(sqlite3.connect(path)) as old:
        old.execute("ALTER TABLE request DROP COLUMN more")
    second = Frontier(path)
    assert second.add([listing(1), listing(2, more='{"callback": "other"}')]) == 1
    leases = [second.next(), second.next()]
    assert [lease and lease.request.more for lease in leases] == [None, '{"callback": "other"}']
    second.close()


def test_all_is_there_after_opening_it_again(tmp_path: Path) -> None:
    path = tmp_path / "frontier.sqlite"
    first = Frontier(path)
    odd = CrawlRequest("/u/Blå?x=1&y=\x00", "vendor", "Blå", "POST", "a=%00", "s", True, -3)
    first.add([odd, listing(2)])
    first.learn_categories([(0, "1", '["Drugs"]')])
    lease = first.next()
    assert lease is not None
    first.finish(lease, DONE)
    assert first.next() is not None  # and never comes back
    first.close()
    again = Frontier(path)
    assert again.counts() == {"waiting": 1, "done": 1, "gone": 0, "failed": 0}
    assert again.categories() == [(0, "1", '["Drugs"]')]
    lease = again.next()
    assert lease is not None and lease.request == odd


_KILLED = """
import sys
from pathlib import Path
from cryptodrug_scraper.crawl.frontier import DONE, Frontier
from cryptodrug_scraper.crawl.request import CrawlRequest
frontier = Frontier(Path(sys.argv[1]))
frontier.add([CrawlRequest("/0", "listing")])
while (lease := frontier.next()) is not None:
    number = int(lease.request.address[1:])
    if number > 3000:
        frontier.finish(lease, DONE)
        continue
    # Each leads to its two children: with any of them lost, numbers are missing at the end.
    frontier.finish(lease, DONE, [CrawlRequest(f"/{2 * number + n}", "listing") for n in (1, 2)])
    print(number, flush=True)
print("end", flush=True)
"""


def test_killed_again_and_again_it_loses_nothing(tmp_path: Path) -> None:
    path, said = tmp_path / "frontier.sqlite", []
    for kill in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", _KILLED, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        after = 40 + 37 * kill if kill < 11 else 10**6
        for line in process.stdout:
            said.append(line.strip())
            after -= 1
            if after == 0:
                os.kill(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait(30)
        if said[-1:] == ["end"]:
            break
    numbers = [int(line) for line in said if line not in ("", "end")]
    missing = set(range(3001)) - set(numbers)
    assert len(missing) <= 11  # committed, and killed before it was told
    assert len(numbers) == len(set(numbers))  # what was told of was committed: never done twice
    assert Frontier(path).counts()["done"] == 6003


words = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.builds(CrawlRequest, address=words, kind=words, body=words, stateful=st.booleans()))
)
def test_what_goes_in_comes_out_once(wanted: list[CrawlRequest]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        frontier = Frontier(Path(folder) / "frontier.sqlite")
        new = frontier.add(wanted)
        out = []
        while (lease := frontier.next()) is not None:
            out.append(lease.request)
            frontier.finish(lease, DONE)
        frontier.close()
    assert len(out) == new == len({one.key for one in wanted})
    assert {one.key for one in out} == {one.key for one in wanted}
