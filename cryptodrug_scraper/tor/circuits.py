"""A circuit of its own for each identity, and a new one when it asks for it.

Tor never lets two streams share a circuit if their SOCKS user names or passwords differ
(``IsolateSOCKSAuth``, on by default). So a crawl's identity, which is one session at one market,
takes a user name of its own: no other identity's requests are seen to come from the same place.
Counting the circuit's number up leaves a slow or broken circuit behind, at no cost to the
others and without the control port.

The user name is seen by the Tor process, its control port and its debug log, and by no one
beyond. It is a name, not a secret.
"""

from __future__ import annotations

from urllib.parse import quote

from cryptodrug_scraper.tor.address import as_address, host_and_port

LONGEST_IDENTITY = 200  # bytes; SOCKS5 takes user names of 255
_PASSWORD = "x"  # SOCKS5 wants one; it means nothing
_RESERVED = "<torS0X>"  # Tor gives user names that begin so meanings of its own


def proxy_url(socks: str, identity: str, circuit: int = 0) -> str:
    """Return the proxy's URL for an identity's requests: ``socks5h://NAME-0:x@127.0.0.1:9050``.

    ``socks`` is ``HOST:PORT``. Host names are resolved by Tor (``socks5h``), never here.
    Different identities, and different circuit numbers of one, never share a circuit.
    Raises ValueError for an address, identity or number that cannot be used.
    """
    return f"socks5h://{quote(user_name(identity, circuit), safe='')}:{_PASSWORD}@" + as_address(
        *host_and_port(socks)
    )


def user_name(identity: str, circuit: int = 0) -> str:
    """Return the SOCKS user name of an identity's circuit: ``NAME-0``."""
    if circuit < 0:
        raise ValueError(f"a circuit's number is 0 or more, not {circuit}")
    if not identity or identity.startswith(_RESERVED) or not identity.isprintable():
        raise ValueError(f"{identity!r} cannot be an identity: take printable characters")
    if len(identity.encode()) > LONGEST_IDENTITY:
        raise ValueError(f"an identity of more than {LONGEST_IDENTITY} bytes is too long")
    return f"{identity}-{circuit}"
