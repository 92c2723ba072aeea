"""The containers: who runs in them, what they reach, and what must not be in their images."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

TORRC = ROOT / "docker" / "tor" / "torrc"


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))


def instructions(path: Path) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, lines that go on joined."""
    text = re.sub(r"\\\n", " ", path.read_text("utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


DOCKERFILES = [ROOT / "Dockerfile", ROOT / "docker" / "tor" / "Dockerfile"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_images_run_as_a_user_of_their_own_and_hold_no_secret(path: Path) -> None:
    last = path.read_text("utf-8").rpartition("\nFROM ")[2]
    users = re.findall(r"^USER (\S+)", last, re.M)
    assert users and users[-1] not in ("root", "0", "0:0")
    assert re.search(r"^HEALTHCHECK .*CMD \[", last, re.M)
    found = instructions(path)
    assert not any(word in ("ADD", "ARG") for word, _ in found)
    for word, rest in found:
        if word == "ENV":
            assert not re.search(r"PASSWORD|SECRET|TOKEN|COOKIE", rest, re.I)
        if word == "COPY":
            assert rest.split()[0] not in (".", "./")
    # Readable to that user, whatever the umask was under which the checkout was made.
    for options in re.findall(r"^COPY (.*)", last, re.M):
        assert re.search(r"--from=|--chmod=0[67][45][45] ", options)


def test_the_image_installs_what_is_locked_by_hash_to_run_and_nothing_else() -> None:
    _, wheel, build, image = re.split(
        r"^FROM .*\n", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.M
    )
    assert re.findall(r"pip (?:install|wheel) .*", wheel) == [
        "pip install --require-hashes -r requirements-dev.lock",
        "pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .",
    ]
    assert re.findall(r"pip .*", build) == [
        "pip install --require-hashes -r requirements.lock",
        "pip install --no-deps --no-index /wheels/*.whl",
    ]
    assert re.findall(r"--from=(.*)", build) == ["wheel /wheels /wheels"]
    assert re.findall(r"--from=(.*)", image) == ["build /opt/cryptodrug /opt/cryptodrug"]
    assert not re.search(r"\bpip\b", image)


def test_all_packages_are_in_the_image_and_nothing_else_is_sent() -> None:
    said = (ROOT / "pyproject.toml").read_text("utf-8")
    packages = re.search(r"^packages = \[(.+)\]", said.partition("targets.wheel")[2], re.M)
    assert packages is not None
    names = set(re.findall(r'"(\w+)"', packages.group(1)))
    copied = {rest.split()[0] for word, rest in instructions(ROOT / "Dockerfile") if word == "COPY"}
    assert names <= copied
    ignored = [
        line
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert ignored[0] == "*"
    sent = {line[1:] for line in ignored if line.startswith("!")}
    assert names <= sent
    locks = {"requirements.lock", "requirements-dev.lock"}
    assert sent - names == {"pyproject.toml", "README.md", "LICENSE", "scrapy.cfg"} | locks


def test_the_crawler_has_no_way_out_but_tor(compose: Any) -> None:
    services, networks = compose["services"], compose["networks"]
    assert set(services) == {"postgres", "tor", "crawler", "monitor"}
    assert networks["inside"] == {"internal": True}
    for name in ("crawler", "monitor"):
        assert services[name]["networks"] == ["inside"]
        assert services[name]["dns"] == ["127.0.0.1"]
        assert services[name]["environment"]["CRYPTODRUG_TOR_SOCKS"] == "tor:9050"
    assert set(services["tor"]["networks"]) == {"inside", "outside"}
    assert "outside" not in services["postgres"]["networks"]
    for service in services.values():
        for wider in ("network_mode", "privileged", "extra_hosts", "cap_add", "pid", "links"):
            assert wider not in service
        assert all(named in networks for named in service["networks"])


def test_ports_are_published_on_this_machine_only(compose: Any) -> None:
    ports = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert ports["tor"] == ports["crawler"] == ports["monitor"] == []
    assert all(port.startswith("127.0.0.1:") for port in ports["postgres"])


def test_services_are_confined_and_checked(compose: Any) -> None:
    services = compose["services"]
    for name, service in services.items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["healthcheck"]["test"], name
        assert service.get("user", "x") not in ("root", "0"), name
        for volume in service["volumes"]:
            assert volume.split(":")[0] in compose["volumes"], volume
    for name in ("tor", "crawler", "monitor"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    for name in ("crawler", "monitor"):
        assert services[name]["depends_on"] == {
            name: {"condition": "service_healthy"} for name in ("postgres", "tor")
        }
        kept = {volume.split(":")[1] for volume in services[name]["volumes"]}
        assert kept == {"/data", "/data/archive", "/data/sessions"}


def test_the_password_comes_from_a_file_that_is_not_kept(compose: Any) -> None:
    ((secret_name, secret),) = compose["secrets"].items()
    file = secret["file"].removeprefix("./")
    assert f"/{Path(file).parent}/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    services = compose["services"]
    given = f"/run/secrets/{secret_name}"
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD_FILE"] == given
    for name in ("crawler", "monitor"):
        assert services[name]["environment"]["CRYPTODRUG_DATABASE_PASSWORD_FILE"] == given
        assert services[name]["secrets"] == services["postgres"]["secrets"]
    for service in services.values():
        for key, value in service.get("environment", {}).items():
            assert key.endswith("_FILE") or "PASSWORD" not in key
            assert not re.search(r"://[^/]*:[^/]*@", value)
    assert services["postgres"]["secrets"] == [secret_name]
    assert "secrets" not in services["tor"]


# -- Tor -------------------------------------------------------------------------------------


def test_tor_serves_onion_services_only() -> None:
    text = TORRC.read_text("utf-8")
    (port,) = re.findall(r"^SocksPort (.+)", text, re.M)
    assert set(port.split()) == {"0.0.0.0:9050", "IsolateSOCKSAuth", "OnionTrafficOnly"}
    assert re.findall(r"^SocksPolicy (.+)", text, re.M)[-1] == "reject *"
    assert re.findall(r"^ControlPort (.+)", text, re.M) == ["127.0.0.1:9051"]
    assert "CookieAuthentication 1" in text


@pytest.mark.skipif(shutil.which("tor") is None, reason="Tor is not installed here")
def test_tor_takes_its_settings(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    done = subprocess.run(
        ["tor", "--verify-config", "-f", str(TORRC), "--DataDirectory", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "Configuration was valid" in done.stdout


class ControlPort(threading.Thread):
    """Answers one connection as Tor's control port does."""

    def __init__(self, phase: str) -> None:
        super().__init__(daemon=True)
        self.phase = phase
        self.asked = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.port = int(self._listener.getsockname()[1])

    def run(self) -> None:
        with self._listener, self._listener.accept()[0] as client:
            while not self.asked.endswith(b"QUIT\r\n"):
                piece = client.recv(4096)
                if not piece:
                    return
                self.asked += piece
            said = f"250 OK\r\n250-status/bootstrap-phase={self.phase}\r\n250 OK\r\n"
            client.sendall(said.encode() + b"250 closing connection\r\n")


@pytest.mark.parametrize(
    ("phase", "code", "said"),
    [
        ('NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"', 0, ""),
        ('NOTICE BOOTSTRAP PROGRESS=10 TAG=conn_done SUMMARY="…"', 1, "PROGRESS=10 TAG=conn_done"),
        ("", 1, "does not say"),
    ],
)
def test_the_health_check_asks_tor(tmp_path: Path, phase: str, code: int, said: str) -> None:
    cookie = tmp_path / "cookie"
    cookie.write_bytes(bytes(range(32)))
    control = ControlPort(phase)
    control.start()
    done = _check(cookie, control.port)
    control.join(30)
    assert done.returncode == code, done.stderr
    assert said in done.stdout
    assert control.asked.startswith(f"AUTHENTICATE {bytes(range(32)).hex()}\r\n".encode())
    assert b"GETINFO status/bootstrap-phase\r\n" in control.asked


def test_the_health_check_fails_without_tor(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        assert _check(tmp_path / "no cookie", port).returncode != 0
        (tmp_path / "cookie").write_bytes(b"x" * 32)
        assert _check(tmp_path / "cookie", port).returncode != 0


def _check(cookie: Path, port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(ROOT / "docker" / "tor" / "healthcheck")],
        env=os.environ | {"TOR_COOKIE": str(cookie), "TOR_CONTROL_PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
