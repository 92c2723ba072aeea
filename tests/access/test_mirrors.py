"""A market's mirrors: addresses, their health, and which one a crawl asks."""

from __future__ import annotations

import json
import multiprocessing
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.access.mirrors import (
    BadAddress,
    Mirrors,
    MirrorStore,
    NoMirror,
    is_loopback,
    tidy_address,
)
from cryptodrug_scraper.common.private import NotUsable
from tests.crawl.onions import onion

A, B, C = (f"http://{onion(n)}" for n in range(3))


@pytest.fixture
def store(tmp_path: Path) -> MirrorStore:
    return MirrorStore(tmp_path / "mirrors")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# -- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (A, A),
        (f" {A.upper()}/ \n", A),
        (A.removeprefix("http://"), A),
        (f"{A}:80", A),
        (f"{A}:8080/", f"{A}:8080"),
        (A.replace("http", "https") + ":443", A.replace("http", "https")),
        (A.replace("http://", "http://www."), A.replace("http://", "http://www.")),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:9/", "http://localhost:9"),
        ("http://[::1]:9", "http://[::1]:9"),
    ],
)
def test_addresses(given: str, kept: str) -> None:
    assert tidy_address(given) == kept
    assert tidy_address(kept) == kept
    assert is_loopback(kept) == (".onion" not in kept)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "looks like"),
        ("http://", "looks like"),
        ("http://[", "looks like"),
        (f"{A}:99999", "looks like"),
        ("http://ä.onion", "looks like"),
        (f"{A}\x00", "looks like"),
        ("http://search.example", "no onion service"),
        ("http://10.0.0.1:80", "no onion service"),
        ("http://onion", "no onion service"),
        (A + ".evil.example", "no onion service"),
        ("http://abc.onion", "onion address"),
        (f"http://{'a' * 16}.onion", "version 2"),
        (f"http://{'a' * 55}d.onion", "checksum is wrong"),
        (A.replace("http", "ftp"), "ftp"),
        (f"{A}/index.php", "no path"),
        (f"{A}?a=b", "no path"),
        (f"{A}/#x", "no path"),
        (A.replace("//", "//me:s3cret@"), "no name and password"),
        ("127.0.0.1", "needs its port"),
    ],
)
def test_addresses_that_are_refused(store: MirrorStore, address: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why) as caught:
        store.add("dream", address)
    assert "s3cret" not in str(caught.value)


@given(st.text(max_size=40) | st.text(st.sampled_from("a.:/@#?[]%onion"), max_size=80))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        kept = tidy_address(text)
    except BadAddress:
        return
    assert tidy_address(kept) == kept
    assert kept.isascii()


# -- the store -------------------------------------------------------------------------------


def test_added_and_removed(store: MirrorStore) -> None:
    assert store.all("dream") == []
    first = store.add("dream", A)
    assert store.add("dream", A + "/") == first
    store.add("dream", B)
    store.add("empire", C)
    assert [mirror.address for mirror in store.all("dream")] == [A, B]
    assert first.host == onion(0)
    store.remove("dream", A)
    assert [mirror.address for mirror in store.all("dream")] == [B]
    with pytest.raises(NoMirror, match="no mirror of dream"):
        store.remove("dream", A)
    with pytest.raises(NotUsable, match="market's name"):
        store.all("../dream")
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in store.folder.iterdir()} == {0o600}


def test_health_and_order(store: MirrorStore) -> None:
    for address in (A, B, C):
        store.add("dream", address)
    token = store.changed("dream")
    assert store.note("dream", C, True, 3)
    assert store.changed("dream") != token
    assert [m.address for m in store.all("dream")] == [C, A, B]
    assert store.note("dream", B, True)
    assert [m.address for m in store.all("dream")] == [B, C, A]
    assert store.note("dream", B, False, 2)
    assert [m.address for m in store.all("dream")] == [C, A, B]
    worst = store.all("dream")[-1]
    assert (worst.ok, worst.failed, worst.failures_in_a_row) == (1, 2, 2)
    assert worst.last_failed_at is not None and worst.last_ok_at is not None
    assert worst.last_failed_at >= worst.last_ok_at >= worst.added_at
    assert store.note_all("dream", [(B, False, 1), (B, True, 1), (B, False, 1)]) == 3
    assert store.all("dream")[-1].failures_in_a_row == 1
    assert not store.note("dream", "http://localhost:1", False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "5",
        '{"mirrors": [{}]}',
        '{"mirrors": [5]}',
        json.dumps({"mirrors": [{"address": "http://search.example"}]}),
    ],
)
def test_damage_is_told_by_name(store: MirrorStore, text: str) -> None:
    store.add("dream", A)
    path = store.folder / "dream.json"
    whole = json.loads(path.read_text())
    path.write_text(text)
    with pytest.raises(NotUsable, match=r"dream\.json is damaged"):
        store.all("dream")
    for change in ({"ok": -1}, {"added_at": "soon"}, {"address": "http://search.example"}):
        path.write_text(json.dumps({"mirrors": [whole["mirrors"][0] | change]}))
        with pytest.raises(NotUsable, match="add the mirrors again"):
            store.note("dream", A, True)
    path.write_text(json.dumps(whole))
    path.chmod(0o644)
    with pytest.raises(NotUsable, match="chmod 600"):
        store.all("dream")


def _note_much(folder: Path, number: int) -> None:
    store = MirrorStore(folder)
    store.add("dream", f"http://127.0.0.1:{8000 + number}")
    for _ in range(50):
        store.note("dream", A, True)


def test_no_note_of_several_processes_is_lost(store: MirrorStore) -> None:
    store.add("dream", A)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_note_much, args=(store.folder, n)) for n in range(4)]
    for process in writers:
        process.start()
    for process in writers:
        process.join(120)
        process.kill()
    assert [process.exitcode for process in writers] == [0] * 4
    assert store.all("dream")[0].ok == 200
    assert len(store.all("dream")) == 5


# -- a crawl ---------------------------------------------------------------------------------


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mirrors(store: MirrorStore, clock: Clock) -> Mirrors:
    for address in (A, B, C):
        store.add("dream", address)
    return Mirrors(store, "dream", patience=3, rest=100, clock=clock)


def fail(mirrors: Mirrors, address: str, times: int = 3) -> list[bool]:
    return [mirrors.failed(address, "timeout") for _ in range(times)]


def test_after_some_failures_in_a_row_another_is_asked(mirrors: Mirrors) -> None:
    assert mirrors.current() == A
    assert fail(mirrors, A, 2) == [False, False]
    mirrors.ok(A)
    assert fail(mirrors, A) == [False, False, True]
    assert mirrors.current() == B
    assert fail(mirrors, A, 5) == [False] * 5  # late answers to what was asked before
    assert mirrors.current() == B
    assert fail(mirrors, B) == [False, False, True]
    assert mirrors.current() == C


def test_what_came_of_each_is_counted_by_its_mark(mirrors: Mirrors, store: MirrorStore) -> None:
    fail(mirrors, A, 2)
    mirrors.ok(A)
    fail(mirrors, A, 4)
    mirrors.ok(B)
    counted = mirrors.counters()
    marks = {mirror.address: mirror.mark for mirror in store.all("dream")}
    assert len(set(marks.values())) == 3
    for address, numbers in {A: (1, 6, 4), B: (1, 0, 0), C: (0, 0, 0)}.items():
        names = [f"mirror/{marks[address]}/{how}" for how in ("ok", "failed", "in_a_row")]
        assert tuple(counted[name] for name in names) == numbers
    assert len(counted) == 9 and ".onion" not in str(counted)


def test_one_that_has_rested_is_asked_again(mirrors: Mirrors, clock: Clock) -> None:
    assert mirrors.current() == A
    fail(mirrors, A)
    clock.now += 60
    fail(mirrors, B)
    clock.now += 60
    fail(mirrors, C)
    assert mirrors.current() == A  # 120 seconds ago; B only 60
    clock.now += 10
    assert fail(mirrors, A) == [False, False, True]
    assert mirrors.current() == B  # all rest: it has rested longest
    clock.now += 1
    fail(mirrors, B)
    assert mirrors.current() == C
    mirrors.ok(C)
    assert mirrors.current() == C


def test_the_only_one_is_asked_on(store: MirrorStore, clock: Clock) -> None:
    store.add("dream", A)
    mirrors = Mirrors(store, "dream", patience=2, clock=clock)
    assert mirrors.current() == A
    assert fail(mirrors, A, 9) == [False] * 9
    assert mirrors.current() == A


def test_without_any_it_says_what_to_do(store: MirrorStore) -> None:
    mirrors = Mirrors(store, "dream")
    assert mirrors.hosts == frozenset()
    with pytest.raises(NoMirror, match="mirror add dream"):
        mirrors.current()


def test_what_happened_is_saved_now_and_then(
    mirrors: Mirrors, store: MirrorStore, clock: Clock
) -> None:
    mirrors.ok(A)
    mirrors.ok(A)
    fail(mirrors, A, 2)
    token = store.changed("dream")
    mirrors.save()
    assert store.changed("dream") == token
    clock.now += 5
    mirrors.save()
    worst = store.all("dream")[-1]
    assert (worst.address, worst.ok, worst.failed, worst.failures_in_a_row) == (A, 2, 2, 2)
    token = store.changed("dream")
    clock.now += 5
    mirrors.save()
    assert store.changed("dream") == token
    mirrors.ok(B)
    mirrors.save(every=0)
    assert store.all("dream")[0].address == B


def test_what_the_researcher_changes_is_taken_up(
    mirrors: Mirrors, store: MirrorStore, clock: Clock
) -> None:
    assert mirrors.current() == A
    store.remove("dream", A)
    store.add("dream", "http://localhost:8080")
    mirrors.ok(A)
    mirrors.save(every=0)
    assert mirrors.current() == B
    assert mirrors.hosts == {onion(1), onion(2), "localhost:8080"}
    for address in (B, C, "http://localhost:8080"):
        store.remove("dream", address)
    mirrors.save(every=0)
    with pytest.raises(NoMirror):
        mirrors.current()


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("okfailedsave")), max_size=60))
def test_there_is_always_a_current_one(events: list[tuple[int, str]]) -> None:
    import tempfile

    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        store = MirrorStore(Path(folder) / "mirrors")
        for address in (A, B, C):
            store.add("dream", address)
        mirrors = Mirrors(store, "dream", patience=2, rest=10, clock=clock)
        for which, what in events:
            clock.now += which
            address = (A, B, C, mirrors.current())[which]
            before = mirrors.current()
            if what in "fail":
                assert mirrors.failed(address, "x") == (mirrors.current() != before)
            elif what in "ok":
                mirrors.ok(address)
            else:
                mirrors.save()
            assert mirrors.current() in (A, B, C)
