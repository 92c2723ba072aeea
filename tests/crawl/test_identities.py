"""Who is free, who rests, who needs fresh cookies."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryptodrug_scraper.access.mirrors import mark
from cryptodrug_scraper.access.sessions import SessionStore
from cryptodrug_scraper.crawl.identities import Pool, SessionState


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    store = SessionStore(tmp_path / "sessions")
    store.add("m", "one", {"session": "1"})
    store.add("m", "two", {"session": "2"})
    return store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pool(store: SessionStore, clock: Clock) -> Pool:
    return Pool(store, "m", each=2, rest=10, clock=clock)


def names(sessions: list[SessionState]) -> list[str]:
    return sorted(session.name for session in sessions)


def test_each_takes_so_many_at_a_time(pool: Pool) -> None:
    one = pool.sessions["one"]
    pool.take(one, stateful=False)
    assert [m.name for m in pool.free()] == ["two", "one"]
    pool.take(one, stateful=False)
    assert names(pool.free()) == ["two"]
    pool.give_back(one, stateful=False)
    assert names(pool.free()) == ["one", "two"]


def test_one_request_has_the_session_to_itself(pool: Pool) -> None:
    pool.take(pool.sessions["one"], stateful=True)
    assert names(pool.free(stateful=True)) == ["two"]
    assert names(pool.free()) == ["one", "two"]
    pool.give_back(pool.sessions["one"], stateful=True)
    assert names(pool.free(stateful=True)) == ["one", "two"]


def test_who_is_signed_out_is_out_until_fresh_cookies_come(pool: Pool, store: SessionStore) -> None:
    before = pool.sessions["one"]
    pool.ended(before, "the login page")
    assert names(pool.free()) == ["two"]
    assert store.get("m", "one").state == "ended"
    assert not pool.refresh() or pool.sessions["one"] is before
    store.add("m", "one", {"session": "3"})
    assert pool.refresh()
    after = pool.sessions["one"]
    assert names(pool.free()) == ["one", "two"]
    assert after.cookies == {"session": "3"} and after.circuit == before.circuit
    pool.ended(before, "an answer that came late")  # is about the old cookies
    assert store.get("m", "one").state == "live"


def test_rests_at_a_captcha_grow_until_the_researcher_is_needed(
    pool: Pool, store: SessionStore, clock: Clock
) -> None:
    one = pool.sessions["one"]
    states = []
    for rest in (10, 20, 40, 80):
        pool.challenged(one, "captcha")
        pool.challenged(one, "captcha")  # that went out together with the first
        states.append(store.get("m", "one").state)
        assert names(pool.free()) == ["two"]
        clock.now += rest - 1
        assert names(pool.free()) == ["two"]
        clock.now += 1
        assert names(pool.free()) == ["one", "two"]
    assert states == ["resting", "resting", "resting", "walled"]
    assert pool.usable == 1
    pool.take(one, stateful=False)
    assert names(pool.free()) == ["two"]  # one request only looks whether it is solved
    pool.give_back(one, stateful=False)
    pool.good(one)
    assert store.get("m", "one").state == "live" and pool.usable == 2


def test_another_circuit_after_failures_in_a_row(pool: Pool) -> None:
    one = pool.sessions["one"]
    assert [pool.failed(one) for _ in range(4)] == [False, False, True, False]
    assert one.circuit == 1
    pool.good(one)
    assert [pool.failed(one) for _ in range(3)] == [False, False, True]


def test_cookies_that_the_site_sets_are_kept(pool: Pool, store: SessionStore, clock: Clock) -> None:
    pool.set_cookies(pool.sessions["one"], {"session": "nine", "other": "x", "none": None})
    assert store.get("m", "one").cookies == {"session": "nine", "other": "x"}
    pool.set_cookies(pool.sessions["one"], {"other": None})
    assert store.get("m", "one").cookies == {"session": "nine"}
    assert "nine" not in repr(pool.sessions["one"])
    assert Pool(store, "m", clock=clock).sessions["one"].cookies == {"session": "nine"}


def test_requests_are_counted_on_disk(pool: Pool, store: SessionStore) -> None:
    for _ in range(25):
        pool.made(pool.sessions["two"])
    assert store.get("m", "two").requests == 20
    pool.save()
    assert store.get("m", "two").requests == 25


def test_what_came_of_each_session_is_counted_by_its_mark(pool: Pool) -> None:
    one, two = pool.sessions["one"], pool.sessions["two"]
    pool.good(one)
    pool.challenged(one, "captcha")
    pool.failed(one)
    pool.ended(two, "login")
    assert pool.counters == {
        f"session/{mark('one')}/ok": 1,
        f"session/{mark('one')}/failed": 2,
        f"session/{mark('two')}/failed": 1,
    }


def test_who_is_removed_is_gone(pool: Pool, store: SessionStore) -> None:
    store.remove("m", "two")
    pool.refresh()
    assert names(pool.free()) == ["one"]
