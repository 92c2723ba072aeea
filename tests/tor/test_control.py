"""The control port: what it tells, new circuits, and who is not let in."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from cryptodrug_scraper.common.processes import wait_for
from cryptodrug_scraper.tor.control import RATE_LIMIT, TorControl, bootstrap_words
from cryptodrug_scraper.tor.errors import TorUnavailable
from tests.ports import free_ports
from tests.tor.network import RunningNetwork
from tests.tor.nodes import Node

PASSWORD = "correct horse"


@pytest.mark.slow
def test_status(tor_network: RunningNetwork, onion: str) -> None:
    tor_network.connect(onion).close()
    with TorControl(tor_network.control) as control:
        status = control.status()
    assert status.ready
    assert (status.percent, status.summary, status.warning) == (100, "Done", "")
    assert status.version.startswith("0.4")
    assert status.socks == (tor_network.socks,)
    assert status.circuits > 0
    assert status.live
    assert status.read > 10_000
    assert status.written > 10_000


@pytest.mark.slow
def test_new_identity_waits_for_its_turn(tor_network: RunningNetwork) -> None:
    told: list[float] = []
    with TorControl(tor_network.control) as control:
        control.new_identity()
        took = control.new_identity(told.append)
    assert told == [RATE_LIMIT]
    assert took > 1


@pytest.fixture
def asleep(tor_programs: None, tmp_path: Path) -> Node:
    """A Tor that goes to no network; the test starts it, and it ends with the test."""
    return Node(tmp_path, "asleep")


def start(node: Node, **lines: str) -> str:
    """Start a Tor without network and return its control port's address."""
    node.start({"DisableNetwork": "1", "SocksPort": "0", **lines})
    return node.control


def test_one_that_is_not_connected(asleep: Node) -> None:
    try:
        with TorControl(start(asleep)) as control:
            status = control.status()
        assert not status.ready
        assert status.percent == 0
        assert status.socks == ()
    finally:
        asleep.stop()


def test_passwords(asleep: Node, caplog: pytest.LogCaptureFixture) -> None:
    hashed = asleep._run(["tor", "--quiet", "--hash-password", PASSWORD]).split()[-1]
    caplog.set_level(logging.NOTSET)
    try:
        address = start(asleep, HashedControlPassword=hashed, CookieAuthentication="0")
        with pytest.raises(TorUnavailable, match="set CRYPTODRUG_TOR_PASSWORD"):
            TorControl(address).__enter__()
        with pytest.raises(TorUnavailable, match="refuses the password") as refused:
            TorControl(address, "wrong battery").__enter__()
        for secret in (PASSWORD, SecretStr(PASSWORD)):
            with TorControl(address, secret) as control:
                assert control.status().percent == 0
                assert PASSWORD not in repr(control)
                assert PASSWORD not in str(vars(control))
    finally:
        asleep.stop()
    assert "battery" not in str(refused.value)
    assert refused.value.__suppress_context__
    assert "battery" not in caplog.text
    assert PASSWORD not in caplog.text


def test_a_unix_socket_and_a_cookie_that_is_gone(asleep: Node) -> None:
    path = asleep.folder / "control.sock"
    try:
        start(asleep, ControlSocket=str(path))
        assert wait_for(path.exists, 10)
        with TorControl(str(path)) as control:
            assert control.status().percent == 0
        cookie = asleep.folder / "control_auth_cookie"
        cookie.write_bytes(bytes(32))
        with pytest.raises(TorUnavailable, match="another Tor's"):
            TorControl(str(path)).__enter__()
        cookie.unlink()
        with pytest.raises(TorUnavailable, match=r"control_auth_cookie.*may not read"):
            TorControl(str(path)).__enter__()
    finally:
        asleep.stop()
    with pytest.raises(TorUnavailable, match="No control port answers"):
        TorControl(str(path)).__enter__()


def test_one_that_ends_while_it_is_used(asleep: Node) -> None:
    try:
        with TorControl(start(asleep)) as control:
            asleep.stop()
            with pytest.raises(TorUnavailable, match="does not answer on its control port"):
                control.status()
    finally:
        asleep.stop()


def test_addresses_where_none_is() -> None:
    (port,) = free_ports(1)
    with pytest.raises(TorUnavailable, match=r"No control port answers.*tor run"):
        TorControl(f"127.0.0.1:{port}").__enter__()
    with pytest.raises(TorUnavailable, match="CRYPTODRUG_TOR_CONTROL"):
        TorControl("9051").__enter__()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TorUnavailable, match="is not Tor's control port"):
            TorControl(address).__enter__()


def test_words_of_a_bootstrap() -> None:
    line = r'WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting to \"it\"" WARNING="No route"'
    words = bootstrap_words(line)
    assert words == {
        "PROGRESS": "5",
        "TAG": "conn",
        "SUMMARY": 'Connecting to "it"',
        "WARNING": "No route",
    }
