"""`cryptodrug tor`: the program as it is called."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cryptodrug_scraper.cli.errors import Code
from cryptodrug_scraper.common.processes import wait_for
from cryptodrug_scraper.tor.ready import socks_problem
from tests.cli.running import PROGRAM, shell
from tests.conftest import ROOT
from tests.ports import free_ports
from tests.tor.network import RunningNetwork
from tests.tor.nodes import Node, as_torrc
from tests.tor.test_process import NOBODY, tors_in


def at(socks: str, control: str) -> dict[str, str]:
    """Return the environment that says where Tor is."""
    return {"CRYPTODRUG_TOR_SOCKS": socks, "CRYPTODRUG_TOR_CONTROL": control}


def nowhere() -> str:
    return f"127.0.0.1:{free_ports(1)[0]}"


@pytest.mark.slow
def test_status_of_one_that_is_ready(tor_network: RunningNetwork) -> None:
    done = shell("tor", "status", **at(tor_network.socks, tor_network.control))
    said = done.stdout.decode()
    assert done.returncode == Code.COMPLETE, done.stderr
    assert done.stderr == b""
    assert f"{tor_network.socks} answers" in said
    assert "100% (Done)" in said
    assert said.endswith("Tor is ready.\n")


@pytest.mark.slow
def test_status_where_the_control_port_is_not_ours(tor_network: RunningNetwork) -> None:
    done = shell("tor", "status", **at(tor_network.socks, nowhere()))
    assert done.returncode == Code.PARTLY_FAILED
    assert b"answers" in done.stdout
    assert b"not known whether Tor is connected" in done.stderr


def test_status_where_there_is_none() -> None:
    done = shell("tor", "status", **at(nowhere(), nowhere()))
    assert done.returncode == Code.TOR
    assert b"nothing listens there" in done.stderr
    assert b"cryptodrug tor run" in done.stderr


def test_status_of_one_that_is_not_connected(tor_programs: None, tmp_path: Path) -> None:
    node = Node(tmp_path, "nobody")
    try:
        node.start({**NOBODY, "SocksPort": "127.0.0.1:auto"})
        socks = node.ask("net/listeners/socks").strip('"')
        done = shell("tor", "status", **at(socks, node.control))
    finally:
        node.stop()
    assert done.returncode == Code.TOR, done.stderr
    assert b"Tor is not ready. Tor stands at " in done.stderr
    assert b"bridges" in done.stderr and b"log" in done.stderr


@pytest.mark.slow
def test_new_identity(tor_network: RunningNetwork) -> None:
    done = shell("tor", "new-identity", **at(tor_network.socks, tor_network.control))
    assert done.returncode == Code.COMPLETE, done.stderr
    assert done.stdout == b"Tor uses new circuits from now on.\n"
    done = shell("tor", "new-identity", **at(nowhere(), nowhere()))
    assert done.returncode == Code.TOR
    assert b"No control port answers" in done.stderr


@contextmanager
def running(data: Path, *options: str | Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Run `cryptodrug tor run` while the context lasts."""
    environment = os.environ | {"CRYPTODRUG_DATA_DIR": str(data)} | at(nowhere(), nowhere()) | more
    with subprocess.Popen(
        [*PROGRAM, "tor", "run", *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_run(tor_network: RunningNetwork, tmp_path: Path, how: signal.Signals) -> None:
    torrc = tmp_path / "more.txt"
    torrc.write_text("# a private network\n\n" + as_torrc(tor_network.lines))
    usual = at(nowhere(), nowhere())
    with running(tmp_path / "data", "--torrc", torrc, "--control-port", "0", **usual) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        socks, control = (process.stdout.readline().strip() for _ in range(2))
        assert socks == f"export CRYPTODRUG_TOR_SOCKS={usual['CRYPTODRUG_TOR_SOCKS']}"
        assert re.fullmatch(r"export CRYPTODRUG_TOR_CONTROL=127\.0\.0\.1:\d+", control)
        assert socks_problem(socks.partition("=")[2]) is None
        given = at(socks.partition("=")[2], control.partition("=")[2])
        assert shell("tor", "status", **given).returncode == 0
        with running(tmp_path / "data", "--torrc", torrc) as second:
            _, said = second.communicate(timeout=60)
            assert second.returncode == Code.TOR
            assert f"CRYPTODRUG_TOR_SOCKS={given['CRYPTODRUG_TOR_SOCKS']}" in said
        process.send_signal(how)
        _, said = process.communicate(timeout=30)
        assert process.returncode == Code.INTERRUPTED
    assert "tor: connecting (Done), 100%\n" in said
    assert "Traceback" not in said
    assert tors_in(tmp_path / "data" / "tor") == []


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGINT, Code.INTERRUPTED), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_run_is_ended_while_it_connects(
    tor_programs: None, tmp_path: Path, how: signal.Signals, code: int
) -> None:
    torrc = tmp_path / "more.txt"
    torrc.write_text(as_torrc(NOBODY))
    folder = tmp_path / "tor"
    with running(tmp_path, "--torrc", torrc) as process:
        assert process.stderr is not None
        assert "first time" in process.stderr.readline()
        assert process.stderr.readline().startswith("tor: ")
        assert tors_in(folder)
        process.send_signal(how)
        assert process.wait(20) == code
    assert wait_for(lambda: not tors_in(folder), 20)


@pytest.mark.parametrize(
    ("lines", "code", "said"),
    [
        ("NoSuchOption 1\n", Code.TOR, "NoSuchOption"),
        ("DataDirectory /tmp\n", Code.TOR, "cannot be added"),
        (None, Code.BAD_INPUT, "No such file"),
    ],
)
def test_run_with_lines_that_are_refused(
    tor_programs: None, tmp_path: Path, lines: str | None, code: Code, said: str
) -> None:
    torrc = tmp_path / "more.txt"
    if lines is not None:
        torrc.write_text(as_torrc(NOBODY) + lines)
    with running(tmp_path, "--torrc", torrc) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert said in errors


def test_run_without_the_program(tmp_path: Path) -> None:
    with running(tmp_path, CRYPTODRUG_TOR_COMMAND="no-such-tor") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == Code.TOR
    assert "apt install tor" in errors
