"""The private network itself: it is ended and cleared away however its user ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cryptodrug_scraper.common.processes import wait_for
from tests.conftest import ROOT
from tests.tor.network import RunningNetwork, TorNetwork
from tests.tor.nodes import NetworkFailed, nodes_below

STARTS = """
import sys
from pathlib import Path
from tests.tor.network import TorNetwork
with TorNetwork(Path(sys.argv[1])) as network:
    network.start()
    print(network.socks, flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_all_ends_when_the_harness_is_ended_while_it_starts(
    tor_programs: None, tmp_path: Path, how: signal.Signals
) -> None:
    folder = tmp_path / "network"
    with subprocess.Popen(
        [sys.executable, "-c", STARTS, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    ) as harness:
        try:
            assert wait_for(lambda: len(nodes_below(folder)) == 7, 60)
            os.kill(harness.pid, how)
            harness.wait(20)
        finally:
            harness.kill()
    assert wait_for(lambda: not nodes_below(folder), 20)
    assert wait_for(lambda: not folder.exists(), 20)


@pytest.mark.slow
def test_another_network_beside_the_first(
    tor_network: RunningNetwork, onion: str, web: int, tmp_path: Path
) -> None:
    folder = tmp_path / "network"
    with TorNetwork(folder) as other:
        hosts = other.start({"one": web, "two": web})
        assert len(set(hosts.values())) == 2
        for host in hosts.values():
            with other.running.connect(host) as connection:  # type: ignore[union-attr]
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert connection.recv(12).startswith(b"HTTP/1.0 200")
        with pytest.raises(OSError, match=r"(?i)unreachable|failure"):
            other.running.connect(onion)  # type: ignore[union-attr]  # of the first network
        assert len(nodes_below(folder)) == 7
    assert not folder.exists()
    assert nodes_below(folder) == []


@pytest.mark.slow
def test_a_service_that_is_withdrawn(tor_network: RunningNetwork, web: int) -> None:
    host = tor_network.publish(web)
    tor_network.connect(host).close()
    tor_network.withdraw(host)

    def gone() -> bool:
        try:
            tor_network.connect(host, timeout=5).close()
        except OSError:
            return True
        return False

    assert wait_for(gone, 60)


@pytest.mark.slow
def test_a_port_where_nothing_listens(tor_network: RunningNetwork) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NetworkFailed, match=r"not reachable in .* attempts: .+"):
        tor_network.publish(port, patience=8)


def test_without_time_it_says_which_node_did_not_do_what(
    tor_programs: None, tmp_path: Path
) -> None:
    with pytest.raises(NetworkFailed, match=r"authority0 has no consensus (?s:.*)client:\n"):
        TorNetwork(tmp_path / "network").start(patience=0.1)
    assert not (tmp_path / "network").exists()
    assert nodes_below(tmp_path) == []


def test_without_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NetworkFailed, match="install Debian's package tor"):
        TorNetwork().start()
