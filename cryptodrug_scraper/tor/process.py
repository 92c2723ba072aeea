"""A Tor process of our own, for those who have none running.

How it behaves:

- It is a client and nothing else: no relay, no DNS port, no onion service. Its SOCKS port and
  control port listen on 127.0.0.1; the control port asks for a cookie that only this user can
  read.
- It ends with the process that started it, also if that is killed: at once, since its control
  connection is lost then, and by Tor's own look at that process every 15 seconds.
- Ctrl-C in a terminal does not reach it; `OwnTor.stop` ends it in order.
- One runs in a folder at a time. A second start is refused, and the message says where the first
  one listens: two crawls share one Tor, and are kept apart by their identities' circuits.
- What Tor learns of its network stays in the folder, so that the next start is quick and keeps
  its guards.

Layout, in `FOLDER` (mode 0700):

    data/       Tor's own folder                 tor.log    what Tor said since its last start
    torrc       written at each start            listening  its addresses while it runs
    defaults    empty: the system's defaults do not count
    lock
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from cryptodrug_scraper.common.locks import LockTaken, file_lock
from cryptodrug_scraper.common.processes import HOST, is_free, last_lines
from cryptodrug_scraper.common.progress import OnProgress, Progress, ignore_progress
from cryptodrug_scraper.tor.address import as_address
from cryptodrug_scraper.tor.control import TorControl, bootstrap_words
from cryptodrug_scraper.tor.errors import TorUnavailable
from cryptodrug_scraper.tor.stalls import meaning

_CONTROL_PATIENCE = 30.0  # seconds to open the control port
_ANOTHER = "another Tor process is running with the same data directory"  # in Tor's words
_STALL = 20.0  # seconds without a step until it is said what that may mean
_STOP_PATIENCE = 10.0
_ORPHAN_PATIENCE = 20.0  # an earlier one, whose starter was killed, ends within 15 s

_OURS = re.compile(
    "DataDirectory|PidFile|User|RunAsDaemon|DisableNetwork|ClientOnly|Log|SafeLogging"
    "|Control(Port|PortWriteToFile|Socket)|CookieAuth.*|HashedControlPassword"
    "|(Socks|OR|ExtOR|Dir|DNS|Trans|NATD|HTTPTunnel)Port|HiddenService.*"
    "|__OwningControllerProcess|__ReloadTorrcOnSIGHUP",
    re.IGNORECASE,
)


class OwnTor:
    """A Tor of our own below one folder: ``with OwnTor(folder) as tor: tor.start(…)``.

    With port 0 Tor takes free ones; `socks` and `control` tell which (``127.0.0.1:PORT``).
    ``extra_config`` adds lines to Tor's configuration, several of a name as a list:
    ``{"UseBridges": "1", "Bridge": ["…", "…"]}``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        tor_command: str = "tor",
        socks_port: int = 0,
        control_port: int = 0,
        extra_config: Mapping[str, str | Iterable[str]] | None = None,
    ) -> None:
        self.folder = folder.expanduser().absolute()
        self.log = self.folder / "tor.log"
        self.socks = ""
        self.control = ""
        self._command = tor_command
        self._ports = {"SOCKS port": socks_port, "control port": control_port}
        self._extra = dict(extra_config or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: TorControl | None = None
        self._lock: ExitStack | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- what others call ---------------------------------------------------------------

    def start(
        self,
        on_progress: OnProgress = ignore_progress,
        timeout: float = 120.0,
        on_stall: Callable[[str], None] | None = None,
    ) -> None:
        """Start Tor and return when it is connected to its network.

        ``on_progress`` hears each step, with the phase in Tor's words; ``on_stall`` what it may
        mean where nothing goes forward for some time, and where the log is. Raises TorUnavailable
        if Tor is not installed, its configuration is refused, a port is taken, another runs in
        this folder, or nothing goes forward for ``timeout`` seconds.
        """
        if self._process is not None:
            raise RuntimeError("this Tor has been started already")
        program = shutil.which(self._command)
        if program is None:
            raise TorUnavailable(
                f"There is no program {self._command!r}. Install Tor (Debian and Ubuntu: "
                "`sudo apt install tor`; macOS: `brew install tor`), or name the program in "
                "CRYPTODRUG_TOR_COMMAND."
            )
        try:
            self._take_folder()
            self._write_torrc()
            self._check_ports()
            self._launch(program)
            self._wait_for_bootstrap(
                on_progress,
                on_stall or (lambda words: None),
                timeout,
            )
        except OSError as error:
            self.stop()
            raise TorUnavailable(
                f"Tor cannot be started in {self.folder}: {error.strerror or error}. Choose "
                "another folder with CRYPTODRUG_DATA_DIR."
            ) from error
        except BaseException:
            self.stop()
            raise

    def check(self) -> None:
        """Raise TorUnavailable if the process has ended by itself."""
        if self._process is not None and (code := self._process.poll()) is not None:
            raise TorUnavailable(f"Tor has ended by itself ({code}). It said:\n{self._log_end()}")

    def stop(self) -> None:
        """End Tor, if it runs, and leave the folder to others. It may be started again."""
        process, self._process = self._process, None
        try:
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(_STOP_PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        finally:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._lock is not None:
                self._listening.unlink(missing_ok=True)
                self._lock.close()
                self._lock = None
            self.socks = self.control = ""

    # -- starting -----------------------------------------------------------------------

    @property
    def _listening(self) -> Path:
        return self.folder / "listening"

    def _take_folder(self) -> None:
        """Make the folder, and hold its lock until `stop` or until this process ends."""
        for folder in (self.folder, self.folder / "data"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        lock = ExitStack()
        try:
            lock.enter_context(file_lock(self.folder / "lock"))
        except LockTaken:
            where = ""
            with contextlib.suppress(OSError):
                where = self._listening.read_text().strip()
            raise TorUnavailable(
                f"A Tor of ours runs, or is being started, in {self.folder}. Use that one"
                + (f":\n{where}" if where else ", or end it first.")
            ) from None
        self._lock = lock
        for left_over in self.folder.glob("control-*"):
            left_over.unlink(missing_ok=True)

    def _write_torrc(self) -> None:
        for name, values in self._extra.items():
            texts = [values] if isinstance(values, str) else list(values)
            if not re.fullmatch(r"[A-Za-z0-9_]+", name) or _OURS.fullmatch(name):
                raise TorUnavailable(
                    f"The line {name!r} cannot be added to this Tor's configuration: it is one "
                    "that cryptodrug sets itself. For another set-up run a Tor of your own."
                )
            if any(set(text) & set("\r\n\0") for text in texts):
                raise TorUnavailable(f"The value of {name} must stand on one line.")
            self._extra[name] = texts
        ports = [f"{HOST}:{port or 'auto'}" for port in self._ports.values()]
        lines: dict[str, str | Iterable[str]] = {
            "DataDirectory": _quoted(self.folder / "data"),
            "SocksPort": f"{ports[0]} IsolateSOCKSAuth",
            "ControlPort": ports[1],
            "CookieAuthentication": "1",
            "ClientOnly": "1",
            "SafeLogging": "1",
            "Log": "notice stdout",
            "__OwningControllerProcess": as_owner(os.getpid()),
            "__ReloadTorrcOnSIGHUP": "0",
            **self._extra,
        }
        rows = [
            f"{name} {value}\n"
            for name, values in lines.items()
            for value in ([values] if isinstance(values, str) else values)
        ]
        (self.folder / "torrc").write_text("".join(rows))
        (self.folder / "defaults").write_text("")

    def _check_ports(self) -> None:
        for name, port in self._ports.items():
            if port and not is_free(port):
                raise self._taken(name, port)

    def _taken(self, name: str, port: int) -> TorUnavailable:
        return TorUnavailable(
            f"The {name} {as_address(HOST, port)} is taken by another program (a Tor that runs "
            "already? then use that one). Choose another port, or 0 for a free one."
        )

    def _launch(self, program: str) -> None:
        """Start the process and open its control connection."""
        deadline = time.monotonic() + _ORPHAN_PATIENCE
        while True:
            # A new name each time: a Tor that ends removes its own, however late that is.
            file = self.folder / f"control-{secrets.token_hex(4)}"
            with self.log.open("wb") as log:
                self.log.chmod(0o600)
                self._process = subprocess.Popen(
                    [
                        program,
                        *("--defaults-torrc", str(self.folder / "defaults")),
                        *("-f", str(self.folder / "torrc")),
                        *("--ControlPortWriteToFile", str(file)),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.folder,
                    start_new_session=True,
                )
            if self._connected(file):
                return
            output = self.log.read_text(errors="replace")
            if _ANOTHER in output and time.monotonic() < deadline:
                time.sleep(0.2)  # its starter was killed; it notices soon
                continue
            raise self._refused(output)

    def _connected(self, file: Path) -> bool:
        """Wait for the control port and take it; say whether the process did not end before."""
        deadline = time.monotonic() + _CONTROL_PATIENCE
        assert self._process is not None
        problem = "Tor opens no control port"
        while self._process.poll() is None:
            # One that finds its folder in use opens its ports first, then waits five seconds
            # for the other to go, deaf, and then ends or goes on.
            if file.exists():
                try:
                    self._take_over(file.read_text().strip().removeprefix("PORT="))
                    file.unlink()
                    return True
                except TorUnavailable as error:
                    problem = str(error)
            if time.monotonic() > deadline:
                raise TorUnavailable(
                    f"{problem} ({_CONTROL_PATIENCE:.0f} s). It said:\n{self._log_end()}"
                )
            time.sleep(0.02)
        return False

    def _take_over(self, control: str) -> None:
        """Connect to the control port, so that Tor ends with us, and note where it listens."""
        with contextlib.ExitStack() as closing:
            connection = closing.enter_context(TorControl(control))
            connection.take_ownership()
            self.socks = connection.ask("net/listeners/socks").replace('"', "").split()[0]
            closing.pop_all()
        self._connection, self.control = connection, control
        self._listening.write_text(
            f"CRYPTODRUG_TOR_SOCKS={self.socks}\nCRYPTODRUG_TOR_CONTROL={self.control}\n"
        )

    def _refused(self, output: str) -> TorUnavailable:
        """Say why a process ended before it opened its ports."""
        taken = re.search(r"Could not bind to \S+?:(\d+): Address already in use", output)
        if taken:
            port = int(taken.group(1))
            names = [name for name, ours in self._ports.items() if ours == port]
            return self._taken(names[0] if names else "port", port)
        if _ANOTHER in output:
            return TorUnavailable(
                f"Another Tor uses {self.folder / 'data'}, and none that cryptodrug looks after. "
                "End it, and try again."
            )
        problems = re.findall(r"\[(?:warn|err)\] (.*)", output)
        if any("Reading config failed" in problem for problem in problems):
            refusals = [p for p in problems if "Reading config failed" not in p]
            return TorUnavailable(
                "Tor refuses the configuration. It said:\n" + last_lines("\n".join(refusals))
            )
        return TorUnavailable(f"Tor ended at once. It said:\n{last_lines(output)}")

    def _wait_for_bootstrap(
        self,
        on_progress: OnProgress,
        stalled: Callable[[str], None],
        timeout: float,
    ) -> None:
        assert self._connection is not None
        last: tuple[int, str] = (-1, "")
        soon: float | None = time.monotonic() + _STALL
        deadline = time.monotonic() + timeout
        while True:
            self.check()
            try:
                phase = bootstrap_words(self._connection.ask("status/bootstrap-phase"))
            except TorUnavailable:
                time.sleep(0.2)
                self.check()
                raise
            now = (int(phase.get("PROGRESS", "0")), phase.get("SUMMARY", ""))
            if now != last:
                on_progress(Progress(f"Connecting ({now[1]})", share=now[0] / 100))
                if now[0] > last[0]:
                    deadline = time.monotonic() + timeout
                    soon = time.monotonic() + _STALL
                last = now
            if now[0] == 100:
                return
            if soon is not None and time.monotonic() > soon:
                soon = None
                output = self.log.read_text(errors="replace")
                stalled(
                    f"Tor stands at {now[0]}% ({now[1]}) for {_STALL:.0f} s, and goes on trying.\n"
                    f"{meaning(now[0], phase, output)}\nIts log is {self.log}."
                )
            if time.monotonic() > deadline:
                output = self.log.read_text(errors="replace")
                raise TorUnavailable(
                    f"Tor is stuck at {now[0]}% ({now[1]}) for {timeout:.0f} s.\n"
                    f"{meaning(now[0], phase, output)}\nIts log is {self.log}."
                )
            time.sleep(0.1)

    def _log_end(self) -> str:
        with contextlib.suppress(OSError):
            return last_lines(self.log.read_text(errors="replace"))
        return ""


def as_owner(pid: int) -> str:
    """Write the id of the process with which a Tor is to end: with zeros before it.

    To Tor they make no difference. But where stem finds its own process named as the owner, it
    takes ownership for whatever connection it makes, and closing that one ends Tor.
    """
    return f"{pid:010d}"


def _quoted(path: Path) -> str:
    """Write a path as torrc takes it, whatever is in it."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
