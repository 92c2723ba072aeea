"""`cryptodrug fetch`: what it connects to, and through Tor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.access.sessions import SessionStore
from cryptodrug_scraper.cli.errors import Code
from tests.cli.fetching import ONION, archived, fetched, files, holding, prepare, stored
from tests.cli.running import run
from tests.conftest import ROOT
from tests.crawl.socks import tor
from tests.simulator.serving import listing_address, serving
from tests.tor.network import RunningNetwork


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRYPTODRUG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path / "data"


def test_without_tor(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    MirrorStore(data / "mirrors").add("dream", ONION)
    SessionStore(data / "sessions").add("dream", "default", {"a": "s3cretvalue"})
    monkeypatch.setenv("CRYPTODRUG_TOR_SOCKS", "127.0.0.1:1")
    before = files(data)
    for arguments in ([], ["--socks", "127.0.0.1:2"]):
        result = fetched(f"http://{ONION}/", *arguments)
        assert result.exit_code == Code.TOR, result.output
        assert "cryptodrug tor run" in result.stderr
    assert files(data) == before
    assert stored(data).requests == 0


def test_through_tor_by_name_on_the_sessions_circuit(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving("dream") as server:
        prepare(data, server, "dream", "anna")
        MirrorStore(data / "mirrors").add("dream", ONION)
        with tor(monkeypatch, ("127.0.0.1", server.port)) as socks:
            address = f"http://{ONION}{listing_address('dream')}"
            assert fetched(address).exit_code == 0
            assert socks.users == ["dream-anna-0"]
            for _ in range(2):
                assert fetched(address, "--anonymous").exit_code == 75
            assert len(set(socks.users)) == 3  # nobody is not known again
            assert set(socks.hosts) == {ONION}


@pytest.mark.parametrize("reply", [1, 4, 6])
def test_tor_cannot_reach_it(data: Path, monkeypatch: pytest.MonkeyPatch, reply: int) -> None:
    MirrorStore(data / "mirrors").add("dream", ONION)
    with tor(monkeypatch, None, reply):
        result = fetched(f"http://{ONION}/", "--anonymous")
    assert result.exit_code == 1
    assert "Tor could not reach it" in result.stderr
    (mirror,) = MirrorStore(data / "mirrors").all("dream")
    assert mirror.failed == 1


_COUNTING = """
import sys
told = []
def hook(event, arguments):
    if event == "socket.connect":
        told.append(("connect", arguments[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex"):
        told.append(("look up", arguments[0]))
sys.addaudithook(hook)
from cryptodrug_scraper.cli import main
sys.argv = ["cryptodrug", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    code = end.code
import json
print("\\n" + json.dumps([code, told]), file=sys.stderr)
"""


def counted(*arguments: str) -> tuple[int, list[tuple[str, object]]]:
    """Run the command; return its code, and all names that were looked up or connected to."""
    done = subprocess.run(
        [sys.executable, "-c", _COUNTING, "fetch", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"},
        timeout=100,
        check=False,
    )
    code, told = json.loads(done.stderr.splitlines()[-1])
    return code, told


@pytest.mark.parametrize("fault", ["redirect_out", "redirect_phishing", "clearnet"])
def test_nothing_else_is_connected_to_or_looked_up(data: Path, fault: str) -> None:
    with serving("dream", f"{fault}=1") as server:
        prepare(data, server, "dream")
        code, told = counted(server.address + listing_address("dream"), "--direct")
    assert code == (0 if fault == "clearnet" else 1)
    assert [what for what in told if what[0] == "connect"] == [
        ["connect", ["127.0.0.1", server.port]]
    ]
    assert all("127.0.0.1" in str(what[1]) for what in told)


def test_clearnet_addresses_are_not_even_looked_up() -> None:
    for url in ("http://search.example/", "https://127.0.0.1.evil.example/", f"http://{ONION}/"):
        code, told = counted(url, "--direct")
        assert (code, told) == (2, [])


def test_through_tor_no_name_is_looked_up(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving("dream", "redirect_out=1") as server:
        prepare(data, server, "dream")
        MirrorStore(data / "mirrors").add("dream", ONION)
        with tor(monkeypatch, ("127.0.0.1", server.port)) as socks:
            code, told = counted(f"http://{ONION}{listing_address('dream')}")
            assert code == 1
            assert socks.hosts == [ONION]
            port = int(socks.address.rpartition(":")[2])
    assert all(what[1] in ("127.0.0.1", ["127.0.0.1", port]) for what in told), told


@pytest.mark.slow
def test_through_the_tor_network(
    data: Path, monkeypatch: pytest.MonkeyPatch, tor_network: RunningNetwork
) -> None:
    monkeypatch.setenv("CRYPTODRUG_TOR_SOCKS", tor_network.socks)
    with serving("dream") as server:
        cookie = prepare(data, server, "dream")
        host = tor_network.publish(server.port)
        try:
            MirrorStore(data / "mirrors").add("dream", host)
            address = f"http://{host}{listing_address('dream')}"
            result = fetched(address, "--json")
            nobody = fetched(address, "--anonymous")
            checked = run("session", "check", "dream")
        finally:
            tor_network.withdraw(host)
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert (said["kind"], said["url"]) == ("listing", address)
    assert nobody.exit_code == 75
    assert checked.exit_code == 0 and f"signed in (http://{host}" in checked.stdout
    assert {page.url for page in archived(data)} == {address}
    assert holding(data, cookie) == {"sessions/dream/default.json"}
