"""Writes down what a Python process connects to, looks up and starts, a JSON line each.

Python runs this at its start where the folder is in PYTHONPATH, so in all Python processes that
inherit the environment. ``CRYPTODRUG_TEST_AUDIT`` names the file; with ``CRYPTODRUG_TEST_REFUSE``
set, look-ups of names and connections that leave the machine fail instead. Imports nothing of
the project, and little else.
"""

import ipaddress
import json
import os
import socket
import sys

_LOOKUPS = {
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
}
_CONTACTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_PROGRAMS = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"}
_FILE = os.environ.get("CRYPTODRUG_TEST_AUDIT")
_REFUSE = bool(os.environ.get("CRYPTODRUG_TEST_REFUSE"))


def _text(value):
    return os.fsdecode(value) if isinstance(value, bytes) else str(value)


def _is_name(host):
    if host in (None, "", b""):
        return False
    try:
        ipaddress.ip_address(_text(host).partition("%")[0])
    except ValueError:
        return True
    return False


def _of(event, args):
    """Return what to write, and whether it is to be refused; None for what is of no interest."""
    if event in _LOOKUPS:
        host = args[0][0] if event == "socket.getnameinfo" else args[0]
        # Back from an address to its name is a look-up too.
        asked = event in ("socket.getnameinfo", "socket.gethostbyaddr") or _is_name(host)
        return ({"lookup": _text(host), "call": event}, True) if asked else None
    if event in _CONTACTS:
        sock, address = args[0], args[-1]
        if address is None:
            return None
        family = getattr(sock.family, "name", str(sock.family))
        if family not in ("AF_INET", "AF_INET6"):
            shown = _text(address) if family == "AF_UNIX" else ""
            return {"contact": family, "address": shown, "port": None, "call": event}, False
        host, port = _text(address[0]), address[1]
        if _is_name(host):  # it was written down before it was looked up
            return None
        away = not ipaddress.ip_address(host.partition("%")[0]).is_loopback
        return {"contact": family, "address": host, "port": port, "call": event}, away
    if event in _PROGRAMS:
        words = args[0] if event == "os.system" else args[1] or [args[0]]
        shown = _text(words) if isinstance(words, (str, bytes)) else " ".join(map(_text, words))
        return {"program": shown, "call": event}, False
    return None


def _write(record):
    record["pid"] = os.getpid()
    data = (json.dumps(record) + "\n").encode()
    file = os.open(_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, data)
    finally:
        os.close(file)


def _hook(event, args):
    if event not in _LOOKUPS and event not in _CONTACTS and event not in _PROGRAMS:
        return
    try:
        found = _of(event, args)
    except (TypeError, ValueError, IndexError, AttributeError):  # Python will refuse it as well
        found = {"lookup": f"not understood: {args!r:.100}", "call": event}, False
    if found is None:
        return
    record, refused = found
    _write(record)
    if refused:
        _refuse(event)


def _refuse(call):
    if _REFUSE:
        raise OSError(101, f"refused while it is watched: {call}")


def _named_first(name):
    """Wrap a method of sockets, which looks a name up before the event that tells of it."""
    method = getattr(socket.socket, name)

    def wrapped(self, *args):
        address = args[-1] if args else None
        if isinstance(address, tuple) and address and isinstance(address[0], (str, bytes)):
            inet = self.family in (socket.AF_INET, socket.AF_INET6)
            if inet and _is_name(address[0]):
                _write({"lookup": _text(address[0]), "call": f"socket.{name}"})
                _refuse(f"socket.{name}")
        return method(self, *args)

    setattr(socket.socket, name, wrapped)


if _FILE:
    _write({"started": " ".join(sys.orig_argv)})
    for _name in ("connect", "connect_ex", "sendto", "sendmsg", "bind"):
        _named_first(_name)
    sys.addaudithook(_hook)
