"""Connections and look-ups of a process are seen: by strace, and by an audit hook."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cryptodrug_scraper.database.connection import client_url
from tests.e2e.watching import (
    Connections,
    NotWatched,
    audit_environment,
    read_audit,
    read_strace,
    strace_command,
    strace_works,
    watched,
)

WAYS = [
    pytest.param(
        True,
        marks=pytest.mark.skipif(not strace_works(), reason="strace is not here, or may not trace"),
        id="strace",
    ),
    pytest.param(False, id="audit"),
]
each_way = pytest.mark.parametrize("strace", WAYS)
only_strace = pytest.mark.skipif(not strace_works(), reason="strace is not here")


@pytest.fixture
def port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening.getsockname()[1]


def run(program: str, *, strace: bool, refuse: bool = False, ok: bool = True) -> Connections:
    if not strace:  # without the hook nothing would be refused
        program = f"import sitecustomize; sitecustomize._hook\n{program}"
    seen = watched([sys.executable, "-c", program], strace=strace, refuse=refuse)
    assert (seen.returncode == 0) == ok, seen.stderr
    return seen


@each_way
def test_one_who_goes_only_where_it_may(strace: bool, port: int) -> None:
    seen = run(
        f"import socket; socket.create_connection(('127.0.0.1', {port})).close()", strace=strace
    )
    assert seen.internet == {("127.0.0.1", port)}
    assert seen.lookups == []
    assert seen.beyond([("127.0.0.1", port)]) == []
    assert seen.beyond([("127.0.0.1", 1)]) == [f"connect AF_INET 127.0.0.1 port {port}"]


@each_way
def test_a_look_up_is_seen(strace: bool) -> None:
    """Nothing is asked of anyone: it is refused as it is tried."""
    program = "import socket; socket.getaddrinfo('example.onion', 80)"
    seen = run(program, strace=strace, refuse=True, ok=False)
    assert seen.lookups
    assert seen.beyond([]) != []
    if strace:
        assert "opened /etc/hosts" in seen.lookups
    else:
        assert seen.lookups == ["socket.getaddrinfo example.onion"]
        assert "refused while it is watched" in seen.stderr


@each_way
@pytest.mark.parametrize(
    "program",
    [
        "socket.gethostbyname('example.onion')",
        "socket.gethostbyaddr('127.0.0.1')",
        "socket.create_connection(('example.onion', 80))",
        "socket.socket().connect(('example.onion', 80))",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('example.onion', 80))",
        "socket.getnameinfo(('127.0.0.1', 80), 0)",
        "urllib.request.urlopen('http://example.onion/')",
    ],
)
def test_every_way_to_look_up_is_seen(strace: bool, program: str) -> None:
    whole = f"import socket, urllib.request\ntry: {program}\nexcept OSError: pass"
    seen = run(whole, strace=strace, refuse=True)
    assert seen.lookups, seen


@each_way
def test_a_question_sent_to_a_name_server_by_hand_is_seen(strace: bool) -> None:
    """Datagrams to port 53, of loopback, with sendto and with sendmsg."""
    seen = run(
        "import socket; s = socket.socket(type=socket.SOCK_DGRAM)\n"
        "try: s.sendto(b'example.onion', ('127.0.0.1', 53))\n"
        "except OSError: pass\n"
        "try: s.sendmsg([b'example.onion'], [], 0, ('127.0.0.1', 53))\n"
        "except OSError: pass",
        strace=strace,
    )
    assert seen.lookups == ["asked 127.0.0.1 port 53"] * 2
    assert [contact.call for contact in seen.contacts] == ["sendto", "sendmsg"]


@each_way
def test_what_a_child_does_is_seen(strace: bool, port: int) -> None:
    child = f"import socket; socket.create_connection(('127.0.0.1', {port}))"
    seen = run(
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)",
        strace=strace,
    )
    assert seen.internet == {("127.0.0.1", port)}
    assert seen.processes == 2
    assert any(Path(sys.executable).name in program for program in seen.programs)


@each_way
def test_what_a_thread_and_a_fork_do_is_seen(strace: bool, port: int) -> None:
    seen = run(
        "import os, socket, threading\n"
        f"go = lambda: socket.create_connection(('127.0.0.1', {port})).close()\n"
        "thread = threading.Thread(target=go); thread.start(); thread.join()\n"
        "pid = os.fork()\n"
        "if not pid: go(); os._exit(0)\n"
        "os.waitpid(pid, 0)",
        strace=strace,
    )
    assert [contact.port for contact in seen.contacts] == [port, port]


@each_way
def test_ipv6_unix_and_other_sockets_are_told_apart(strace: bool, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(path))
        listening.listen()
        seen = run(
            "import socket\n"
            f"socket.socket(socket.AF_UNIX).connect({str(path)!r})\n"
            "s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\n"
            "try: s.sendto(b'', (0, 0))\n"
            "except OSError: pass\n"
            "try: socket.socket(socket.AF_INET6).connect(('::1', 9))\n"
            "except OSError: pass",
            strace=strace,
        )
    assert seen.unix == {str(path)}
    assert seen.others == {"AF_NETLINK"}
    assert seen.internet == {("::1", 9)}
    assert seen.lookups == []


@each_way
def test_addresses_in_figures_are_no_look_ups(strace: bool, port: int) -> None:
    seen = run(
        f"import socket; socket.getaddrinfo('127.0.0.1', {port}); socket.getaddrinfo(None, 80)\n"
        f"socket.create_connection(('127.0.0.1', {port}))",
        strace=strace,
    )
    assert seen.lookups == []


@each_way
def test_what_is_refused_does_not_leave(strace: bool) -> None:
    program = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    seen = run(program, strace=strace, refuse=True, ok=False)
    assert seen.internet == {("192.0.2.1", 80)}
    assert "101" in seen.stderr  # ENETUNREACH


@only_strace
def test_a_user_looked_up_is_no_name() -> None:
    seen = run("import pwd; pwd.getpwuid(0)", strace=True)
    assert seen.lookups == []


@only_strace
def test_libpq_is_seen_by_strace_though_it_is_no_python(database_url: str) -> None:
    seen = run(f"import psycopg2; psycopg2.connect({client_url(database_url)!r})", strace=True)
    assert len(seen.internet) + len(seen.unix) >= 1
    assert seen.lookups == []
    assert seen.beyond(seen.internet) == []
    assert all(address == "127.0.0.1" for address, _ in seen.internet)


@only_strace
def test_a_process_that_is_killed_is_read_to_its_end(tmp_path: Path, port: int) -> None:
    log = tmp_path / "log"
    program = (
        f"import socket, sys; s = socket.create_connection(('127.0.0.1', {port}))\n"
        "s.sendall(b'session=secret'); print('there', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        strace_command(log, [sys.executable, "-c", program], beside=True),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdin is not None
    try:
        assert process.stdout.readline() == "there\n"
        with pytest.raises(NotWatched, match="has no end"):
            read_strace(log, wait=0)
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()
        process.stdin.close()
    assert process.returncode == -9, "what is killed is the program, not strace"
    assert read_strace(log).internet == {("127.0.0.1", port)}
    assert "secret" not in log.read_text()


@each_way
def test_one_who_does_not_end_is_killed(strace: bool) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        watched(
            [sys.executable, "-c", "import sys, time; time.sleep(60)"], strace=strace, timeout=1
        )


def test_nothing_written_is_not_nothing_done(tmp_path: Path) -> None:
    log = tmp_path / "log"
    environment = audit_environment(log)
    subprocess.run([sys.executable, "-I", "-c", ""], env=environment, check=True)
    with pytest.raises(NotWatched, match="No Python process"):
        read_audit(log)
    with pytest.raises(NotWatched, match="is empty"):
        read_strace(tmp_path / "none", wait=0)
    subprocess.run([sys.executable, "-c", ""], env=environment, check=True)
    assert read_audit(log).contacts == []
