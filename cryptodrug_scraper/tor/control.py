"""Tor's control port: how Tor is, and new circuits for everybody who uses it."""

from __future__ import annotations

import contextlib
import logging
import re
import shlex
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import stem
import stem.connection
import stem.control
from pydantic import SecretStr

from cryptodrug_scraper.tor.address import host_and_port
from cryptodrug_scraper.tor.errors import TorUnavailable

# stem logs what it sends, passwords included, and sets its logger to let all of it through.
logging.getLogger("stem").setLevel(logging.WARNING)

RATE_LIMIT = 10.0  # seconds in which Tor acts on one NEWNYM; it puts off what comes too soon
_PATIENCE = 5.0  # seconds for something that listens to answer as a control port does


@dataclass(frozen=True, slots=True)
class TorStatus:
    """How a Tor was when it was asked."""

    version: str
    percent: int  # of the bootstrap, 0 to 100
    summary: str  # the bootstrap's phase in Tor's words: "Done"
    warning: str  # what hinders the bootstrap, in Tor's words; mostly empty
    circuits: int  # how many are built and open
    socks: tuple[str, ...]  # where it takes SOCKS connections: HOST:PORT, or unix:PATH
    live: bool  # whether Tor believes that its network can be reached
    read: int  # bytes since its start
    written: int
    reason: str = ""  # of the warning, in one of Tor's words: TIMEOUT, NOROUTE …
    uptime: float | None = None  # seconds since its start, if it says so
    log: str | None = None  # the file that it writes its log to, if it says so
    data: str | None = None  # its own folder

    @property
    def ready(self) -> bool:
        """Whether requests can be made through it."""
        return self.percent == 100 and bool(self.socks) and self.live


class TorControl:
    """A connection to a control port: ``with TorControl("127.0.0.1:9051") as tor: …``.

    ``address`` is ``HOST:PORT`` or the path of a Unix socket (``/run/tor/control``). Where Tor
    asks for a cookie it is read from where Tor says; a password is used if Tor asks for one.
    Entering the context, and each method, raises TorUnavailable if it cannot be done.
    """

    def __init__(self, address: str, password: SecretStr | str | None = None) -> None:
        self.address = address.strip()
        self._password = SecretStr(password) if isinstance(password, str) else password
        self._controller: stem.control.Controller | None = None

    def __enter__(self) -> Self:
        controller = self._connect()
        try:
            self._authenticate(controller)
        except BaseException:
            controller.close()
            raise
        self._controller = controller
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; what Tor does goes on."""
        controller, self._controller = self._controller, None
        if controller is not None:
            with contextlib.suppress(stem.ControllerError, OSError):
                controller.close()

    # -- what it can do -----------------------------------------------------------------

    def status(self) -> TorStatus:
        """Ask how Tor is."""
        with self._connected() as tor:
            phase = bootstrap_words(tor.get_info("status/bootstrap-phase"))
            circuits = tor.get_info("circuit-status").splitlines()
            return TorStatus(
                version=tor.get_info("version").split()[0],
                percent=int(phase.get("PROGRESS", "0")),
                summary=phase.get("SUMMARY", ""),
                warning=phase.get("WARNING", ""),
                circuits=sum(line.split()[1:2] == ["BUILT"] for line in circuits),
                socks=tuple(shlex.split(tor.get_info("net/listeners/socks"))),
                live=tor.get_info("network-liveness") == "up",
                read=int(tor.get_info("traffic/read")),
                written=int(tor.get_info("traffic/written")),
                reason=phase.get("REASON", ""),
                uptime=_number(tor.get_info("uptime", None)),
                log=_log_file(tor.get_conf("Log", [], multiple=True)),
                data=tor.get_conf("DataDirectory", None),
            )

    def new_identity(self, on_delay: Callable[[float], None] | None = None) -> float:
        """Let Tor use new circuits for all that comes; return the seconds until it did.

        Tor acts on this once in ten seconds (`RATE_LIMIT`) and puts off what comes sooner. This
        waits until it has acted; ``on_delay`` is told before how many seconds that takes at
        most. Streams that are open keep their circuits.
        """
        acted = threading.Event()

        def heard(event: stem.response.events.SignalEvent) -> None:
            if event.signal == stem.Signal.NEWNYM:
                acted.set()

        started = time.monotonic()
        with self._connected() as tor:
            tor.add_event_listener(heard, stem.control.EventType.SIGNAL)
            try:
                tor.signal(stem.Signal.NEWNYM)
                if not acted.wait(0.5):
                    if on_delay is not None:
                        on_delay(RATE_LIMIT)
                    if not acted.wait(RATE_LIMIT + _PATIENCE):
                        raise TorUnavailable(
                            f"The Tor at {self.address} took the request for new circuits but "
                            "does not act on it. Look at its log, or start it again."
                        )
            finally:
                tor.remove_event_listener(heard)
        return time.monotonic() - started

    def ask(self, key: str) -> str:
        """Return Tor's answer to ``GETINFO key``."""
        with self._connected() as tor:
            return str(tor.get_info(key))

    @property
    def controller(self) -> stem.control.Controller:
        """Stem's own connection, for what has no method here."""
        if self._controller is None:
            raise RuntimeError("TorControl is used outside its context")
        return self._controller

    def take_ownership(self) -> None:
        """Let Tor end as soon as this connection does, however that comes."""
        with self._connected() as tor:
            tor.msg("TAKEOWNERSHIP")

    @contextlib.contextmanager
    def _connected(self) -> Iterator[stem.control.Controller]:
        try:
            yield self.controller
        except (stem.ControllerError, OSError) as error:
            raise TorUnavailable(
                f"The Tor at {self.address} does not answer on its control port any more "
                f"({type(error).__name__}). Has it been stopped? See `cryptodrug tor status`."
            ) from None

    # -- getting in ---------------------------------------------------------------------

    def _connect(self) -> stem.control.Controller:
        try:
            if "/" in self.address:
                self._expect_a_control_port(socket.AF_UNIX, self.address)
                return stem.control.Controller.from_socket_file(self.address)
            host, port = host_and_port(self.address)
            number = socket.gethostbyname(host)
            self._expect_a_control_port(socket.AF_INET, (number, port))
            return stem.control.Controller.from_port(number, port)
        except ValueError as error:
            raise TorUnavailable(f"CRYPTODRUG_TOR_CONTROL: {error}.") from None
        except (ConnectionRefusedError, FileNotFoundError):
            raise TorUnavailable(
                f"No control port answers at {self.address}. If a Tor runs, its torrc needs "
                "`ControlPort 9051` and `CookieAuthentication 1`; or start one with "
                "`cryptodrug tor run`, and set CRYPTODRUG_TOR_CONTROL to where it is."
            ) from None
        except PermissionError:
            raise TorUnavailable(
                f"You may not use the control socket {self.address}. On Debian, join the group: "
                "`sudo adduser $USER debian-tor`, and log in again."
            ) from None
        except (stem.SocketError, OSError) as error:
            raise TorUnavailable(
                f"The control port at {self.address} cannot be reached "
                f"({getattr(error, 'strerror', None) or error})."
            ) from None

    def _expect_a_control_port(self, family: int, target: str | tuple[str, int]) -> None:
        """Ask as anybody may, with a limit of time, which stem does not have."""
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(_PATIENCE)
            connection.connect(target)
            with contextlib.suppress(OSError):
                connection.sendall(b"PROTOCOLINFO 1\r\n")
                if connection.recv(4) == b"250-":
                    return
        raise TorUnavailable(
            f"What listens at {self.address} is not Tor's control port. "
            "Is it the SOCKS port? CRYPTODRUG_TOR_CONTROL names the other one."
        )

    def _authenticate(self, controller: stem.control.Controller) -> None:
        at = f"The control port at {self.address}"
        given = self._password.get_secret_value() if self._password else None
        try:
            self._log_in(controller, given)
            return
        except stem.connection.MissingPassword:
            problem = f"{at} asks for a password: set CRYPTODRUG_TOR_PASSWORD."
        except stem.connection.IncorrectPassword:
            problem = f"{at} refuses the password of CRYPTODRUG_TOR_PASSWORD."
        except stem.connection.UnreadableCookieFile as error:
            problem = (
                f"{at} asks for the cookie in {error.cookie_path}, which you may not read. On "
                "Debian, join the group that may: `sudo adduser $USER debian-tor`, and log in "
                "again; or set a HashedControlPassword in its torrc and CRYPTODRUG_TOR_PASSWORD."
            )
        except (stem.connection.IncorrectCookieValue, stem.connection.IncorrectCookieSize) as error:
            problem = f"{at} refuses the cookie in {error.cookie_path}: it is another Tor's."
        except (stem.ControllerError, OSError) as error:
            problem = f"{at} lets nobody in ({type(error).__name__})."
        raise TorUnavailable(problem) from None

    def _log_in(self, controller: stem.control.Controller, password: str | None) -> None:
        """Authenticate in another thread: stem swallows Ctrl-C in it, and has no limit of time."""
        failed: list[Exception] = []

        def work() -> None:
            try:
                controller.authenticate(password=password)
            except Exception as error:
                failed.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(2 * _PATIENCE)
        if thread.is_alive():
            raise TorUnavailable(f"The control port at {self.address} stopped answering.")
        if failed:
            raise failed[0]


def _number(text: str | None) -> float | None:
    return float(text) if text and text.strip().isdecimal() else None


def _log_file(lines: list[str]) -> str | None:
    """Return the file of the first line of a configuration that names one: ``notice file PATH``."""
    for text in lines:
        match = re.search(r"(?:^|\s)file\s+(.+)", text)
        if match:
            return match[1].strip().strip('"')
    return None


def bootstrap_words(line: str) -> dict[str, str]:
    """Read ``NOTICE BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting to a relay"``."""
    words = {}
    for word in shlex.split(line):
        key, equals, value = word.partition("=")
        if equals:
            words[key] = value
    return words
