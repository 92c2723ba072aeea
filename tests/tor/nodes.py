"""The processes of a private Tor network: how each is set up, started, watched and ended."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import psutil

from cryptodrug_scraper.common.processes import wait_for
from cryptodrug_scraper.tor.control import TorControl
from cryptodrug_scraper.tor.errors import TorUnavailable
from cryptodrug_scraper.tor.process import as_owner

PROGRAMS = ("tor", "tor-gencert")
Lines = Mapping[str, str | Iterable[str]]


class NetworkFailed(Exception):
    """The private network does not start or work; the message ends with a node's log."""


class PortTaken(NetworkFailed):
    """Another process took a port between choosing and using it."""


def missing_programs() -> list[str]:
    """Name what of Debian's package `tor` is not on this machine."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


class Node:
    """One Tor process below a folder of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.folder = folder / name
        self.log = self.folder / "tor.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._connection: TorControl | None = None
        (self.folder / "keys").mkdir(mode=0o700, parents=True)
        self.folder.chmod(0o700)

    # -- keys ---------------------------------------------------------------------------

    def make_authority(self, directory_port: int) -> tuple[str, str]:
        """Make an authority's keys; return its v3 identity and its relay fingerprint."""
        self._run(
            [
                *("tor-gencert", "--create-identity-key", "--passphrase-fd", "0", "-m", "12"),
                *("-a", f"127.0.0.1:{directory_port}", "-i", "keys/authority_identity_key"),
                *("-s", "keys/authority_signing_key", "-c", "keys/authority_certificate"),
            ],
            "no secret\n",
        )
        certificate = (self.folder / "keys" / "authority_certificate").read_text()
        identity = re.search(r"^fingerprint ([0-9A-F]{40})$", certificate, re.M)
        (self.folder / "defaults").touch()
        placeholder = f"placeholder 127.0.0.1:1 {'F' * 40}"
        said = self._run(
            [
                *("tor", "--list-fingerprint", "--DataDirectory", str(self.folder)),
                *("--ORPort", "1", "--DirAuthority", placeholder, "--Nickname", self.name),
                *("--defaults-torrc", "defaults", "-f", "defaults"),
            ]
        )
        own = re.search(rf"^{self.name} ([0-9A-F ]{{40,}})$", said, re.M)
        if identity is None or own is None:
            raise NetworkFailed(f"no keys could be made for {self.name}:\n{said}")
        return identity.group(1), own.group(1).replace(" ", "")

    def _run(self, command: list[str], given: str = "") -> str:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, cwd=self.folder, check=False
        )
        said = done.stdout + done.stderr
        if done.returncode:
            raise NetworkFailed(f"{command[0]} failed for {self.name}:\n{said}")
        return said

    # -- running ------------------------------------------------------------------------

    def start(self, lines: Lines) -> None:
        """Start the process; it ends on its own, too, some time after this process."""
        ours: Lines = {
            "DataDirectory": str(self.folder),
            "ControlPort": "127.0.0.1:auto",
            "ControlPortWriteToFile": str(self.folder / "control"),
            "CookieAuthentication": "1",
            "ShutdownWaitLength": "0",
            "NumCPUs": "1",
            "SafeLogging": "0",
            "Log": "notice stdout",
            "__OwningControllerProcess": as_owner(os.getpid()),
            "__ReloadTorrcOnSIGHUP": "0",
        }
        torrc = self.folder / "torrc"
        torrc.write_text(as_torrc({**ours, **lines}))
        (self.folder / "defaults").touch()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["tor", "--defaults-torrc", str(self.folder / "defaults"), "-f", str(torrc)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def control(self) -> str:
        """The address of the control port; known once the process has opened it."""
        file = self.folder / "control"
        self.wait(file.exists, 20, "did not open its control port")
        return file.read_text().strip().removeprefix("PORT=")

    @property
    def connection(self) -> TorControl:
        """A connection to the control port, made at the first use."""
        if self._connection is None:
            self._connection = TorControl(self.control).__enter__()
        return self._connection

    def ask(self, key: str) -> str:
        """Return the answer to GETINFO, or nothing while there is none."""
        try:
            return self.connection.ask(key)
        except TorUnavailable:
            self.check()
            return ""

    def check(self) -> None:
        """Raise NetworkFailed if the process has ended."""
        if self.process is not None and self.process.poll() is not None:
            said = self.tail()
            kind = PortTaken if "Could not bind" in said else NetworkFailed
            raise kind(f"the node {self.name} ended ({self.process.returncode}):\n{said}")

    def holds(self, condition: Callable[[], bool], patience: float) -> bool:
        """Wait for a condition while the node lives; say whether it came about."""

        def holds_now() -> bool:
            self.check()
            return condition()

        return wait_for(holds_now, patience)

    def wait(self, condition: Callable[[], bool], patience: float, otherwise: str) -> None:
        """Wait for a condition while the node lives; raise NetworkFailed with its log."""
        if not self.holds(condition, patience):
            raise NetworkFailed(
                f"the node {self.name} {otherwise} in {patience:.0f} s:\n{self.tail()}"
            )

    def tail(self, lines: int = 15) -> str:
        """Return the end of the node's log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join("  " + line for line in text.splitlines()[-lines:])

    def terminate(self) -> None:
        """Ask the process to end, and do not wait for it."""
        if self.process is not None:
            self.process.terminate()

    def stop(self) -> None:
        """End the process, if it runs."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        process, self.process = self.process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def nodes_below(folder: Path) -> list[psutil.Process]:
    """Return the Tor processes whose configuration is below a folder."""
    return [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "tor" and f"{folder}{os.sep}" in str(process.info["cmdline"])
    ]


def end_all(folder: Path) -> None:
    """End all nodes below a folder, whoever started them, and remove the folder."""
    while found := nodes_below(folder):  # again: whoever starts them may be doing so just now
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.terminate()
        for process in psutil.wait_procs(found, timeout=5)[1]:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(found, timeout=5)
    shutil.rmtree(folder, ignore_errors=True)


def as_torrc(options: Lines) -> str:
    """Write options as Tor's configuration file; a list is a line each."""
    return "".join(
        f"{key} {value}\n"
        for key, values in options.items()
        for value in ([values] if isinstance(values, str) else values)
    )
