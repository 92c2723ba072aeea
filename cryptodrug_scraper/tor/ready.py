"""Whether a Tor is there to be used: its SOCKS port is greeted, and nothing is requested."""

from __future__ import annotations

import socket

from cryptodrug_scraper.settings import Settings
from cryptodrug_scraper.tor.address import as_address, host_and_port
from cryptodrug_scraper.tor.errors import TorUnavailable

_VERSION, _NO_LOGIN, _BY_PASSWORD = 5, 0, 2

WHERE_TO_GET_ONE = (
    "Start one with `cryptodrug tor run`, or point CRYPTODRUG_TOR_SOCKS at one that runs "
    "(Debian's service listens on 127.0.0.1:9050, Tor Browser on 127.0.0.1:9150)."
)


def find_tor(settings: Settings, *, patience: float = 5.0) -> str:
    """Return the address ``HOST:PORT`` of the SOCKS port that the settings name.

    It is greeted as SOCKS5 asks for, which sends nothing to the network. Raises TorUnavailable
    if nothing answers within ``patience`` seconds, or what answers is no SOCKS5 port. That Tor
    has reached its network is not known from this: `control.TorControl.status` tells it.
    """
    try:
        address = as_address(*host_and_port(settings.tor_socks))
    except ValueError as error:
        raise TorUnavailable(f"CRYPTODRUG_TOR_SOCKS: {error}.") from None
    if (problem := socks_problem(address, patience=patience)) is not None:
        raise TorUnavailable(f"There is no Tor at {address}: {problem}. {WHERE_TO_GET_ONE}")
    return address


def socks_problem(address: str, *, patience: float = 5.0) -> str | None:
    """Return why ``HOST:PORT`` is no SOCKS5 port for us, or None if it is one."""
    try:
        with socket.create_connection(host_and_port(address), patience) as connection:
            connection.settimeout(patience)
            connection.sendall(bytes([_VERSION, 2, _NO_LOGIN, _BY_PASSWORD]))
            answer = connection.recv(1)
            if answer == bytes([_VERSION]):
                answer += connection.recv(1)
    except ConnectionRefusedError:
        return "nothing listens there"
    except TimeoutError:
        return f"it does not answer within {patience:g} s"
    except OSError as error:
        return f"it cannot be reached ({error.strerror or error})"
    if len(answer) == 2 and answer[1] == _BY_PASSWORD:
        return None
    if answer in (bytes([_VERSION, _NO_LOGIN]), bytes([_VERSION, 0xFF])):
        # Tor takes user names when they are offered; who does not has no circuit an identity.
        return "what listens there speaks SOCKS5 but takes no user names, so it is not Tor's"
    return "what listens there is not a SOCKS5 port"
