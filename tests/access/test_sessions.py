"""Sessions on disk: for the owner only, by several processes, and never half."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import stat
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.access.sessions import STATES, Identity, SessionStore, UnknownSession
from cryptodrug_scraper.common.private import NotUsable

COOKIES = {"session": "s3cret-value", "theme": "1"}


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, said: list[str]) -> SessionStore:
    return SessionStore(tmp_path / "data" / "sessions", warn=said.append)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_what_is_added_is_found_again(store: SessionStore) -> None:
    assert store.all() == store.all("dream") == []
    first = store.add("dream", "default", COOKIES, "Mozilla/5.0 (X)")
    second = store.add("empire", "anna.2", {"a": ""})
    assert store.get("dream", "default") == first
    assert (first.state, first.requests, first.until, first.user_agent) == (
        "live",
        0,
        None,
        "Mozilla/5.0 (X)",
    )
    assert first.cookies == COOKIES
    assert first.added_at.tzinfo is UTC
    assert store.all() == [first, second]
    assert store.all("empire") == [second]
    store.remove("dream", "default")
    assert store.all("dream") == []
    for name in ("default", "nobody"):
        with pytest.raises(UnknownSession, match="no session"):
            store.remove("dream", name)
        with pytest.raises(UnknownSession, match="no session"):
            store.get("dream", name)


def test_marks(store: SessionStore) -> None:
    identity = store.add("dream", "default", COOKIES)
    until = datetime.now(UTC) + timedelta(minutes=5)
    assert store.mark(identity, "resting", "502  twice\n", until, requests=7)
    assert identity == store.get("dream", "default")
    assert (identity.state, identity.why, identity.until) == ("resting", "502 twice", until)
    assert identity.requests == 7
    assert identity.used_at is not None
    assert not identity.usable()
    assert identity.usable(until)
    assert store.mark(identity, "live", cookies={"session": "new"})
    assert store.get("dream", "default").cookies == {"session": "new"}
    assert identity.requests == 7
    assert identity.usable()
    for state in ("walled", "ended"):
        assert store.mark(identity, state)
        assert not identity.usable(datetime.now(UTC) + timedelta(days=999))
    with pytest.raises(ValueError, match="no state"):
        store.mark(identity, "tired")
    with pytest.raises(ValueError, match="time zone"):
        store.mark(identity, "resting", until=datetime(2026, 1, 1))


def test_a_session_that_was_replaced_meanwhile_is_not_marked(store: SessionStore) -> None:
    old = store.add("dream", "default", COOKIES)
    new = store.add("dream", "default", {"session": "fresh"})
    assert new.added_at > old.added_at
    assert not store.mark(old, "ended", "login page")
    assert store.get("dream", "default") == new
    assert old.state == "live"
    store.remove("dream", "default")
    assert not store.mark(new, "ended")
    assert not SessionStore(store.folder / "elsewhere").mark(new, "ended")
    assert store.all() == []


def test_secrets_are_in_no_text(store: SessionStore) -> None:
    identity = store.add("dream", "default", COOKIES)
    store.mark(identity, "ended", "Cookie: session=s3cret-value; theme=1 was refused")
    assert identity.why == "Cookie: session=***; theme=1 was refused"
    for text in (repr(identity), str(identity), f"{identity!r:>10}", repr([identity])):
        assert "s3cret" not in text
    for cookies in ({"a": "s3cret;"}, {"a b": "s3cret"}, {"a": "s3cret\r\nX: y"}, {}):
        with pytest.raises(NotUsable) as caught:
            store.add("dream", "default", cookies)
        assert "s3cret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", ["", ".x", "..", "a/b", "a" * 41, "-x", "ä", "a\n", "a b", "a\0"])
def test_names_that_are_refused(store: SessionStore, name: str) -> None:
    for refused in (
        lambda: store.add("dream", name, COOKIES),
        lambda: store.get("dream", name),
        lambda: store.remove("dream", name),
        lambda: store.add(name or "/", "x", COOKIES),
    ):
        with pytest.raises(NotUsable, match="cannot be a"):
            refused()
    assert not store.folder.exists()


@pytest.mark.parametrize("agent", ["", "a\r\nX: y", "ä", "x" * 401, " a"])
def test_user_agents_that_are_refused(store: SessionStore, agent: str) -> None:
    with pytest.raises(NotUsable, match="user agent"):
        store.add("dream", "x", COOKIES, agent)


# -- who can read them -----------------------------------------------------------------------


def modes(folder: Path) -> set[tuple[bool, int]]:
    return {
        (path.is_dir(), stat.S_IMODE(path.lstat().st_mode)) for path in (folder, *folder.rglob("*"))
    }


def test_modes_whatever_the_umask(store: SessionStore, open_umask: None) -> None:
    identity = store.add("dream", "default", COOKIES)
    store.mark(identity, "ended")
    assert modes(store.folder.parent) == {(True, 0o700), (False, 0o600)}


def test_at_no_moment_can_others_read(store: SessionStore, open_umask: None) -> None:
    # An audit hook cannot be taken away again, so this happens in a process of its own.
    context = multiprocessing.get_context("spawn")
    heard, tell = context.Pipe(duplex=False)
    process = context.Process(target=_add_and_watch, args=(store.folder, tell))
    process.start()
    try:
        assert heard.poll(60)
        opened, made = heard.recv()
    finally:
        process.join(60)
        process.kill()
    assert opened and {mode for _, mode in opened} == {0o600}
    assert made and {mode for _, mode in made} == {0o700}


def _add_and_watch(folder: Path, tell: Any) -> None:
    import sys

    opened: list[tuple[str, int]] = []
    made: list[tuple[str, int]] = []
    os.umask(0)
    real = os.open

    def watched(path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        if flags & os.O_CREAT and str(path).startswith(str(folder.parent)):
            opened.append((str(path), mode))
        return real(path, flags, mode, **more)

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.mkdir" and str(arguments[0]).startswith(str(folder.parent)):
            made.append((str(arguments[0]), arguments[1]))

    os.open = watched
    sys.addaudithook(hear)
    store = SessionStore(folder)
    store.mark(store.add("dream", "default", COOKIES), "ended")
    tell.send((opened, made))


def test_a_folder_that_others_can_look_into_is_refused(store: SessionStore) -> None:
    identity = store.add("dream", "default", COOKIES)
    for folder in (store.folder, store.folder / "dream"):
        folder.chmod(0o750)
        for refused in (
            lambda: store.all("dream"),
            lambda: store.all(),
            lambda: store.get("dream", "default"),
            lambda: store.add("dream", "default", COOKIES),
            lambda: store.remove("dream", "default"),
            lambda: store.mark(identity, "ended"),
        ):
            with pytest.raises(NotUsable, match=f"chmod 700 {folder}"):
                refused()
        folder.chmod(0o700)
    assert store.all("dream") == [identity]


def test_a_file_that_others_can_read_is_refused(store: SessionStore, said: list[str]) -> None:
    identity = store.add("dream", "default", COOKIES)
    other = store.add("dream", "other", COOKIES)
    path = store.folder / "dream" / "default.json"
    path.chmod(0o640)
    assert store.all() == [other]
    assert f"chmod 600 {path}" in said[0]
    with pytest.raises(NotUsable, match="chmod 600"):
        store.get("dream", "default")
    assert not store.mark(identity, "ended")


# -- damage ----------------------------------------------------------------------------------

WHOLE: dict[str, Any] = {
    "market": "dream",
    "name": "bad",
    "cookies": {"session": "s3cret-value"},
    "user_agent": None,
    "added_at": "2026-01-01T00:00:00Z",
    "state": "live",
    "why": "",
    "until": None,
    "used_at": None,
    "requests": 0,
}


def put(store: SessionStore, data: bytes) -> Path:
    path = store.folder / "dream" / "bad.json"
    path.write_bytes(data)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    "change",
    [
        {"cookies": {"session": "s3cret-value\r\nX: y"}},
        {"cookies": {}},
        {"cookies": ["s3cret-value"]},
        {"cookies": {"s3cret-value": 5}},
        {"state": "s3cret-value"},
        {"state": ["s3cret-value"]},
        {"added_at": "s3cret-value"},
        {"added_at": "2026-01-01T00:00:00"},
        {"added_at": "0001-01-01T00:00:00+23:59"},
        {"until": 5},
        {"requests": "s3cret-value"},
        {"requests": True},
        {"why": ["s3cret-value"]},
        {"user_agent": "s3cret-value\n"},
        {"name": "s3cret-value"},
        {"market": None},
    ],
    ids=str,
)
def test_a_damaged_field(store: SessionStore, said: list[str], change: dict[str, object]) -> None:
    good = store.add("dream", "good", COOKIES)
    put(store, json.dumps(WHOLE).encode())
    assert [identity.name for identity in store.all()] == ["bad", "good"]
    put(store, json.dumps(WHOLE | change).encode())
    assert store.all() == [good]
    assert len(said) == 1
    assert said[0].startswith("Session dream/bad is passed over.")
    assert "s3cret" not in said[0]
    with pytest.raises(NotUsable, match="damaged"):
        store.get("dream", "bad")


@pytest.mark.parametrize(
    "data", [b"", b"s3cret-value", b"[]", b"\xff\xfe", b"[" * 99_999, b"{}", b" " * (5 << 20)]
)
def test_a_damaged_file(store: SessionStore, said: list[str], data: bytes) -> None:
    good = store.add("dream", "good", COOKIES)
    put(store, data)
    assert store.all("dream") == [good]
    assert "dream/bad" in said[0]
    with pytest.raises(NotUsable, match="damaged") as caught:
        store.get("dream", "bad")
    assert caught.value.__context__ is None
    assert store.add("dream", "bad", COOKIES) == store.get("dream", "bad")
    put(store, data)
    store.remove("dream", "bad")
    assert store.all("dream") == [good]


def test_what_is_no_plain_file(store: SessionStore, said: list[str], tmp_path: Path) -> None:
    good = store.add("dream", "good", COOKIES)
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(WHOLE))
    outside.chmod(0o600)
    folder = store.folder / "dream"
    (folder / "bad.json").symlink_to(outside)
    os.mkfifo(folder / "pipe.json", 0o600)
    (folder / "folder.json").mkdir(0o700)
    (folder / "notes.txt").write_text("x")
    (folder / ".hidden.json").write_text("x")
    assert store.all("dream") == [good]
    assert len(said) == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted(WHOLE)), inner),
        max_leaves=8,
    )
)
def test_any_json_is_a_session_or_told(store: SessionStore, said: list[str], value: object) -> None:
    store.add("dream", "good", COOKIES)
    said.clear()
    whole = WHOLE | value if isinstance(value, dict) else value
    put(store, json.dumps(whole).encode())
    assert len(store.all("dream")) + len(said) == 2


# -- several at once -------------------------------------------------------------------------


def test_what_was_written_is_seen_without_reading(store: SessionStore) -> None:
    tokens: list[object] = [store.changed("dream")]
    identity = store.add("dream", "default", COOKIES)
    tokens.append(store.changed("dream"))
    for n in range(200):  # also within one tick of the file system's clock
        store.mark(identity, STATES[n % 4], requests=1)
        tokens.append(store.changed("dream"))
    store.add("dream", "default", COOKIES)
    tokens.append(store.changed("dream"))
    store.add("dream", "other", COOKIES)
    tokens.append(store.changed("dream"))
    store.remove("dream", "other")
    tokens.append(store.changed("dream"))
    store.remove("dream", "default")
    tokens.append(store.changed("dream"))
    steps = list(pairwise(tokens))
    assert all(before != after for before, after in steps)
    assert tokens[-1] == store.changed("dream")
    store.add("empire", "default", COOKIES)
    assert tokens[-1] == store.changed("dream")


def _write_much(folder: Path, number: int) -> None:
    store = SessionStore(folder)
    for n in range(40):
        cookies = {"session": f"{number}-{n}" * 200}
        identity = store.add("dream", f"own{number}", cookies)
        assert store.mark(identity, "resting", f"{number}", datetime.now(UTC), requests=n)
        shared = store.add("dream", "shared", cookies)
        store.mark(shared, "ended", str(number))


def test_several_processes_write_and_one_reads(store: SessionStore, said: list[str]) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_much, args=(store.folder, n)) for n in range(4)]
    for process in writers:
        process.start()
    seen: set[str] = set()
    try:
        deadline = time.monotonic() + 120
        while any(process.is_alive() for process in writers):
            assert time.monotonic() < deadline
            for identity in store.all("dream"):
                number, _, _ = identity.cookies["session"].partition("-")
                assert identity.why in ("", number)
                seen.add(identity.name)
    finally:
        for process in writers:
            process.join(1)
            process.kill()
    assert [process.exitcode for process in writers] == [0] * 4
    assert said == []
    assert {i.name for i in store.all()} == {"own0", "own1", "own2", "own3", "shared"}
    assert {i.requests for i in store.all() if i.name != "shared"} == {39}
    left = {path.name for path in (store.folder / "dream").iterdir() if path.name[0] == "."}
    assert left == {".lock"}


def test_what_a_killed_writer_left_is_removed(store: SessionStore) -> None:
    store.add("dream", "default", COOKIES)
    left = store.folder / "dream" / ".abc.tmp"
    left.write_text("s3cret")
    before = store.all()
    store.add("dream", "default", COOKIES)
    assert len(before) == len(store.all()) == 1
    assert not left.exists()


def test_an_identity_can_go_to_another_process() -> None:
    identity = Identity("dream", "x", COOKIES, None, datetime.now(UTC))
    assert pickle.loads(pickle.dumps(identity)) == identity
