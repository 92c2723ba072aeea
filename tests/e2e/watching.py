"""Watching a process, with all that it starts, for connections and look-ups of names.

Two ways, which see different things:

- **strace** sees every system call, also of C libraries such as libpq and of programs that are no
  Python. Of a look-up it sees what the C library does: it opens ``/etc/hosts`` or
  ``/etc/resolv.conf``, asks a server on port 53, ``nscd`` or ``systemd-resolved``. The C library
  also knocks at ``nscd`` for users, and for addresses in figures; so only an ``nscd`` that answers
  counts (then nothing tells what it was asked), and where none does the files are opened.
  Data sent never reaches the log (``-s 0``). It does not see ``io_uring``.
- **an audit hook** (``audit/sitecustomize.py``) sees what Python code calls, with the name that
  was looked up, and nothing of what C libraries do by themselves. Processes started with
  ``python -I``, ``-E`` or ``-S`` are not watched; they are in ``programs``.

For a process that is started otherwise (and killed, and started again) there are the parts:
``strace_command`` and ``read_strace``, ``audit_environment`` and ``read_audit``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

AUDIT = Path(__file__).parent / "audit"
INTERNET = ("AF_INET", "AF_INET6")
DNS = (53, 853, 5353, 5355)
"""Ports on which names are asked: DNS, over TLS, in the local network."""

_TRACED = "connect,sendto,sendmsg,sendmmsg,socket,execve,openat,?open"
_REFUSED = "connect,sendto,sendmsg,sendmmsg:error=ENETUNREACH"
_LINE = re.compile(r"(?:\[pid +)?(\d+)\]? +(?:<\.\.\. )?([a-z0-9_]+)(.*)")
_ENDED = re.compile(r"(?:\[pid +)?(\d+)\]? +\+\+\+ (?:exited with|killed by) ")
_ADDRESS = re.compile(
    r"sa_family=(?:"
    r"(?P<four>AF_INET), sin_port=htons\((?P<port4>\d+)\),"
    r" sin_addr=inet_addr\(\"(?P<ip4>[^\"]+)\"\)"
    r"|(?P<six>AF_INET6), sin6_port=htons\((?P<port6>\d+)\),"
    r" .*?inet_pton\(AF_INET6, \"(?P<ip6>[^\"]+)\""
    r"|(?P<unix>AF_UNIX)(?:, sun_path=(?P<path>@?\"[^\"]*\"))?"
    r"|(?P<other>AF_\w+))"
)
_RESULT = re.compile(r"\) += (-?\d+|\?)(?: (E[A-Z0-9]+))?")
_OPENED = re.compile(r"\((?:AT_FDCWD, )?\"([^\"]*)\"")
_CALLS = ("connect", "sendto", "sendmsg", "sendmmsg")
_NAME_FILES = ("/etc/hosts", "/etc/resolv.conf")
_NSCD = re.compile(r"/nscd/socket$")
_RESOLVED = re.compile(r"/systemd/resolve/|/avahi-daemon/")


class NotWatched(Exception):
    """The process could not be watched: nothing can be said of it."""


@dataclass(frozen=True)
class Contact:
    """A connection that was tried, or a datagram that was sent.

    ``address`` is an IP address, the path of a Unix socket (``@`` before an abstract one), or
    empty; ``outcome`` is an error's name, or empty if there was none or it is not known.
    """

    call: str
    family: str
    address: str = ""
    port: int | None = None
    outcome: str = ""

    def __str__(self) -> str:
        where = f"{self.address} port {self.port}" if self.port is not None else self.address
        return f"{self.call} {self.family} {where}".rstrip() + (
            f" ({self.outcome})" if self.outcome else ""
        )


@dataclass
class Connections:
    """What was seen. ``lookups`` tells each sign of a name being looked up here, in words.

    ``programs`` are those that were started: strace tells their paths, the hook the whole command.
    ``processes`` counts what was watched, with strace threads too.
    """

    contacts: list[Contact] = field(default_factory=list)
    lookups: list[str] = field(default_factory=list)
    programs: list[str] = field(default_factory=list)
    processes: int = 0
    returncode: int | None = None
    stdout: str = ""
    stderr: str = ""

    @property
    def internet(self) -> set[tuple[str, int]]:
        """Addresses and ports of IPv4 and IPv6, this machine's own too."""
        return {(c.address, c.port or 0) for c in self.contacts if c.family in INTERNET}

    @property
    def unix(self) -> set[str]:
        """Paths of Unix sockets."""
        return {c.address for c in self.contacts if c.family == "AF_UNIX"}

    @property
    def others(self) -> set[str]:
        """Other families, such as AF_NETLINK, by which the kernel is asked of its interfaces."""
        return {c.family for c in self.contacts} - {*INTERNET, "AF_UNIX"}

    def beyond(self, allowed: Iterable[tuple[str, int]]) -> list[str]:
        """Return in words what went elsewhere than to these addresses, and all look-ups.

        Unix and netlink sockets do not leave the machine and are not judged.
        """
        may = set(allowed)
        found = [
            str(contact)
            for contact in self.contacts
            if contact.family in INTERNET and (contact.address, contact.port or 0) not in may
        ]
        return list(dict.fromkeys(found + self.lookups))


@cache
def strace_works() -> bool:
    """Say whether strace is there and may trace."""
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", os.devnull, "true"], capture_output=True, check=False
    )
    return done.returncode == 0


def watched(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60,
    refuse: bool = False,
    strace: bool | None = None,
) -> Connections:
    """Run a command to its end and return what it connected to.

    ``strace`` None takes strace if it works, else the audit hook. ``refuse`` lets look-ups and
    connections fail (with strace all of them, with the hook those that leave the machine). After
    ``timeout`` seconds all its processes are killed, and subprocess.TimeoutExpired is raised;
    NotWatched if the way asked for does not work or nothing was written.
    """
    if strace is None:
        strace = strace_works()
    elif strace and not strace_works():
        raise NotWatched("strace is not installed, or may not trace here (ptrace).")
    environment = dict(os.environ if env is None else env)
    with tempfile.TemporaryDirectory(prefix="cryptodrug-watch-") as folder:
        log = Path(folder) / "log"
        if strace:
            command = strace_command(log, command, refuse=refuse)
        else:
            environment = audit_environment(log, environment, refuse=refuse)
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, error = process.communicate(timeout=timeout)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        seen = read_strace(log) if strace else read_audit(log)
        seen.returncode, seen.stdout, seen.stderr = process.returncode, out, error
    return seen


# -- strace ------------------------------------------------------------------------------------


def strace_command(
    log: Path, command: Sequence[str], *, refuse: bool = False, beside: bool = False
) -> list[str]:
    """Return the command that runs another under strace and writes ``log``.

    ``beside`` lets strace be a process beside it: the process started is then the command itself,
    its id can be killed, and ``read_strace`` waits for the log's end.
    """
    options = ["-f", "-q", "--seccomp-bpf", "-s", "0", "-o", str(log), "-e", f"trace={_TRACED}"]
    if refuse:
        options += ["-e", f"inject={_REFUSED}"]
    if beside:
        options.insert(0, "-D")
    return ["strace", *options, "--", *command]


def read_strace(log: Path, *, wait: float = 10) -> Connections:
    """Return what a log of strace says, once all processes in it have ended.

    Raises NotWatched if there is no log, if it has no process, or if after ``wait`` seconds some
    have not ended.
    """
    until = time.monotonic() + wait
    while True:
        text = log.read_text("utf-8", "replace") if log.exists() else ""
        lines = text.splitlines()
        started = {found[1] for line in lines if (found := _LINE.match(line))}
        ended = {found[1] for line in lines if (found := _ENDED.match(line))}
        if started and started <= ended:
            break
        if time.monotonic() > until:
            what = f"of {len(started - ended)} processes has no end" if started else "is empty"
            raise NotWatched(f"The log of strace {what}: {log}")
        time.sleep(0.05)
    seen = Connections(processes=len(started))
    for line in lines:
        if found := _LINE.match(line):
            _take(seen, found[2], found[3])
    return seen


def _take(seen: Connections, call: str, rest: str) -> None:
    if call in ("openat", "open"):
        path = _OPENED.match(rest)
        if path and path[1] in _NAME_FILES:
            seen.lookups.append(f"opened {path[1]}")
    elif call == "execve":
        if path := _OPENED.match(rest):
            seen.programs.append(path[1])
    elif call == "socket":
        family = re.match(r"\((AF_\w+)", rest)
        if family and family[1] not in (*INTERNET, "AF_UNIX"):
            seen.contacts.append(Contact("socket", family[1]))
    elif call in _CALLS:
        result = _RESULT.search(rest)
        outcome = (result[2] or "") if result else ""
        for found in _ADDRESS.finditer(rest):
            contact = _contact(call, found, outcome)
            seen.contacts.append(contact)
            if words := _lookup(contact):
                seen.lookups.append(words)


def _contact(call: str, found: re.Match[str], outcome: str) -> Contact:
    if found["four"]:
        return Contact(call, "AF_INET", found["ip4"], int(found["port4"]), outcome)
    if found["six"]:
        return Contact(call, "AF_INET6", found["ip6"], int(found["port6"]), outcome)
    if found["unix"]:
        return Contact(call, "AF_UNIX", (found["path"] or "").replace('"', ""), None, outcome)
    return Contact(call, found["other"], "", None, outcome)


def _lookup(contact: Contact) -> str:
    """Return in words what a contact asks names of, if it does."""
    if contact.family in INTERNET and contact.port in DNS:
        return f"asked {contact.address} port {contact.port}"
    if contact.family == "AF_UNIX" and (
        _RESOLVED.search(contact.address) or (_NSCD.search(contact.address) and not contact.outcome)
    ):
        return f"asked {contact.address}"
    return ""


# -- the audit hook ----------------------------------------------------------------------------


def audit_environment(
    log: Path, env: Mapping[str, str] | None = None, *, refuse: bool = False
) -> dict[str, str]:
    """Return an environment in which Python processes write to ``log`` what they connect to."""
    environment = dict(os.environ if env is None else env)
    before = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = os.pathsep.join([str(AUDIT), *([before] if before else [])])
    environment["CRYPTODRUG_TEST_AUDIT"] = str(log)
    if refuse:
        environment["CRYPTODRUG_TEST_REFUSE"] = "1"
    log.touch()
    return environment


def read_audit(log: Path) -> Connections:
    """Return what the hooks wrote. Raises NotWatched if no hook was ever at work."""
    seen = Connections()
    processes = set()
    for line in log.read_text("utf-8").splitlines():
        record = json.loads(line)
        processes.add(record["pid"])
        if "lookup" in record:
            seen.lookups.append(f"{record['call']} {record['lookup']}")
        elif "program" in record:
            seen.programs.append(record["program"])
        elif "contact" in record:
            call = record["call"].partition(".")[2]
            contact = Contact(call, record["contact"], record["address"], record["port"])
            seen.contacts.append(contact)
            if words := _lookup(contact):
                seen.lookups.append(words)
    if not processes:
        raise NotWatched(f"No Python process wrote to {log}: was the environment handed on?")
    seen.processes = len(processes)
    return seen
