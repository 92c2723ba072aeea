"""Files by which a machine's own service manager runs the monitor: systemd's, or launchd's.

They are a user's own, so nobody needs to be root. Each is written as a whole; what others wrote
under such a name is never touched.
"""

from __future__ import annotations

import os
import plistlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptodrug_scraper.monitor.config import MonitorConfig
from cryptodrug_scraper.monitor.jobs import COMMAND
from cryptodrug_scraper.monitor.on_calendar import on_calendar

LABEL = "org.cryptodrug.monitor"
MARK = "# Written by `cryptodrug monitor install`."
SERVICE = "cryptodrug-monitor.service"
SECRET = ("DATABASE_URL", "CRYPTODRUG_DATABASE_URL", "CRYPTODRUG_TOR_PASSWORD")
"""Settings that may hold a password: never written."""

_STOP = 180
"""Seconds that a crawl has to end by itself, with what it holds written."""

# Of a user's service. No filter of system calls or namespaces: the browser that prints bulletins
# makes its own sandbox with them.
_HARDENED = """\
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
"""


@dataclass(frozen=True)
class UnitFile:
    """A file to be written."""

    path: Path
    content: bytes


@dataclass(frozen=True)
class Installation:
    """What the files are made of: who watches what, where it is run, with which settings."""

    config: Path
    watched: MonitorConfig
    folder: Path
    settings: Mapping[str, str]

    def service(self) -> list[UnitFile]:
        """Return systemd's unit of one service that runs until it is stopped."""
        text = (
            f"{MARK}\n[Unit]\nDescription=cryptodrug: markets that are watched\n"
            "StartLimitIntervalSec=1h\nStartLimitBurst=10\n"
            f"\n[Service]\nType=exec\n{self._where()}"
            f"ExecStart={_command(self._run())}\n"
            "Restart=on-failure\nRestartSec=30s\n"
            "# 2: monitor.toml is wrong; that does not pass by itself.\n"
            "RestartPreventExitStatus=2\n"
            "# It ends its jobs itself; the database that others may use too goes on.\n"
            f"KillMode=process\nTimeoutStopSec={_STOP}s\n{_HARDENED}"
            "\n[Install]\nWantedBy=default.target\n"
        )
        return [UnitFile(systemd_folder() / SERVICE, text.encode())]

    def timers(self) -> list[UnitFile]:
        """Return systemd's units of a crawl and its timer for each market.

        Raises ValueError for cron words that systemd cannot keep exactly.
        """
        files = []
        for market, watched in self.watched.markets.items():
            try:
                calendar = on_calendar(watched.when, self.watched.zone)
            except ValueError as error:
                raise ValueError(f"markets.{market}.when: {error}") from None
            crawl = [*COMMAND, "crawl", market, *watched.arguments(), "--quiet"]
            health = [*COMMAND, "monitor", "health", "--market", market]
            service = (
                f"{MARK}\n[Unit]\nDescription=cryptodrug: a crawl of {market}\n"
                f"\n[Service]\nType=oneshot\n{self._where()}ExecStart={_command(crawl)}\n"
                f"ExecStopPost={_command([*health, '--config', str(self.config)])}\n"
                f"KillMode=process\nTimeoutStopSec={_STOP}s\n{_HARDENED}"
            )
            timer = (
                f"{MARK}\n[Unit]\nDescription=cryptodrug: when {market} is crawled\n"
                f"\n[Timer]\nOnCalendar={calendar}\nPersistent=true\n"
                "\n[Install]\nWantedBy=timers.target\n"
            )
            name = systemd_folder() / f"cryptodrug-crawl-{market}"
            files.append(UnitFile(name.with_suffix(".service"), service.encode()))
            files.append(UnitFile(name.with_suffix(".timer"), timer.encode()))
        return files

    def agent(self) -> list[UnitFile]:
        """Return launchd's list of properties of one service."""
        log = str(Path(self.settings["CRYPTODRUG_DATA_DIR"]) / "monitor.log")
        content = {
            "Label": LABEL,
            "ProgramArguments": self._run(),
            "WorkingDirectory": str(self.folder),
            "EnvironmentVariables": dict(self.settings),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 30,
            "ExitTimeOut": _STOP,
            "ProcessType": "Background",
            "Umask": 0o77,
            "StandardOutPath": log,
            "StandardErrorPath": log,
        }
        return [UnitFile(launchd_folder() / f"{LABEL}.plist", plistlib.dumps(content))]

    def _run(self) -> list[str]:
        return [*COMMAND, "monitor", "run", "--config", str(self.config)]

    def _where(self) -> str:
        settings = "".join(
            f"Environment={_quoted(f'{name}={value}')}\n" for name, value in self.settings.items()
        )
        return f"WorkingDirectory={_plain(str(self.folder))}\n{settings}"


def settings_to_keep(data_dir: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment a service needs as well; nothing that may be secret."""
    kept = {"CRYPTODRUG_DATA_DIR": str(data_dir)}
    for name, value in sorted(environment.items()):
        if name.startswith("CRYPTODRUG_") and name not in (*SECRET, *kept) and value:
            kept[name] = value
    return kept


def systemd_folder() -> Path:
    """Return where a user's own units are."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def launchd_folder() -> Path:
    """Return where a user's own agents are."""
    return Path.home() / "Library" / "LaunchAgents"


def is_ours(path: Path) -> bool:
    """Say whether a file was written by this module. Raises OSError."""
    return path.name == f"{LABEL}.plist" or path.read_bytes().startswith(MARK.encode())


def installed() -> list[Path]:
    """Return the files that are there and ours."""
    files = [
        *sorted(systemd_folder().glob("cryptodrug-*.service")),
        *sorted(systemd_folder().glob("cryptodrug-*.timer")),
        *sorted(launchd_folder().glob(f"{LABEL}.plist")),
    ]
    return [path for path in files if path.is_file() and is_ours(path)]


def remove(path: Path) -> None:
    """Remove a file of ours, and systemd's links by which it was enabled. Raises OSError."""
    for link in path.parent.glob(f"*.wants/{path.name}"):
        link.unlink()
    path.unlink()


def commands_to_start(files: Sequence[UnitFile]) -> list[str]:
    """Return what is to be called so that the service manager begins."""
    if files[0].path.suffix == ".plist":
        return [f"launchctl bootstrap gui/$(id -u) '{files[0].path}'"]
    timers = [each.path.name for each in files if each.path.suffix == ".timer"]
    return [
        "systemctl --user daemon-reload",
        f"systemctl --user enable --now {' '.join(timers or [each.path.name for each in files])}",
        "loginctl enable-linger    # so that it runs while you are not logged in",
    ]


def commands_to_stop(paths: Sequence[Path]) -> list[str]:
    """Return what is to be called so that what is no longer there does not go on."""
    units = [path.name for path in paths if path.suffix != ".plist"]
    agents = len(units) < len(paths)
    return [
        *([f"systemctl --user stop {' '.join(units)}"] if units else []),
        *(["systemctl --user daemon-reload"] if units else []),
        *([f"launchctl bootout gui/$(id -u)/{LABEL}"] if agents else []),
    ]


def _command(words: Sequence[str]) -> str:
    return " ".join(_quoted(word).replace("$", "$$") for word in words)


def _quoted(text: str) -> str:
    return '"' + _plain(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(text: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError(f"{text!r} has a line break or a control character in it")
    return text.replace("%", "%%")
