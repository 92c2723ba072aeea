"""A Tor of our own: an additional client of the private network."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import requests

from cryptodrug_scraper.common.processes import is_alive, wait_for
from cryptodrug_scraper.common.progress import Progress
from cryptodrug_scraper.tor.circuits import proxy_url
from cryptodrug_scraper.tor.control import TorControl
from cryptodrug_scraper.tor.errors import TorUnavailable
from cryptodrug_scraper.tor.process import OwnTor
from cryptodrug_scraper.tor.ready import socks_problem
from tests.conftest import ROOT
from tests.ports import free_ports
from tests.tor.network import RunningNetwork

# Authorities at ports where nothing listens: no Tor of these tests may know the real ones.
NOBODY = {
    "TestingTorNetwork": "1",
    "UseDefaultFallbackDirs": "0",
    "DirAuthority": f"nobody orport=1 no-v2 v3ident={'A' * 40} 127.0.0.1:1 {'B' * 40}",
}


def tors_in(folder: Path) -> list[int]:
    """Return the ids of the processes that run with the configuration in a folder."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if str(folder / "torrc") in (process.info["cmdline"] or ())
    ]


@pytest.mark.slow
def test_it_connects_and_fetches_and_ends(
    tor_network: RunningNetwork, onion: str, tmp_path: Path
) -> None:
    folder = tmp_path / 'a "strange" föhlder'
    steps: list[Progress] = []
    with OwnTor(folder, extra_config=tor_network.lines) as tor:
        tor.start(steps.append)
        (pid,) = tors_in(folder)
        assert steps[-1] == Progress("Connecting (Done)", share=1.0)
        assert steps == sorted(steps, key=lambda step: step.share or 0)
        assert socks_problem(tor.socks) is None
        for _ in range(2):  # that a connection to it is closed is no reason to end
            with TorControl(tor.control) as control:
                assert control.status().ready
                assert control.ask("config-text")
        proxy = proxy_url(tor.socks, "me")
        got = requests.get(f"http://{onion}/", proxies={"http": proxy}, timeout=60)
        assert got.text == "hello"
        listening = {
            (connection.laddr.ip, connection.laddr.port)
            for connection in psutil.Process(pid).net_connections()
            if connection.status == psutil.CONN_LISTEN
        }
        ports = {("127.0.0.1", int(a.rpartition(":")[2])) for a in (tor.socks, tor.control)}
        assert listening == ports
        assert not [c for c in psutil.Process(pid).net_connections("udp") if c.laddr]
        assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
        with pytest.raises(TorUnavailable, match=re.escape(tor.socks)):
            OwnTor(folder, extra_config=NOBODY).start()
        tor.check()
    assert not is_alive(pid)
    assert tor.socks == ""
    with tor:  # and again
        tor.start()
        assert socks_problem(tor.socks) is None
    assert tors_in(folder) == []


STARTS_AND_WAITS = """
import json, sys, time
from pathlib import Path
from cryptodrug_scraper.tor.process import OwnTor
with OwnTor(Path(sys.argv[1]), extra_config=json.loads(sys.argv[2])) as tor:
    tor.start(lambda progress: print(progress.share, flush=True), timeout=300)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_who_started_it(
    tor_programs: None, tmp_path: Path, how: signal.Signals
) -> None:
    folder = tmp_path / "tor"
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_WAITS, str(folder), json.dumps(NOBODY)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline()
        (pid,) = tors_in(folder)
        os.kill(starter.pid, how)
    assert wait_for(lambda: not is_alive(pid), 10)
    # The folder is free again.
    with pytest.raises(TorUnavailable, match="is stuck"):
        OwnTor(folder, extra_config=NOBODY).start(timeout=0)


def test_one_whose_starter_was_killed_while_no_connection_tells_it(
    tor_programs: None, tmp_path: Path
) -> None:
    """Tor itself looks at its owner every fifteen seconds."""
    folder = tmp_path / "tor"
    own = OwnTor(folder, extra_config=NOBODY)
    own._take_folder()
    own._write_torrc()
    own.stop()
    with subprocess.Popen(["sleep", "1000"]) as owner:
        torrc = folder / "torrc"
        torrc.write_text(torrc.read_text().replace(f"{os.getpid():010d}", f"{owner.pid:010d}"))
        with subprocess.Popen(
            [
                *("tor", "--defaults-torrc", str(folder / "defaults"), "-f", str(torrc)),
                *("--ControlPortWriteToFile", str(tmp_path / "control")),
            ],
            stdout=subprocess.DEVNULL,
        ) as orphan:
            try:
                assert wait_for((tmp_path / "control").exists, 20)
                owner.kill()
                owner.wait()
                # A new one waits for it to go.
                with pytest.raises(TorUnavailable, match="is stuck"):
                    OwnTor(folder, extra_config=NOBODY).start(timeout=0)
                assert orphan.wait(20) is not None
            finally:
                owner.kill()
                orphan.kill()


def test_tor_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(TorUnavailable, match=r"no program 'no-such-tor'.*apt install tor"):
        OwnTor(tmp_path, tor_command="no-such-tor").start()


@pytest.mark.parametrize("which", ["socks_port", "control_port"])
def test_a_port_is_taken(tor_programs: None, tmp_path: Path, which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ports = {which: port}
        own = OwnTor(tmp_path, extra_config=NOBODY, **ports)  # type: ignore[arg-type]
        with pytest.raises(TorUnavailable, match=rf"(?i){which[:4]}.*127\.0\.0\.1:{port} is taken"):
            own.start()
        own._check_ports = lambda: None  # type: ignore[method-assign]  # taken only now
        with pytest.raises(TorUnavailable, match=rf"(?i){which[:4]}.*127\.0\.0\.1:{port} is taken"):
            own.start()
    assert tors_in(tmp_path) == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"NoSuchOption": "1"}, r"refuses the configuration.*\n.*NoSuchOption"),
        ({"SocksTimeout": "never"}, r"refuses the configuration.*\n.*SocksTimeout"),
        ({"SocksPort": "0.0.0.0:9050"}, "'SocksPort' cannot be added"),
        ({"socksport": "9050"}, "'socksport' cannot be added"),
        ({"HiddenServiceDir": "/x"}, "cannot be added"),
        ({"__OwningControllerProcess": "1"}, "cannot be added"),
        ({"+SocksPort": "9050"}, "cannot be added"),
        ({"Bridge": "1.2.3.4:5\nSocksPort 0.0.0.0:9050"}, "Bridge must stand on one line"),
    ],
)
def test_lines_that_are_refused(
    tor_programs: None, tmp_path: Path, lines: dict[str, str], said: str
) -> None:
    with pytest.raises(TorUnavailable, match=said):
        OwnTor(tmp_path, extra_config={**NOBODY, **lines}).start()
    assert tors_in(tmp_path) == []


def test_it_gets_nowhere(tor_programs: None, tmp_path: Path) -> None:
    own = OwnTor(tmp_path, extra_config=NOBODY)
    with pytest.raises(TorUnavailable, match=r"is stuck at \d+% (?s:.*)No relay .*bridges"):
        own.start(timeout=1.0)
    assert tors_in(tmp_path) == []


def test_a_folder_that_cannot_be_made(tor_programs: None, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TorUnavailable, match=r"cannot be started in .*CRYPTODRUG_DATA_DIR"):
        OwnTor(tmp_path / "file" / "tor", extra_config=NOBODY).start()


def test_it_is_killed(tor_programs: None, tmp_path: Path) -> None:
    own = OwnTor(tmp_path, extra_config=NOBODY)

    def kill(progress: Progress) -> None:
        for pid in tors_in(tmp_path):
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not tors_in(tmp_path), 10)

    with pytest.raises(TorUnavailable, match=r"ended by itself|does not answer"):
        own.start(kill)
    assert free_ports(1)
